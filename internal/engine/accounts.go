package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/gateway"
)

// accounts holds the open account of each credential of each app.
type accounts struct {
	engine *Engine

	mu       sync.Mutex
	byApp    map[gateway.ID][]*account
	draining bool
	busy     sync.WaitGroup // attempts from their claim to their outcome on disk
}

func newAccounts(e *Engine) *accounts {
	return &accounts{engine: e, byApp: make(map[gateway.ID][]*account)}
}

// account is one credential at work: its adapter and the queue before it.
type account struct {
	engine     *Engine
	app        gateway.ID
	channel    convapi.Channel
	credential convapi.ChannelCredential
	index      int // in channel_credentials
	features   channel.Features
	adapter    channel.Adapter // nil if the channel is not built or the account cannot be opened
	openError  error
	stop       context.CancelFunc // of the Runner

	mu       sync.Mutex
	queue    queue
	sending  int
	paused   time.Time // no attempt before
	wake     *time.Timer
	replaced *account // where later messages go
	// failing is why the provider refuses the account as a whole, and until
	// when nothing is sent to it but refused at once.
	failing      *channel.Failure
	failingUntil time.Time
	proven       bool // the provider has accepted something
}

// failingFor is how long a credential that the provider refuses is left
// alone before the next message tries it again (1 to 5 minutes by the
// channels' facts).
const failingFor = time.Minute

// update opens the accounts of an app anew and closes those before, which
// keep the attempts that they have begun; what is queued moves.
func (s *accounts) update(a *app) {
	fresh := make([]*account, len(a.resource.ChannelCredentials))
	s.mu.Lock()
	old := s.byApp[a.id]
	for i, credential := range a.resource.ChannelCredentials {
		if i < len(old) && sameCredential(old[i].credential, credential) {
			fresh[i], old[i] = old[i], nil
			continue
		}
		fresh[i] = s.engine.openAccount(a, i, credential)
	}
	s.byApp[a.id] = fresh
	s.mu.Unlock()
	for _, was := range old {
		if was == nil {
			continue
		}
		var heir *account
		if j, _ := a.credential(was.channel); j >= 0 {
			heir = fresh[j]
		}
		was.retire(heir)
	}
}

// sameCredential compares by value what the adapter is made of.
func sameCredential(a, b convapi.ChannelCredential) bool {
	a.State, b.State = nil, nil
	x, errX := convapi.Marshal(a)
	y, errY := convapi.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// remove closes an app's accounts; what is queued fails with UNKNOWN_APP when
// its turn comes.
func (s *accounts) remove(id gateway.ID) {
	s.mu.Lock()
	old := s.byApp[id]
	delete(s.byApp, id)
	s.mu.Unlock()
	for _, a := range old {
		a.retire(nil)
	}
}

func (e *Engine) openAccount(a *app, index int, credential convapi.ChannelCredential) *account {
	acc := &account{engine: e, app: a.id, channel: credential.Channel, credential: credential, index: index}
	d, ok := e.definitions[credential.Channel]
	if !ok {
		return acc
	}
	acc.features = d.Features
	log := e.log.With("app_id", a.id.String(), "channel", string(credential.Channel))
	url := fmt.Sprintf("%s/channels/%s/%s", e.cfg.PublicURL, a.id, credential.Channel)
	if ordinal := ordinalOf(a.resource.ChannelCredentials[:index], credential.Channel); ordinal > 0 {
		url += fmt.Sprintf("?credential=%d", ordinal)
	}
	acc.adapter, acc.openError = d.Open(
		channel.Account{AppID: a.id.String(), Credential: credential, CallbackURL: url},
		channel.Env{HTTP: e.cfg.HTTP, Dial: e.cfg.Dial, Log: log})
	if acc.openError != nil {
		log.Error("the account cannot be opened", "error", acc.openError)
		acc.adapter = nil
		return acc
	}
	if limiter, ok := acc.adapter.(channel.Limiter); ok {
		acc.features.Concurrency = limiter.Concurrency()
	}
	if runner, ok := acc.adapter.(channel.Runner); ok {
		ctx, cancel := context.WithCancel(e.ctx)
		acc.stop = cancel
		e.background.Go(func() {
			if err := runner.Run(ctx, sink{e, acc}); err != nil && ctx.Err() == nil {
				log.Error("the channel's connection ended", "error", err)
			}
		})
	}
	return acc
}

// ordinalOf counts the earlier credentials of a channel.
func ordinalOf(earlier []convapi.ChannelCredential, ch convapi.Channel) (n int) {
	for _, c := range earlier {
		if c.Channel == ch {
			n++
		}
	}
	return n
}

// of finds an account of an app: the credential of the channel that ordinal
// others of the same channel stand before. Messages go to the first.
func (s *accounts) of(app gateway.ID, ch convapi.Channel, ordinal int) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.byApp[app] {
		if a.channel != ch {
			continue
		}
		if ordinal == 0 {
			return a
		}
		ordinal--
	}
	return nil
}

// dispatch puts a message in the queue of its account. A message whose
// account is gone is claimed all the same: the claim finds out why.
func (s *accounts) dispatch(j job) {
	a := s.of(j.app, j.channel, 0)
	if a == nil {
		a = &account{engine: s.engine, app: j.app, channel: j.channel}
	}
	a.enqueue(j)
}

// queued is the number of messages of an app that wait for an attempt.
func (s *accounts) queued(app gateway.ID) (n int) {
	s.mu.Lock()
	list := s.byApp[app]
	s.mu.Unlock()
	for _, a := range list {
		a.mu.Lock()
		n += a.queue.len()
		a.mu.Unlock()
	}
	return n
}

// total is the number of all messages that wait for an attempt.
func (s *accounts) total() (n int) {
	s.mu.Lock()
	apps := make([]gateway.ID, 0, len(s.byApp))
	for id := range s.byApp {
		apps = append(apps, id)
	}
	s.mu.Unlock()
	for _, id := range apps {
		n += s.queued(id)
	}
	return n
}

// state is what the contract shows of a credential.
func (s *accounts) state(app gateway.ID, index int) *convapi.CredentialState {
	s.mu.Lock()
	list := s.byApp[app]
	s.mu.Unlock()
	if index >= len(list) {
		return &convapi.CredentialState{Status: convapi.CredentialPending}
	}
	a := list[index]
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.openError != nil:
		return &convapi.CredentialState{Status: convapi.CredentialFailing, Description: a.openError.Error()}
	case a.failing != nil:
		return &convapi.CredentialState{Status: convapi.CredentialFailing, Description: a.failing.Reason.Description}
	case a.proven:
		return &convapi.CredentialState{Status: convapi.CredentialActive}
	}
	return &convapi.CredentialState{Status: convapi.CredentialPending}
}

// drain begins no further attempts and waits for those under way.
func (s *accounts) drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.busy.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// begin counts an attempt that is about to be claimed; false when draining.
func (s *accounts) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.busy.Add(1)
	return true
}
