package process

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// figures are what the accounts come to.
type figures struct {
	accepted  int
	lost      int // no last callback
	ghosts    int // stored more than once, or stored and never accepted
	misplaced int // accepted and not stored

	submittedTwice int // the whole or a part, to one channel
	bothChannels   int // delivered over both: a fallback by time, and a late report
	unsubmitted    int // told SUBMIT, and no provider has seen it

	read, delivered, failed int // last words
	doubtUnsent             int // in doubt, seen by no provider: ended by the deadline
	doubtSMS                int // in doubt, submitted by SMS, whose receipts name no message of ours: ended by the deadline
	doubtPartly             int // in doubt, a long SMS of which the centre has some parts: ended by the deadline
	wrongFailure            int // failed although no provider has refused and no deadline has passed
	overtaken               int // DELIVERED without QUEUED_ON_CHANNEL: a report came where the answer was lost

	missing    int // an expected callback is missing
	toldTwice  int // one thing was told by two callbacks
	disordered int

	inbound, inboundLost, inboundTwice int
}

// account compares what the customer, the gateway and the providers say.
func (s *scene) account() (f figures) {
	stored := s.stored()
	long := s.long()
	l := s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	f.accepted = len(l.accepted)
	for id, m := range l.accepted {
		f.misplaced += btoi(stored[m.text] == "")
		f.ghosts += btoi(stored[m.text] != "" && stored[m.text] != id)
		delete(stored, m.text)
		f.message(s, m, long[m.number], l.told[id])
	}
	f.ghosts += len(stored)
	f.inbound = len(s.written)
	for _, text := range s.written {
		f.inboundLost += btoi(len(l.inbound[text]) == 0)
		f.inboundTwice += btoi(len(l.inbound[text]) > 1)
	}
	return f
}

// long gives how often the message centre has accepted each part of the
// messages to numbers that get one long message each.
func (s *scene) long() map[string]map[string]int {
	parts := map[string]map[string]int{}
	for _, e := range s.centre.Journal().Entries() {
		if e.Accepted && e.Type != "text" {
			if parts[e.To] == nil {
				parts[e.To] = map[string]int{}
			}
			parts[e.To][e.Text]++
		}
	}
	return parts
}

// message accounts for one message; parts is what the centre has of a long one.
func (f *figures) message(s *scene, m *sent, parts map[string]int, told []event) {
	whatsapp, sms := s.platform.Journal().Text(m.text), s.centre.Journal().Text(m.text)
	if m.parts > 1 {
		sms = btoi(len(parts) == m.parts)
	}
	for _, times := range parts {
		f.submittedTwice += btoi(times > 1)
	}
	f.submittedTwice += btoi(whatsapp > 1) + btoi(sms > 1)
	f.bothChannels += btoi(whatsapp > 0 && sms > 0)
	f.unsubmitted += btoi(count(told, "SUBMIT", "WHATSAPP") > whatsapp) + btoi(count(told, "SUBMIT", "SMS") > sms)
	f.toldTwice += btoi(twice(told))
	f.disordered += btoi(disordered(told))
	f.lost += btoi(!final(told))
	switch {
	case count(told, "FAILED", "") > 0:
		f.failure(told, whatsapp, sms, len(parts))
	case count(told, "READ", "") > 0:
		f.read++
		f.overtaken += btoi(count(told, "QUEUED_ON_CHANNEL", "WHATSAPP") == 0)
		f.missing += btoi(count(told, "DELIVERED", "WHATSAPP") == 0 || count(told, "SUBMIT", "WHATSAPP") == 0)
	default:
		f.delivered++
		f.missing += btoi(count(told, "QUEUED_ON_CHANNEL", "SMS") == 0 || count(told, "SUBMIT", "SMS") == 0)
		f.missing += btoi(len(m.route) == 2 && count(told, "SWITCHING_CHANNEL", "WHATSAPP") == 0)
	}
}

