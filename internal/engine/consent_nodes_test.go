package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// phones is a provider for many: what is sent is noted, and what is posted to it
// is the text of somebody whom the request's URL names.
type phones struct {
	mu   sync.Mutex
	sent map[string]int // by identity
	hold chan struct{}  // sends to "46700000000" wait for it
}

// Send implements channel.Adapter.
func (p *phones) Send(_ context.Context, m channel.Outbound) (channel.Receipt, error) {
	p.mu.Lock()
	hold := p.hold
	p.sent[m.Identity]++
	p.mu.Unlock()
	if m.Identity == "46700000000" {
		<-hold
	}
	return channel.Receipt{Refs: []string{m.MessageID}}, nil
}

// Receive implements channel.Receiver.
func (p *phones) Receive(_ context.Context, r *http.Request, body []byte) (channel.Batch, channel.Reply, error) {
	return channel.Batch{Inbound: []channel.Inbound{{
		Identity: r.URL.Query().Get("from"), Message: &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: string(body)}},
	}}}, channel.Reply{}, nil
}

func (p *phones) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.hold)
	p.hold = make(chan struct{})
}

func (p *phones) got(identity string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent[identity]
}

func (p *phones) writes(t *testing.T, e *engine.Engine, app, identity, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://h/?from="+identity, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Receive(context.Background(), app, convapi.ChannelSMS, 0, r, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// What one node has acknowledged binds the others from then on: also the first
// opt-out of an app, before which no node reads anything, and for messages that
// wait at another node already.
func TestNodesObeyEachOthersOptOuts(t *testing.T) {
	url := storetest.Postgres(t)
	one, two := node(t, url, "one"), node(t, url, "two")
	provider := &phones{sent: make(map[string]int), hold: make(chan struct{})}
	var engines []*engine.Engine
	for _, db := range []*store.DB{one, two} {
		engines = append(engines, launch(t, db, engine.Config{SendTimeout: time.Hour}, provider, channel.Features{Concurrency: 2}))
	}
	shared(t, one, two)
	send := func(e *engine.Engine, app, identity string) {
		t.Helper()
		if err := sendText(e, app, identity); err != nil {
			t.Fatal(err)
		}
	}
	const busy = "46700000000"
	holder := one
	if two.Members().Owns(int(gateway.LaneOf(busy))) {
		holder = two
	}
	for round := range 6 {
		app := furnish(t, engines[0])
		here, there := engines[round%2], engines[(round+1)%2]
		number := func(n int) string { return fmt.Sprintf("46701%02d%04d", round, n) }
		was := provider.got(busy)
		send(here, app, busy)
		await(t, "a message holds up those behind it", func() bool { return provider.got(busy) > was })
		for n := range 20 {
			send(here, app, number(n))
		}
		for n := range 20 {
			provider.writes(t, there, app, number(n), "STOP")
			send(here, app, number(n))
			send(there, app, number(n))
		}
		provider.release()
		for i, e := range []*engine.Engine{here, there} {
			send(e, app, number(100+i))
			await(t, "others get theirs", func() bool { return provider.got(number(100+i)) == 1 })
		}
		await(t, "nothing waits", func() bool { return here.Queued()+there.Queued() == 0 })
		for n := range 20 {
			most := 1 // sent before STOP
			if holder.Members().Owns(int(gateway.LaneOf(number(n)))) {
				most = 0 // waited when it came
			}
			if got := provider.got(number(n)); got > most {
				t.Errorf("%s got %d messages, want at most %d", number(n), got, most)
			}
		}
		was = provider.got(number(0))
		provider.writes(t, here, app, number(0), "START")
		send(there, app, number(0))
		await(t, "START is heard", func() bool { return provider.got(number(0)) == was+1 })
	}
}
