package scenarios

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// carrier stands for the provider of one channel, and outlives the gateway.
type carrier struct {
	channel  convapi.Channel
	features channel.Features
	policy   convapi.InDoubtPolicy
	assume   *bool // assume_delivered of the credential

	mu       sync.Mutex
	standing func() answer // nil: attempts wait for the script
	attempts []*attempt
	sink     channel.Sink // of the running gateway; nil without one
}

// attempt is one call of Send.
type attempt struct {
	at       time.Time
	outbound channel.Outbound
	number   int // of this message on this channel, from 1
	answered bool
	said     answer // once answered
	answer   chan answer
	refs     []string // of the parts that were taken, the first of them part `from`
	from     int
}

// answer is what the script has a provider say.
type answer struct {
	failure     *channel.Failure // nil: accepted
	parts, take int              // take is -1 for all of them
	hang        bool
}

// features are those of the real channels, as far as the engine knows them.
func carriers() map[convapi.Channel]*carrier {
	both := channel.Features{ReportsDelivered: true, ReportsRead: true, DoubtWait: time.Minute}
	all := make(map[convapi.Channel]*carrier)
	for ch, features := range map[convapi.Channel]channel.Features{
		convapi.ChannelWhatsApp:  {ReportsDelivered: true, ReportsRead: true, DoubtWait: time.Minute, Undisclosed: true},
		convapi.ChannelRCS:       both,
		convapi.ChannelMessenger: both,
		convapi.ChannelSMS:       {ReportsDelivered: true, DoubtWait: time.Minute},
		convapi.ChannelTelegram:  {AssumeDelivered: true, DoubtWait: time.Minute},
	} {
		all[ch] = &carrier{channel: ch, features: features}
	}
	return all
}

func (c *carrier) definition() channel.Definition {
	return channel.Definition{
		Channel: c.channel, Features: c.features,
		Check: func(convapi.ChannelCredential) error { return nil },
		Open: func(channel.Account, channel.Env) (channel.Adapter, error) {
			switch c.channel {
			case convapi.ChannelSMS:
				return c, nil
			case convapi.ChannelTelegram:
				return probeCarrier{eventCarrier{c}}, nil
			}
			return eventCarrier{c}, nil
		},
	}
}

// Run implements channel.Runner: what the script has to say comes in here.
func (c *carrier) Run(ctx context.Context, sink channel.Sink) error {
	c.mu.Lock()
	c.sink = sink
	c.mu.Unlock()
	<-ctx.Done()
	return nil
}

// Send implements channel.Adapter.
func (c *carrier) Send(ctx context.Context, m channel.Outbound) (channel.Receipt, error) {
	a := &attempt{at: time.Now(), outbound: m, number: 1, answer: make(chan answer, 1)}
	c.mu.Lock()
	for _, before := range c.attempts {
		if before.outbound.MessageID == m.MessageID {
			a.number++
		}
	}
	c.attempts = append(c.attempts, a)
	if c.standing != nil {
		a.give(c.standing())
	}
	c.mu.Unlock()
	select {
	case said := <-a.answer:
		if said.hang {
			<-ctx.Done()
			return channel.Receipt{}, ctx.Err()
		}
		return a.result(said)
	case <-ctx.Done():
		return channel.Receipt{}, ctx.Err()
	}
}

// give answers an attempt; the carrier's lock is held.
func (a *attempt) give(said answer) {
	a.answered, a.said = true, said
	a.from = a.outbound.PartsDone + 1
	for part := a.from; part <= said.taken(a.outbound.PartsDone); part++ {
		a.refs = append(a.refs, a.ref(part))
	}
	a.answer <- said
}

// taken is the last part that is taken.
func (s answer) taken(done int) int {
	switch {
	case s.hang:
		return done
	case s.take >= 0:
		return done + s.take
	}
	return s.parts
}

// ref is the provider's id of a part: known before the answer is given.
func (a *attempt) ref(part int) string {
	return fmt.Sprintf("%s-%d-%d", a.outbound.MessageID, a.number, part)
}

func (a *attempt) result(said answer) (channel.Receipt, error) {
	if said.failure == nil {
		return channel.Receipt{Refs: a.refs, Parts: said.parts}, nil
	}
	failure := *said.failure
	failure.Refs = a.refs
	if len(a.refs) > 0 {
		failure.Parts = said.parts
	}
	return channel.Receipt{}, &failure
}

// waiting finds the oldest attempt of a message that has no answer.
func (c *carrier) waiting(messageID string) *attempt {
	for _, a := range c.attempts {
		if a.outbound.MessageID == messageID && !a.answered {
			return a
		}
	}
	return nil
}

// try finds an attempt of a message by its number, 0 for the last one that has
// to do with the part.
func (c *carrier) try(messageID string, number, part int) *attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.attempts) - 1; i >= 0; i-- {
		a := c.attempts[i]
		if a.outbound.MessageID == messageID && (a.number == number || number == 0 && a.outbound.PartsDone < part) {
			return a
		}
	}
	return nil
}

// recent gives the attempt that some others came after, and whether it has, or
// may have, gone out.
func (c *carrier) recent(back int) (a *attempt, sent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.attempts) == 0 {
		return nil, false
	}
	a = c.attempts[max(0, len(c.attempts)-1-back)]
	return a, a.said.failure == nil || a.said.failure.Verdict == channel.Unknown
}

// errNobody is what a provider gets that calls a gateway which does not run.
var errNobody = errors.New("no gateway listens")

// deliver hands a batch to the gateway.
func (c *carrier) deliver(b channel.Batch) error {
	c.mu.Lock()
	sink := c.sink
	c.mu.Unlock()
	if sink == nil {
		return errNobody
	}
	return sink.Deliver(context.Background(), b)
}

// unplug forgets the gateway, and breaks the connections with it.
func (c *carrier) unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sink = nil
	for _, a := range c.attempts {
		if !a.answered {
			a.give(answer{failure: &channel.Failure{Verdict: channel.Unknown}, take: 0})
		}
	}
}