// failure accounts for one message that failed: nobody refuses all channels of
// a message here, so it can only have been in doubt.
func (f *figures) failure(told []event, whatsapp, sms, parts int) {
	f.failed++
	last := told[len(told)-1]
	switch {
	case last.reason != "DELIVERY_REPORT_TIME_OUT":
		f.wrongFailure++
	case last.channel == "SMS" && sms > 0:
		f.doubtSMS++
	case last.channel == "SMS" && parts > 0:
		f.doubtPartly++
	case last.channel == "SMS" && sms == 0, last.channel == "WHATSAPP" && whatsapp == 0:
		f.doubtUnsent++
	default:
		f.wrongFailure++
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stored reads all messages back, by text. A text that is there twice gets an
// id that nobody has.
func (s *scene) stored() map[string]string {
	s.t.Helper()
	texts := map[string]string{}
	for _, source := range []string{"CONVERSATION_SOURCE", "DISPATCH_SOURCE"} {
		s.list(source, func(id, text string) {
			if texts[text] != "" {
				id = "twice: " + texts[text] + ", " + id
			}
			texts[text] = id
		})
	}
	return texts
}

// list goes through the messages that the app has sent.
func (s *scene) list(source string, each func(id, text string)) {
	s.t.Helper()
	for token, more := "", true; more; more = token != "" {
		var page struct {
			Messages []struct {
				ID         string `json:"id"`
				AppMessage struct {
					Text struct {
						Text string `json:"text"`
					} `json:"text_message"`
				} `json:"app_message"`
			} `json:"messages"`
			Next string `json:"next_page_token"`
		}
		s.must(http.MethodGet, "messages?page_size=1000&direction=TO_CONTACT&app_id="+s.app+"&messages_source="+source+"&page_token="+token, nil, &page)
		for _, m := range page.Messages {
			each(m.ID, m.AppMessage.Text.Text)
		}
		token = page.Next
	}
}

// report logs the figures as a table, and fails the test where one that must be
// 0 is not.
func (s *scene) report(t *testing.T, f figures) {
	t.Helper()
	var b strings.Builder
	row := func(indent int, name string, n int, remark string) {
		fmt.Fprintf(&b, "\n  %-58s %6d  %s", strings.Repeat("  ", indent)+name, n, remark)
	}
	null := func(indent int, name string, n int) {
		row(indent, name, n, "must be 0")
		if n != 0 {
			t.Errorf("%s: %d", name, n)
		}
	}
	row(0, "messages accepted (2xx)", f.accepted, "")
	row(1, "requests sent again with the same key", int(s.retried.Load()), "")
	row(1, "of those, answered as before", int(s.replayed.Load()), "")
	null(1, "without a last callback: lost", f.lost)
	null(1, "not stored", f.misplaced)
	null(1, "stored twice, or never accepted", f.ghosts)
	row(0, "last word READ (WhatsApp)", f.read, "")
	row(0, "last word DELIVERED (SMS)", f.delivered, "")
	row(0, "last word FAILED", f.failed, "")
	row(1, "in doubt, never sent: ended by the deadline", f.doubtUnsent, "")
	row(1, "in doubt, a long SMS sent in part: ended by the deadline", f.doubtPartly, "")
	row(1, "in doubt, sent by SMS: ended by the deadline", f.doubtSMS, "receipts name no message of ours")
	null(1, "for another reason", f.wrongFailure)
	row(0, "answers of WhatsApp that met no gateway", int(s.met.nobody.Load()), "in doubt, resolved by reports")
	row(1, "DELIVERED without QUEUED_ON_CHANNEL", f.overtaken, "")
	if s.policy == "WAIT" {
		null(0, "submitted twice to one channel under WAIT", f.submittedTwice)
	} else {
		row(0, "submitted twice to one channel under RESEND", f.submittedTwice, "parts of long SMS are counted each")
	}
	row(0, "submitted to both channels", f.bothChannels, "fallback by time")
	null(0, "told SUBMIT, but no provider has it", f.unsubmitted)
	null(0, "messages with an expected callback missing", f.missing)
	null(0, "messages with a callback made twice", f.toldTwice)
	null(0, "messages with callbacks out of order", f.disordered)
	row(0, "callbacks", len(s.ledger.seen), "")
	row(1, "repeated, with the same webhook-id", s.ledger.repeated, "allowed")
	null(1, "repeated with another body", s.ledger.altered)
	row(0, "messages of people", f.inbound, "")
	null(1, "never told", f.inboundLost)
	null(1, "told twice", f.inboundTwice)
	t.Log(b.String())
	if t.Failed() {
		s.explain(t)
	}
}

// explain shows the first messages whose account is not in order.
func (s *scene) explain(t *testing.T) {
	shown, long := 0, s.long()
	for id, m := range s.ledger.accepted {
		told := s.ledger.told[id]
		var f figures
		f.message(s, m, long[m.number], told)
		if s.policy != "WAIT" {
			f.submittedTwice = 0
		}
		if f.lost+f.submittedTwice+f.unsubmitted+f.missing+f.toldTwice+f.disordered+f.wrongFailure == 0 {
			continue
		}
		t.Logf("%s %.20q over %q: %+v\n  submitted: WhatsApp %d, SMS %d, parts of SMS %v; told: %v", id, m.text, m.route, f,
			s.platform.Journal().Text(m.text), s.centre.Journal().Text(m.text), long[m.number], told)
		if shown++; shown == 10 {
			return
		}
	}
}
