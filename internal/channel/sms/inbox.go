package sms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// How long parts of long messages are kept.
const (
	assembleTTL = 24 * time.Hour
	// rememberFor is longer than a centre takes to repeat a part that it had to repeat.
	rememberFor = time.Hour
	maxLong     = 10_000 // long messages under way
	// partPatience is how long a part's answer waits for the other parts: less than a centre waits for an answer, and short enough for a centre that
	// sends the next part only after the answer to this one.
	partPatience = 5 * time.Second
)

// inbox takes what the centre delivers. A part of a long message is answered with success only when the whole message is stored. Until then it lives in
// memory alone, so the centre is asked to send it again, which is how a crash between the parts loses nothing.
type inbox struct {
	adapter *adapter
	sink    channel.Sink

	mu      sync.Mutex
	long    coding.Assembler
	waiting map[coding.Key]*pending
}

// pending is a long message whose parts wait for their answer.
type pending struct {
	done   chan struct{}
	stored bool // set before done is closed
}

func newInbox(a *adapter, sink channel.Sink) *inbox {
	return &inbox{
		adapter: a, sink: sink,
		long:    coding.Assembler{TTL: assembleTTL, Remember: rememberFor, Max: maxLong},
		waiting: map[coding.Key]*pending{},
	}
}

// handle is the smpp.Handler: it returns when what was delivered is on disk.
func (in *inbox) handle(ctx context.Context, sm *smpp.DeliverSM) smpp.Status {
	if r, ok := coding.ParseReceipt(sm, in.adapter.alphabet); ok && isReceipt(sm, r) {
		report, news := in.adapter.report(r)
		if !news {
			return smpp.StatusOK
		}
		return answer(in.sink.Deliver(ctx, channel.Batch{Reports: []channel.Report{report}}))
	}
	if sm.ESMClass&smpp.EsmTypeMask == smpp.EsmReceipt {
		in.adapter.log.Warn("a receipt that names no message and state was dropped", "data_coding", sm.DataCoding, "octets", len(sm.Payload()))
		return smpp.StatusOK
	}
	received := coding.Read(sm, in.adapter.alphabet)
	if received.Place.Total > 0 && received.Binary == nil {
		return in.part(ctx, sm, received)
	}
	message := channel.Inbound{Identity: identity(sm.Source), SenderID: sm.Destination.Addr, At: time.Now()}
	if received.Binary != nil {
		message.Unsupported = describeBinary(sm, received)
	} else {
		message.Message = textMessage(received.Text)
	}
	return answer(in.deliver(ctx, message))
}

func (in *inbox) deliver(ctx context.Context, messages ...channel.Inbound) error {
	return in.sink.Deliver(ctx, channel.Batch{Inbound: messages})
}

// answer is the status that tells the centre whether it may forget what it delivered.
func answer(err error) smpp.Status {
	if err != nil {
		return smpp.StatusRxTempAppn
	}
	return smpp.StatusOK
}

// part takes one part of a long message.
func (in *inbox) part(ctx context.Context, sm *smpp.DeliverSM, r coding.Received) smpp.Status {
	key := coding.Key{Source: identity(sm.Source), Destination: sm.Destination.Addr, Ref: r.Place.Ref, Total: r.Place.Total, Wide: r.Place.Wide}
	in.mu.Lock()
	outcome, ready := in.long.Add(key, r.Place.Seq, r.Text, time.Now())
	var whole []coding.Assembled
	if outcome == coding.Complete {
		last := len(ready) - 1
		whole, ready = ready[last:], ready[:last]
	}
	given := in.giveUp(ready)
	p := in.waiting[key]
	if p == nil && outcome != coding.Duplicate {
		p = &pending{done: make(chan struct{})}
		in.waiting[key] = p
	}
	in.mu.Unlock()

	in.storeIncomplete(ctx, ready, given)
	switch {
	case p == nil: // repeated, and the message is stored
		return smpp.StatusOK
	case outcome == coding.Complete:
		in.settle(key, p, in.deliver(ctx, assembled(whole)...) == nil)
		return p.status()
	}
	return p.wait(ctx)
}

