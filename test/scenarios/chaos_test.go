package scenarios

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

var seeds = flag.Int("seeds", 4, "runs of TestChaos, each with other chances")

// TestChaos holds the laws that no script can break: whatever providers and
// webhooks answer and however often the power fails, every accepted message
// comes to an end that is told, statuses only move forward, under WAIT nothing
// that may have gone out is sent again, and every callback arrives, those of
// one message in their order.
func TestChaos(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for seed := range *seeds {
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
				url := e.URL(t)
				synctest.Test(t, func(t *testing.T) { runChaos(t, url, uint64(seed)) })
			})
		}
	})
}

const chaosStage = `
app fallback=60s retry=30s channels=WHATSAPP,RCS,SMS
webhook h triggers=MESSAGE_DELIVERY,MESSAGE_SUBMIT secret=topsecret
`

// chaosSteps is about ten minutes of trouble.
const chaosSteps = 400

type chaos struct {
	*stage
	lock sync.Mutex
	rnd  *rand.Rand
	sent int
}

func runChaos(t *testing.T, storeURL string, seed uint64) {
	c := &chaos{rnd: rand.New(rand.NewPCG(seed, 1)), stage: &stage{
		T: t, webhooks: make(map[string]string),
		messages: newNames("message"), contacts: newNames("contact"), threads: newNames("conversation"), batches: newNames("batch"),
		outside: &outside{storeURL: storeURL, internet: newInternet(t), carriers: carriers(), log: slog.New(slog.DiscardHandler)},
	}}
	defer c.internet.close()
	for _, one := range c.carriers {
		one.standing = c.anyAnswer
	}
	c.set(parse(t, chaosStage).stage)
	c.began = time.Now()
	for range chaosSteps {
		time.Sleep(time.Duration(c.chance(3000)) * time.Millisecond)
		synctest.Wait()
		c.step()
	}
	c.calm()
	c.checkLog()
	c.checkAttempts()
	c.process.stop(t, c.outside)
}

// step is one trouble.
func (c *chaos) step() {
	switch n := c.chance(100); {
	case n < 30:
		c.sent++
		c.line(fmt.Sprintf("+0s send m%d to WHATSAPP:46700000001,RCS:46700000001,SMS:46700000001 \"hello\"", c.sent))
	case n < 85:
		c.anyReport()
	case n < 92:
		c.line([]string{"+0s h answers 200", "+0s h answers 503", "+0s h is down", "+0s h hangs", "+0s h answers 200 slowly=2s"}[c.chance(5)])
	case n < 96:
		c.line("+0s crash")
		c.line("+0s start")
	default:
		c.line("+0s stop")
		c.line("+0s start")
	}
}

func (c *chaos) line(text string) {
	l := parseLine(c, 0, text)
	c.do(l)
	synctest.Wait()
}

func (c *chaos) chance(n int) int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.rnd.IntN(n)
}

func (c *chaos) anyAnswer() answer {
	failure := &channel.Failure{Reason: convapi.Reason{Code: convapi.ReasonChannelFailure, SubCode: convapi.SubCodeUnspecified, Description: "chaos"}}
	switch n := c.chance(10); {
	case n < 5:
		return answer{parts: 1, take: -1}
	case n < 7:
		failure.Verdict = channel.Retry
	case n < 8:
		failure.Verdict = channel.Refuse
	case n < 9:
		failure.Verdict = channel.Unknown
	default:
		return answer{hang: true}
	}
	return answer{failure: failure, parts: 1}
}

// anyReport is about an attempt that has, or may have, gone out.
func (c *chaos) anyReport() {
	channels := []convapi.Channel{convapi.ChannelWhatsApp, convapi.ChannelRCS, convapi.ChannelSMS}
	carrier := c.carriers[channels[c.chance(len(channels))]]
	a, sent := carrier.recent(c.chance(8))
	if !sent {
		return
	}
	statuses := []convapi.DeliveryStatus{convapi.StatusQueuedOnChannel, convapi.StatusDelivered, convapi.StatusDelivered, convapi.StatusRead, convapi.StatusFailed}
	r := channel.Report{Status: statuses[c.chance(len(statuses))]}
	if r.Status == convapi.StatusFailed {
		r.Reason = convapi.Reason{Code: convapi.ReasonRecipientNotReachable, SubCode: convapi.SubCodeUnspecified, Description: "chaos"}
	}
	if c.chance(2) == 0 {
		r.MessageID = a.outbound.MessageID
	} else {
		r.Ref = a.ref(1)
	}
	if err := carrier.deliver(channel.Batch{Reports: []channel.Report{r}}); err != nil {
		c.Errorf("report: %v", err)
	}
}

