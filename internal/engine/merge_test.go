package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
	"switchyard/internal/webhook"
)

const (
	testProject = "p"
	viaSMS      = convapi.ChannelSMS
	viaWhatsApp = convapi.ChannelWhatsApp
)

// taker is a provider that takes everything.
type taker struct{ refs atomic.Int64 }

// Send implements channel.Adapter.
func (p *taker) Send(context.Context, channel.Outbound) (channel.Receipt, error) {
	return channel.Receipt{Refs: []string{fmt.Sprint("ref", p.refs.Add(1))}}, nil
}

// society is an engine with two apps, and a webhook that is never reached: what
// it would get is in the log.
type society struct {
	*Engine
	apps []*app
	stop func()
}

// openSociety starts an engine on what is there.
func openSociety(t *testing.T, url string) *society {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	metrics := observe.NewMetrics(prometheus.NewRegistry())
	db, err := store.Open(ctx, store.Options{URL: url, Lease: time.Hour, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	poster := webhook.New(webhook.Config{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }})
	open := func(channel.Account, channel.Env) (channel.Adapter, error) { return new(taker), nil }
	s := &society{Engine: New(Config{
		Store: db, Deliverer: delivery.New(delivery.Config{Store: db, Poster: poster, Log: log, Metrics: metrics}),
		Channels: []channel.Definition{{Channel: viaSMS, Open: open}, {Channel: viaWhatsApp, Open: open}},
		HTTP:     http.DefaultClient, PublicURL: "http://gateway.example", Log: log, Metrics: metrics,
	})}
	s.stop = sync.OnceFunc(func() {
		stopped, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		s.Stop(stopped)
		poster.Close()
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	t.Cleanup(s.stop)
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

func newSociety(t *testing.T, url string) *society {
	t.Helper()
	ctx := context.Background()
	s := openSociety(t, url)
	if err := s.PutProject(ctx, testProject, "key", "secret"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		made, err := s.CreateApp(ctx, testProject, convapi.App{
			DisplayName: "app", ProcessingMode: convapi.ModeConversation,
			ChannelCredentials: []convapi.ChannelCredential{
				{Channel: viaSMS, StaticBearer: &convapi.StaticBearer{ClaimedIdentity: "c", Token: "t"}},
				{Channel: viaWhatsApp, StaticBearer: &convapi.StaticBearer{ClaimedIdentity: "c", Token: "t"}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.directory.appOf(testProject, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		s.apps = append(s.apps, a)
	}
	if _, err := s.CreateWebhook(ctx, testProject, convapi.Webhook{
		AppID: s.apps[0].resource.ID, Target: "http://nowhere.example/", TargetType: convapi.TargetHTTP,
		Triggers: []convapi.Trigger{convapi.TriggerContactMerge},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *society) contact(t failer, identities ...convapi.ChannelIdentity) gateway.ID {
	t.Helper()
	made, err := s.CreateContact(context.Background(), testProject, convapi.Contact{ChannelIdentities: identities, Language: convapi.LanguageEnUS})
	if err != nil {
		t.Fatalf("create contact: %v", err)
	}
	id, _ := gateway.ParseID(made.ID)
	return id
}

func (s *society) send(a *app, to *convapi.Recipient) (gateway.ID, error) {
	answer, _, err := s.Send(context.Background(), testProject, &convapi.SendMessageRequest{
		AppID: a.resource.ID, Recipient: to, Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: "hello"}},
	}, Idempotency{})
	id, _ := gateway.ParseID(answer.MessageID)
	return id, err
}

// write has a person write to an app.
func (s *society) write(a *app, from convapi.ChannelIdentity) error {
	return s.deliver(context.Background(), s.accounts.of(a.id, from.Channel, 0), channel.Batch{Inbound: []channel.Inbound{{
		Identity: from.Identity, Message: &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: "hi"}},
	}}}, 0)
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (s *society) conversations(t failer, contact gateway.ID) []store.Conversation {
	t.Helper()
	list, err := s.db.Conversations(context.Background(), store.ConversationQuery{Project: testProject, Contact: contact}, gateway.ID{}, 10_000)
	if err != nil {
		t.Fatalf("conversations: %v", err)
	}
	return list
}

// pair is two contacts that are merged while things happen to them.
type pair struct {
	*society
	source, destination gateway.ID
	identities          []convapi.ChannelIdentity
	sent                []gateway.ID
	ours                []gateway.ID // of sent: to one of the two contacts by its id
}

var pairs atomic.Int64

func newPair(t failer, s *society) *pair {
	n := pairs.Add(1)
	identity := func(ch convapi.Channel, who int) convapi.ChannelIdentity {
		return convapi.ChannelIdentity{Channel: ch, Identity: fmt.Sprintf("467%06d%d", n, who)}
	}
	p := &pair{society: s, identities: []convapi.ChannelIdentity{identity(viaSMS, 1), identity(viaWhatsApp, 1), identity(viaSMS, 2)}}
	p.source = s.contact(t, p.identities[:2]...)
	p.destination = s.contact(t, p.identities[2])
	return p
}

// happen is one thing of those that may happen at any time.
func (p *pair) happen(t *rapid.T, begun bool) {
	ctx := context.Background()
	a := p.apps[rapid.IntRange(0, 1).Draw(t, "app")]
	contact := rapid.SampledFrom([]gateway.ID{p.source, p.destination}).Draw(t, "contact")
	identity := rapid.SampledFrom(p.identities).Draw(t, "identity")
	var err error
	switch what := rapid.SampledFrom([]string{"send", "send to identity", "write", "stop", "prepare", "delete"}).Draw(t, "what"); what {
	case "send":
		var id gateway.ID
		if id, err = p.send(a, &convapi.Recipient{ContactID: contact.String()}); err == nil {
			p.sent, p.ours = append(p.sent, id), append(p.ours, id)
		}
		if m, found, _ := p.db.Message(ctx, id); found && begun && m.Contact != p.destination {
			t.Fatalf("message %s is still contact %s's", id, m.Contact)
		}
	case "send to identity":
		var id gateway.ID
		id, err = p.send(a, &convapi.Recipient{IdentifiedBy: &convapi.IdentifiedBy{ChannelIdentities: []convapi.ChannelIdentity{identity}}})
		p.sent = append(p.sent, id)
	case "write":
		err = p.write(a, identity)
	case "stop":
		for _, c := range p.conversations(t, contact) {
			if c.Active && err == nil {
				err = p.StopConversation(ctx, testProject, c.ID.String())
			}
		}
	case "prepare":
		_, err = p.CreateConversation(ctx, testProject, convapi.Conversation{AppID: a.resource.ID, ContactID: contact.String()})
	case "delete":
		if list := p.conversations(t, contact); len(list) > 0 && begun {
			err = p.deleteOne(t, rapid.SampledFrom(list).Draw(t, "conversation"))
		}
	}
	if _, there, _ := p.db.Contact(ctx, p.source); !there && contact == p.source {
		return // the merge has ended: whatever asks for the source is refused
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// deleteOne deletes a conversation; its messages are not looked for any more.
func (p *pair) deleteOne(t *rapid.T, c store.Conversation) error {
	list, err := p.db.InConversation(context.Background(), store.Contained{Conversation: c.ID}, 10_000)
	if err != nil {
		t.Fatalf("%v", err)
	}
	gone := make(map[gateway.ID]bool)
	for _, m := range list {
		gone[m.ID] = true
	}
	keep := func(list []gateway.ID) (out []gateway.ID) {
		for _, id := range list {
			if !gone[id] {
				out = append(out, id)
			}
		}
		return out
	}
	p.sent, p.ours = keep(p.sent), keep(p.ours)
	return p.DeleteConversation(context.Background(), testProject, c.ID.String())
}

// Law: whatever is sent to two contacts, written by them, stopped and deleted
// while one is merged into the other, and wherever the process that merges dies,
// no message is lost, none lies in a conversation that does not exist or is
// somebody else's, and the destination has everything of both.
func TestMergeLosesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := newSociety(t, e.URL(t))
		rapid.Check(t, func(t *rapid.T) {
			p := newPair(t, s)
			for range rapid.IntRange(0, 12).Draw(t, "before") {
				p.happen(t, false)
			}
			begin := &mergeBegin{engine: s.Engine, project: testProject, source: p.source, destination: p.destination}
			if err := s.apply(context.Background(), store.Op{Want: begin.want(), Run: begin.run}); err != nil || begin.busy {
				t.Fatalf("begin: %v, busy %v", err, begin.busy)
			}
			run := &mergeRun{engine: s.Engine, source: p.source, chunk: 1}
			for done := false; !done; {
				switch rapid.IntRange(0, 4).Draw(t, "next") {
				case 0:
					p.happen(t, true)
				case 1: // the process dies, another one goes on
					run = &mergeRun{engine: s.Engine, source: p.source, chunk: rapid.IntRange(1, 3).Draw(t, "chunk")}
				default:
					var err error
					if done, err = run.step(context.Background()); err != nil {
						t.Fatalf("step: %v", err)
					}
				}
			}
			p.check(t)
		})
	})
}

// check holds the law at the end of a merge.
func (p *pair) check(t failer) {
	t.Helper()
	ctx := context.Background()
	if _, found, err := p.db.Contact(ctx, p.source); found || err != nil {
		t.Fatalf("the source is still there: %v", err)
	}
	if list := p.conversations(t, p.source); len(list) > 0 {
		t.Fatalf("the source has conversations: %+v", list)
	}
	row, found, err := p.db.Contact(ctx, p.destination)
	if err != nil || !found || row.Merging != 0 {
		t.Fatalf("destination: %+v %v %v", row, found, err)
	}
	for _, id := range p.sent {
		m, found, err := p.db.Message(ctx, id)
		if err != nil || !found {
			t.Fatalf("message %s is lost: %v", id, err)
		}
		p.checkPlace(t, m)
	}
	for _, id := range p.ours {
		if m, _, _ := p.db.Message(ctx, id); m.Contact != p.destination {
			t.Fatalf("message %s is contact %s's", id, m.Contact)
		}
	}
	p.checkActive(t)
	p.checkIdentities(t)
}

// checkPlace holds that a message lies where its row says.
func (p *pair) checkPlace(t failer, m store.Message) {
	t.Helper()
	ctx := context.Background()
	c, found, err := p.db.Conversation(ctx, m.Conversation)
	if err != nil || !found || c.Contact != m.Contact || c.App != m.App || c.Closing {
		t.Fatalf("message %+v in conversation %+v %v %v", m, c, found, err)
	}
	if contact, found, err := p.db.Contact(ctx, m.Contact); err != nil || !found || !contact.MergedInto.IsZero() {
		t.Fatalf("message %s of contact %+v %v %v", m.ID, contact, found, err)
	}
}

// checkActive holds that there is one active conversation at most, that it is
// found, and that all that lies in conversations belongs there.
func (p *pair) checkActive(t failer) {
	t.Helper()
	ctx := context.Background()
	active := make(map[gateway.ID]gateway.ID)
	for _, c := range p.conversations(t, p.destination) {
		if c.Active && !active[c.App].IsZero() {
			t.Fatalf("two active conversations with app %s", c.App)
		}
		if c.Active {
			active[c.App] = c.ID
		}
		list, err := p.db.InConversation(ctx, store.Contained{Conversation: c.ID}, 10_000)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, m := range list {
			p.checkPlace(t, m)
		}
	}
	err := p.db.Apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		for _, a := range p.apps {
			if _, found, err := tx.Active.Get(store.ActiveKey{Contact: p.source, App: a.id}); found || err != nil {
				return fmt.Errorf("the source has an active conversation: %w", err)
			}
			if row, _, err := tx.Active.Get(store.ActiveKey{Contact: p.destination, App: a.id}); err != nil || row.Conversation != active[a.id] {
				return fmt.Errorf("the active conversation is %s, found is %s: %w", active[a.id], row.Conversation, err)
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// checkIdentities holds that only the identity on a channel that the destination
// lacked has become its own.
func (p *pair) checkIdentities(t failer) {
	t.Helper()
	got, err := p.Contact(context.Background(), testProject, p.destination.String())
	if err != nil {
		t.Fatalf("%v", err)
	}
	if fmt.Sprint(got.ChannelIdentities, got.ChannelPriority) != fmt.Sprint([]convapi.ChannelIdentity{p.identities[2], p.identities[1]}, []convapi.Channel{viaSMS, viaWhatsApp}) {
		t.Fatalf("the destination has %v %v", got.ChannelIdentities, got.ChannelPriority)
	}
	for i, id := range p.identities {
		row, _, err := p.db.Identity(context.Background(), identityKey(testProject, gateway.ID{}, id))
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, contact := range row.Contacts {
			if contact == p.source || (contact == p.destination) != (i > 0) {
				t.Fatalf("identity %v leads to %v", id, row.Contacts)
			}
		}
	}
}

// Law: a merge that was begun before a stop is finished by the next start.
func TestMergeIsFinishedByTheNextStart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		url := e.URL(t)
		synctest.Test(t, func(t *testing.T) {
			s := newSociety(t, url)
			p := newPair(t, s)
			for range 3 {
				id, err := p.send(s.apps[0], &convapi.Recipient{ContactID: p.source.String()})
				if err != nil {
					t.Fatal(err)
				}
				p.sent, p.ours = append(p.sent, id), append(p.ours, id)
			}
			begin := &mergeBegin{engine: s.Engine, project: testProject, source: p.source, destination: p.destination}
			if err := s.apply(t.Context(), store.Op{Run: begin.run}); err != nil {
				t.Fatal(err)
			}
			s.stop()
			p.society = &society{Engine: openSociety(t, url).Engine, apps: s.apps}
			synctest.Wait()
			p.check(t)
		})
	})
}

// Law: the same while senders and people are at it in earnest; CONTACT_MERGE is
// told once, and two calls at once are one merge.
func TestMergeUnderLoad(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := newSociety(t, e.URL(t))
		p := newPair(t, s)
		var busy, callers sync.WaitGroup
		var mu sync.Mutex
		history, merged := make(chan struct{}), make(chan struct{})
		for worker := range 4 {
			busy.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-merged:
						return
					default:
					}
					contact := []gateway.ID{p.source, p.destination}[worker%2]
					id, err := p.send(p.apps[n%2], &convapi.Recipient{ContactID: contact.String()})
					if refused, ok := errors.AsType[*gateway.Error](err); ok && refused.Code == gateway.NotFound && contact == p.source {
						return // merged already
					}
					if err != nil || p.write(p.apps[n%2], p.identities[1+n%2]) != nil {
						t.Errorf("send: %v", err)
						return
					}
					mu.Lock()
					p.sent, p.ours = append(p.sent, id), append(p.ours, id)
					if len(p.sent) == 2*mergeChunk {
						close(history)
					}
					mu.Unlock()
				}
			})
		}
		<-history
		for range 2 {
			callers.Go(func() {
				got, err := s.MergeContact(t.Context(), testProject, p.destination.String(), convapi.MergeContactRequest{SourceID: p.source.String()})
				late, _ := errors.AsType[*gateway.Error](err)
				if err == nil && got.ID != p.destination.String() || err != nil && (late == nil || late.Code != gateway.NotFound) {
					t.Errorf("merge: %v %v", got, err)
				}
			})
		}
		callers.Wait()
		close(merged)
		busy.Wait()
		p.check(t)
		told := 0
		for lane := range s.db.Lanes() {
			list, err := s.db.Callbacks(t.Context(), lane, s.apps[0].id, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			told += len(list)
		}
		if told != 1 {
			t.Errorf("CONTACT_MERGE was told %d times", told)
		}
	})
}