// settle tells the parts of a whole message. When it could not be stored, the centre sends all of them again, to a clean table.
func (in *inbox) settle(key coding.Key, p *pending, stored bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !stored {
		in.long.Forget(key)
	}
	delete(in.waiting, key)
	p.finish(stored)
}

// giveUp takes the parts that wait for messages which will not be complete out of the table. The caller holds the lock.
func (in *inbox) giveUp(messages []coding.Assembled) []*pending {
	var given []*pending
	for _, m := range messages {
		if p := in.waiting[m.Key]; p != nil {
			given = append(given, p)
			delete(in.waiting, m.Key)
		}
	}
	return given
}

// storeIncomplete stores what there is of messages that were given up, and tells their parts.
func (in *inbox) storeIncomplete(ctx context.Context, messages []coding.Assembled, given []*pending) {
	if len(messages) == 0 {
		return
	}
	err := in.deliver(ctx, assembled(messages)...)
	if err != nil {
		in.adapter.log.Error("incomplete messages could not be stored", "messages", len(messages), "error", err)
	}
	for _, p := range given {
		p.finish(err == nil)
	}
}

func (p *pending) finish(stored bool) {
	p.stored = stored
	close(p.done)
}

func (p *pending) wait(ctx context.Context) smpp.Status {
	timer := time.NewTimer(partPatience)
	defer timer.Stop()
	select {
	case <-p.done:
		return p.status()
	case <-timer.C:
	case <-ctx.Done():
	}
	return smpp.StatusRxTempAppn
}

func (p *pending) status() smpp.Status {
	if p.stored {
		return smpp.StatusOK
	}
	return smpp.StatusRxTempAppn
}

// expire gives up the messages that have waited too long for a part.
func (in *inbox) expire(ctx context.Context, now time.Time) {
	in.mu.Lock()
	messages := in.long.Expire(now)
	given := in.giveUp(messages)
	in.mu.Unlock()
	in.storeIncomplete(ctx, messages, given)
}

// assembled turns long messages into the engine's words. The key is the message's own, so that one which the centre repeats as a whole, after a crash
// between storing and answering, is stored once.
func assembled(messages []coding.Assembled) []channel.Inbound {
	var out []channel.Inbound
	for _, m := range messages {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d\x00%v\x00%d\x00%s",
			m.Key.Source, m.Key.Destination, m.Key.Ref, m.Key.Total, m.Key.Wide, m.Missing, m.Text))
		in := channel.Inbound{
			Key: hex.EncodeToString(sum[:16]), Identity: m.Key.Source, SenderID: m.Key.Destination, At: time.Now(), Message: textMessage(m.Text),
		}
		if m.Missing > 0 {
			in.Metadata = fmt.Sprintf("incomplete: %d of %d parts missing", m.Missing, m.Key.Total)
		}
		out = append(out, in)
	}
	return out
}

func textMessage(text string) *convapi.ContactMessage {
	return &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: text}}
}

// describeBinary is what a customer gets of data that is no text.
func describeBinary(sm *smpp.DeliverSM, r coding.Received) []byte {
	text, err := json.Marshal(struct {
		DataCoding uint8  `json:"data_coding"`
		ESMClass   uint8  `json:"esm_class"`
		Data       []byte `json:"data"` // base64
	}{sm.DataCoding, sm.ESMClass, r.Binary})
	if err != nil {
		panic(fmt.Sprintf("sms: encode numbers and octets: %v", err)) // cannot fail
	}
	return text
}

// identity is a handset's number as the API has it: E.164 without the plus.
func identity(a smpp.Address) string { return strings.TrimPrefix(a.Addr, "+") }
