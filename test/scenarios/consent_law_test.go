package scenarios

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/consent"
	"switchyard/internal/engine"
	"switchyard/internal/store/storetest"
)

// TestNobodyIsSentToAgainstTheirWill holds the law of opt-outs: whatever people
// write in whatever order, and whatever providers answer meanwhile, no attempt is
// begun to somebody who is on a list that blocks the message, nothing else fails
// for that reason, and the lists have who they should.
func TestNobodyIsSentToAgainstTheirWill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for seed := range *seeds {
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
				url := e.URL(t)
				synctest.Test(t, func(t *testing.T) { runWishes(t, url, uint64(seed)) })
			})
		}
	})
}

const wishesStage = `
app fallback=60s retry=30s channels=WHATSAPP,RCS,SMS,TELEGRAM
webhook h triggers=MESSAGE_DELIVERY
`

const wishesSteps = 300

// wishes is a gateway in trouble and what it should know of people.
type wishes struct {
	*chaos
	lists   map[consent.Party]consent.Lists
	last    map[consent.Party]consent.Lists // of the last attempt; 0: nobody could say
	content map[string]convapi.MessageContentType
	seen    map[convapi.Channel]int // attempts looked at
	told    int                     // arrivals looked at
	blocked int
}

func runWishes(t *testing.T, storeURL string, seed uint64) {
	w := &wishes{
		chaos: &chaos{rnd: rand.New(rand.NewPCG(seed, 2)), stage: &stage{
			T: t, webhooks: make(map[string]string),
			messages: newNames("message"), contacts: newNames("contact"), threads: newNames("conversation"),
			outside: &outside{storeURL: storeURL, internet: newInternet(t), carriers: carriers(), log: slog.New(slog.DiscardHandler)},
		}},
		lists: make(map[consent.Party]consent.Lists), last: make(map[consent.Party]consent.Lists),
		content: make(map[string]convapi.MessageContentType), seen: make(map[convapi.Channel]int),
	}
	defer w.internet.close()
	for _, one := range w.carriers {
		one.standing = w.anyAnswer
	}
	w.set(parse(t, wishesStage).stage)
	w.began = time.Now()
	for range wishesSteps {
		time.Sleep(time.Duration(1+w.chance(5000)) * time.Millisecond)
		synctest.Wait()
		w.look(nil)
		w.step()
		if t.Failed() {
			break
		}
	}
	w.calm()
	w.look(nil)
	w.compareLists()
	if w.blocked < 10 {
		t.Errorf("only %d messages were blocked", w.blocked)
	}
	w.process.stop(t, w.outside)
}

// step is a send, a wish or trouble.
func (w *wishes) step() {
	switch n := w.chance(100); {
	case n < 45:
		w.sendAny()
	case n < 85:
		w.wishAny()
	case n < 95:
		w.anyReport()
	default:
		w.line("+0s crash")
		w.line("+0s start")
	}
	w.look(nil)
}

// people have a number, and a chat whose id has the digits of another's number.
func (w *wishes) identity(ch convapi.Channel) string {
	who := 1 + w.chance(3)
	if ch == convapi.ChannelTelegram {
		return fmt.Sprintf("4670000000%d", 1+who%3)
	}
	return fmt.Sprintf("4670000000%d", who)
}

func (w *wishes) channel() convapi.Channel {
	return []convapi.Channel{convapi.ChannelWhatsApp, convapi.ChannelRCS, convapi.ChannelSMS, convapi.ChannelTelegram}[w.chance(4)]
}

func (w *wishes) sendAny() {
	w.sent++
	content := []convapi.MessageContentType{"", convapi.ContentUnknown, convapi.ContentMarketing, convapi.ContentNotification}[w.chance(4)]
	req := &convapi.SendMessageRequest{
		AppID: w.app.ID, MessageContentType: content, Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: "hello"}},
		Recipient: &convapi.Recipient{IdentifiedBy: &convapi.IdentifiedBy{}},
	}
	for range 1 + w.chance(3) {
		ch := w.channel()
		req.Recipient.IdentifiedBy.ChannelIdentities = append(req.Recipient.IdentifiedBy.ChannelIdentities,
			convapi.ChannelIdentity{Channel: ch, Identity: w.identity(ch)})
	}
	answer, _, err := w.process.engine.Send(context.Background(), projectID, req, engine.Idempotency{})
	if err != nil {
		w.Fatal(err)
	}
	w.content[answer.MessageID] = content
	synctest.Wait()
}