// calm lets everything come to its end.
func (c *chaos) calm() {
	c.line("+0s h answers 200")
	for _, one := range c.carriers {
		one.mu.Lock()
		one.standing = func() answer { return answer{parts: 1, take: -1} }
		one.mu.Unlock()
	}
	time.Sleep(3 * time.Hour)
	synctest.Wait()
}

// checkLog holds what the webhook has taken against the log of callbacks.
func (c *chaos) checkLog() {
	app, _ := gateway.ParseID(c.app.ID)
	var log []store.Callback
	for lane := range c.process.db.Lanes() {
		list, err := c.process.db.Callbacks(context.Background(), lane, app, 0, 100_000)
		if err != nil {
			c.Fatal(err)
		}
		log = append(log, list...)
	}
	slices.SortFunc(log, func(a, b store.Callback) int { return cmp.Compare(a.Position, b.Position) })
	h := c.internet.endpoints["h"]
	came := make(map[gateway.ID][]string) // webhook-ids of a message, in the order of their first coming
	for _, a := range c.internet.arrivals {
		if a.status/100 == 2 && !a.again {
			s := c.shown(&a.callback)
			id, _ := gateway.ParseID(c.messages.ids[s.subject])
			came[id] = append(came[id], a.id)
		}
	}
	told := make(map[gateway.ID]convapi.DeliveryStatus)
	for _, one := range log {
		id := delivery.CallbackID(&one)
		if !h.taken[id] || !bytes.Equal(h.bodies[id], one.Body) {
			c.Errorf("callback %s has not come: %s", id, one.Body)
			continue
		}
		if came[one.Message][0] != id {
			c.Errorf("callback %s has overtaken another one of its message: %s", came[one.Message][0], one.Body)
		}
		came[one.Message] = came[one.Message][1:]
		c.checkStatus(told, one)
	}
	for n := range c.sent {
		id, _ := gateway.ParseID(c.messages.ids[fmt.Sprintf("m%d", n+1)])
		if told[id] == "" || told[id] == convapi.StatusSwitchingChannel {
			c.Errorf("m%d ends with %q", n+1, told[id])
		}
	}
}

// checkStatus holds that a message's statuses only move forward.
func (c *chaos) checkStatus(told map[gateway.ID]convapi.DeliveryStatus, one store.Callback) {
	callback := convapi.Callback{}
	for _, a := range c.internet.arrivals {
		if a.id == delivery.CallbackID(&one) {
			callback = a.callback
		}
	}
	if callback.MessageDeliveryReport == nil {
		return
	}
	before, now := told[one.Message], callback.MessageDeliveryReport.Status
	forward := before == "" || before == convapi.StatusQueuedOnChannel && now != convapi.StatusQueuedOnChannel ||
		before == convapi.StatusSwitchingChannel || before == convapi.StatusDelivered && now == convapi.StatusRead
	if !forward {
		c.Errorf("%s: %s after %s", c.messages.name(one.Message.String()), now, before)
	}
	told[one.Message] = now
}

// checkAttempts holds that only what has certainly not been sent is sent again.
func (c *chaos) checkAttempts() {
	for _, carrier := range c.carriers {
		last := make(map[string]*attempt)
		for _, a := range carrier.attempts {
			id := a.outbound.MessageID
			if before := last[id]; before != nil && (before.said.failure == nil || before.said.failure.Verdict != channel.Retry) {
				c.Errorf("%s was sent twice over %s", c.messages.name(id), carrier.channel)
			}
			last[id] = a
		}
	}
}
