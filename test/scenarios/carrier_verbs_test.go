package scenarios

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// provider is what a channel's provider does.
func (st *stage) provider(c *carrier, l *line) {
	switch l.word(1) {
	case "reports":
		st.report(c, l)
	case "brings":
		st.bring(c, l)
	default:
		st.answer(c, l)
	}
}

// answer is: SMS [always] accepts|refuses|defers|aborts|loses|hangs m1 CODE.
func (st *stage) answer(c *carrier, l *line) {
	always, account := l.has("always"), l.has("account")
	code := l.word(3)
	if always {
		code = l.word(2)
	}
	said := answer{parts: l.int(st, "parts", 1), take: -1}
	failure := &channel.Failure{Account: account, RetryAfter: l.duration(st, "after"), Reason: convapi.Reason{
		Code: convapi.ReasonCode(code), SubCode: convapi.SubCodeUnspecified, Description: "The underlying channel reported: so says the script",
	}}
	if l.word(1) != "accepts" {
		said.failure, said.take = failure, l.int(st, "taken", 0)
	}
	switch l.word(1) {
	case "accepts":
		code = ""
	case "refuses":
		failure.Verdict = channel.Refuse
	case "defers":
		failure.Verdict = channel.Retry
	case "aborts":
		failure.Verdict = channel.Abort
	case "loses":
		failure.Verdict = channel.Unknown
	case "hangs":
		said.hang = true
	default:
		l.errorf(st, "a provider cannot do that")
	}
	if code != "" && !failure.Reason.Code.Known() {
		l.errorf(st, "%q is no reason code", code)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if always {
		c.standing = func() answer { return said }
		return
	}
	a := c.waiting(st.messages.ids[l.word(2)])
	if a == nil {
		l.errorf(st, "no attempt of %s waits for an answer", l.word(2))
		return
	}
	a.give(said)
}

// report is: SMS reports m1 STATUS [CODE].
func (st *stage) report(c *carrier, l *line) {
	r := channel.Report{Status: convapi.DeliveryStatus(l.word(3))}
	if code := l.word(4); code != "" {
		r.Reason = convapi.Reason{Code: convapi.ReasonCode(code), SubCode: convapi.SubCodeUnspecified, Description: "The underlying channel reported: so says the script"}
	}
	id := st.messages.ids[l.word(2)]
	part := l.int(st, "part", 1)
	number := l.int(st, "try", 0)
	if of := l.int(st, "of", 0); l.option("by") == "id" {
		r.MessageID = id
		if of > 0 {
			r.Part, r.Parts = part, of
		}
	} else if a := c.try(id, number, part); a != nil {
		r.Ref = a.ref(part)
	} else {
		l.errorf(st, "there was no such attempt")
		return
	}
	st.check(l, c.deliver(channel.Batch{Reports: []channel.Report{r}}))
}

// bring is: SMS brings [kind] "text" from WHO.
func (st *stage) bring(c *carrier, l *line) {
	in := channel.Inbound{Key: l.option("key"), Ref: l.option("ref")}
	if i := len(l.words) - 2; l.word(i) == "from" {
		in.Identity = l.words[i+1]
	}
	if reply := l.option("reply"); reply != "" {
		if a := c.try(st.messages.ids[reply], 0, 1); a != nil {
			in.ReplyToRef = a.ref(1)
		}
	}
	text, quoted := unquote(l.word(2))
	argument, _ := unquote(l.word(3))
	switch {
	case quoted:
		in.Message = &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: text}}
	case text == "choice":
		in.Message = &convapi.ContactMessage{ChoiceResponseMessage: &convapi.ChoiceResponseMessage{PostbackData: argument}}
	case text == "reaction":
		in.EventRef, in.ReplyToRef = in.ReplyToRef, ""
		in.MessageEvent = &convapi.ContactMessageEvent{ReactionEvent: &convapi.ReactionEvent{Emoji: argument, Action: convapi.ReactionReact}}
	case text == "composing":
		in.Event = &convapi.ContactEvent{ComposingEvent: &convapi.Empty{}}
	case text == "opt-in":
		in.Opt = &channel.Opt{In: true}
	case text == "opt-out":
		in.Opt = &channel.Opt{}
	case text == "unsupported":
		in.Unsupported = []byte(argument)
	case text == "channel-event":
		in.ChannelEvent = &convapi.ChannelEvent{Channel: c.channel, EventType: argument, AdditionalData: json.RawMessage("{}")}
	default:
		l.errorf(st, "brings what?")
	}
	st.check(l, c.deliver(channel.Batch{Inbound: []channel.Inbound{in}}))
}

// showAttempt is an attempt in the words of a scenario.
func (st *stage) showAttempt(c *carrier, a *attempt) string {
	s := string(c.channel) + " " + a.outbound.Identity + " " + st.messages.name(a.outbound.MessageID) + ` "` + words(a.outbound) + `"`
	if a.outbound.Quote != "" {
		s += " quoting " + a.outbound.Quote
	}
	if a.outbound.PartsDone > 0 {
		s += " behind part " + strconv.Itoa(a.outbound.PartsDone)
	}
	if a.outbound.Resend {
		s += " again"
	}
	return s
}

// words are the texts of a message, whatever the form of its channel; of several
// requests they are joined by a bar.
func words(m channel.Outbound) string {
	if len(m.Bodies) == 0 {
		return m.Text
	}
	var all []string
	for _, body := range m.Bodies {
		var form struct {
			Text        json.RawMessage `json:"text"` // Telegram, and WhatsApp's object
			Interactive struct {
				Body struct{ Text string } `json:"body"`
			} `json:"interactive"`
			Message struct{ Text string } `json:"message"`        // Messenger
			Content struct{ Text string } `json:"contentMessage"` // RCS
		}
		var object struct{ Body string }
		var text string
		if json.Unmarshal(body, &form) == nil && json.Unmarshal(form.Text, &text) != nil && json.Unmarshal(form.Text, &object) == nil {
			text = object.Body
		}
		all = append(all, cmp.Or(text, form.Interactive.Body.Text, form.Message.Text, form.Content.Text))
	}
	return strings.Join(all, " | ")
}