// wishAny has somebody opt out or in, by a text or on the channel.
func (w *wishes) wishAny() {
	ch := w.channel()
	identity := w.identity(ch)
	party := consent.PartyOf(ch, identity)
	before := w.lists[party]
	in := channel.Inbound{Identity: identity}
	text := []string{"Stop!", "STOP ALL", "stop marketing", "Stop notifications", "start", "Start marketing", "", "don't stop"}[w.chance(8)]
	if text == "" {
		in.Opt = &channel.Opt{In: w.chance(2) == 0}
	} else {
		in.Message = &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: text}}
	}
	after := before
	switch {
	case in.Opt != nil && in.Opt.In, text == "start":
		after = 0
	case in.Opt != nil, text == "STOP ALL":
		after |= consent.All
	case text == "stop marketing":
		after |= consent.Marketing
	case text == "Stop notifications":
		after |= consent.Notification
	case text == "Start marketing":
		after &^= consent.Marketing
	case text == "Stop!":
		last, sent := w.last[party]
		if sent && last == 0 {
			return // two at the same instant: nobody can say which was the last
		}
		after |= max(last, consent.All)
	}
	if err := w.carriers[ch].deliver(channel.Batch{Inbound: []channel.Inbound{in}}); err != nil {
		w.Errorf("%s: %v", text, err)
	}
	synctest.Wait()
	w.lists[party] = after
	w.look(map[consent.Party]consent.Lists{party: before})
}

// look judges what has been tried, and what has failed, since the last look. The
// lists of before were good at the beginning of that time as well.
func (w *wishes) look(before map[consent.Party]consent.Lists) {
	blocks := func(lists map[consent.Party]consent.Lists, p consent.Party, content convapi.MessageContentType) (yes, known bool) {
		l, known := lists[p]
		return l.Blocking(content) != "", known
	}
	latest := make(map[consent.Party]time.Time)
	for _, a := range w.fresh() {
		party, content := consent.PartyOf(a.ch, a.outbound.Identity), w.content[a.outbound.MessageID]
		now, _ := blocks(w.lists, party, content)
		then, changed := blocks(before, party, content)
		if now && (!changed || then) {
			w.Errorf("%s: %s %s was tried with %q and is on %v", w.offset(a.at), a.ch, a.outbound.Identity, content, w.lists[party].Names())
		}
		list := consent.After(content)
		if at, met := latest[party]; met && at.Equal(a.at) && w.last[party] != list {
			list = 0
		}
		w.last[party], latest[party] = list, a.at
	}
	w.internet.mu.Lock()
	arrivals := slices.Clone(w.internet.arrivals[w.told:])
	w.internet.mu.Unlock()
	w.told += len(arrivals)
	for _, a := range arrivals {
		r := a.callback.MessageDeliveryReport
		if r == nil || r.Reason == nil || r.Reason.Code != convapi.ReasonRecipientNotOptedIn || a.again {
			continue
		}
		w.blocked++
		party, content := consent.PartyOf(r.ChannelIdentity.Channel, r.ChannelIdentity.Identity), w.content[r.MessageID]
		now, _ := blocks(w.lists, party, content)
		then, _ := blocks(before, party, content)
		if r.Status != convapi.StatusFailed || !now && !then {
			w.Errorf("%s %s: %s with %q and on %v only", r.ChannelIdentity.Channel, r.ChannelIdentity.Identity, r.Status, content, w.lists[party].Names())
		}
	}
}

type tried struct {
	*attempt
	ch convapi.Channel
}

// fresh gives the attempts since the last call, in their order.
func (w *wishes) fresh() (out []tried) {
	for ch, c := range w.carriers {
		c.mu.Lock()
		for _, a := range c.attempts[w.seen[ch]:] {
			out = append(out, tried{a, ch})
		}
		w.seen[ch] = len(c.attempts)
		c.mu.Unlock()
	}
	slices.SortStableFunc(out, func(a, b tried) int { return a.at.Compare(b.at) })
	return out
}

// compareLists holds the lists against what they should be.
func (w *wishes) compareLists() {
	for _, list := range []convapi.ConsentList{convapi.OptOutAll, convapi.OptOutMarketing, convapi.OptOutNotification} {
		var want, got []string
		for party, lists := range w.lists {
			if lists&consent.Of(list) != 0 && !slices.Contains(want, party.Identity) {
				want = append(want, party.Identity)
			}
		}
		shown, _, err := w.process.engine.OptedOut(context.Background(), projectID, w.app.ID, list, engine.Page{Size: 50})
		if err != nil {
			w.Fatal(err)
		}
		for _, one := range shown {
			got = append(got, one.Identity)
		}
		slices.Sort(want)
		slices.Sort(got)
		if strings.Join(want, " ") != strings.Join(got, " ") {
			w.Errorf("%s has %v, want %v", list, got, want)
		}
	}
}
