package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/gateway"
	"switchyard/internal/pace"
	"switchyard/internal/store"
)

// accounts holds the open account of each credential of each app.
type accounts struct {
	engine *Engine

	mu        sync.Mutex
	byApp     map[gateway.ID][]*account
	nodes     atomic.Int64 // that share what an account takes at once
	elsewhere backlogs
	draining  bool
	busy      sync.WaitGroup // attempts from their claim to their outcome on disk
}

func newAccounts(e *Engine) *accounts {
	return &accounts{
		engine: e, byApp: make(map[gateway.ID][]*account),
		elsewhere: backlogs{joined: make(chan struct{}, 1), byNode: make(map[int64]map[gateway.ID]int)},
	}
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
	home       int // the lane whose owner keeps the account's connection

	mu       sync.Mutex
	queue    queue
	turns    pace.Turns // for attempts, of those that the app may make
	sending  int
	paused   time.Time // no attempt before
	wake     *time.Timer
	replaced *account           // where later messages go
	stop     context.CancelFunc // of the Runner; nil while it does not run
	ended    chan struct{}      // closed when the Runner has ended
	rested   chan struct{}      // not nil: no more sends begin; closed when none is under way
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
	s.engine.rates.link(a.id, !slices.ContainsFunc(fresh, func(a *account) bool { return !a.features.Linked }))
	for _, acc := range fresh {
		acc.tend(s.engine.db.Members())
	}
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
	s.engine.rates.forget(id)
}

func (e *Engine) openAccount(a *app, index int, credential convapi.ChannelCredential) *account {
	acc := &account{
		engine: e, app: a.id, channel: credential.Channel, credential: credential, index: index,
		turns: pace.Turns{Limit: e.rates.outboundOf(a.id)},
	}
	d, ok := e.definitions[credential.Channel]
	if !ok {
		return acc
	}
	acc.features = d.Features
	ordinal := ordinalOf(a.resource.ChannelCredentials[:index], credential.Channel)
	acc.home = int(gateway.LaneOf(fmt.Sprintf("%s/%s/%d", a.id, credential.Channel, ordinal))) % e.db.Lanes()
	log := e.log.With("app_id", a.id.String(), "channel", string(credential.Channel))
	url := fmt.Sprintf("%s/channels/%s/%s", e.cfg.PublicURL, a.id, credential.Channel)
	if ordinal > 0 {
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
	return acc
}

// tend sees to it that the account's Runner runs where its home lane is, and
// nowhere else. It reports whether the account has come to this node.
func (a *account) tend(members *store.Members) (came bool) {
	runner, ok := a.adapter.(channel.Runner)
	if !ok {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	here := members.Owns(a.home) && a.replaced == nil
	switch {
	case !here:
		a.rested = nil
		a.halt()
	case a.stop == nil && a.rested == nil:
		a.run(runner)
		return true
	}
	return false
}

// halt ends the Runner and gives a channel that is closed when it has ended; nil
// if it never ran.
func (a *account) halt() <-chan struct{} {
	if a.stop != nil {
		a.stop()
		a.stop = nil
	}
	return a.ended
}

func (a *account) run(runner channel.Runner) {
	e := a.engine
	ctx, cancel := context.WithCancel(e.ctx)
	before := a.ended // two runs of one adapter must not overlap
	ended := make(chan struct{})
	a.stop, a.ended = cancel, ended
	e.background.Go(func() {
		defer close(ended)
		if before != nil {
			<-before
		}
		if ctx.Err() != nil {
			return
		}
		if err := runner.Run(ctx, sink{e, a}); err != nil && ctx.Err() == nil {
			e.log.Error("the channel's connection ended", "app_id", a.app.String(), "channel", string(a.channel), "error", err)
		}
	})
}

// rest begins no more sends, and gives a channel that is closed when none is
// under way.
func (a *account) rest() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rested == nil {
		a.rested = make(chan struct{})
		if a.sending == 0 {
			close(a.rested)
		}
	}
	return a.rested
}

// all lists the accounts of all apps.
func (s *accounts) all() (out []*account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.byApp {
		out = append(out, list...)
	}
	return out
}

// tend follows a change of who does what. It gives the accounts whose sends go
// out over connections that are this node's from now on.
func (s *accounts) tend(members *store.Members) (came []*account) {
	for _, a := range s.all() {
		if a.tend(members) && a.features.Linked {
			came = append(came, a)
			a.pump()
		}
	}
	return came
}

// leave ends the sends over connections that another node is to have, and then
// the connections.
func (s *accounts) leave(ctx context.Context, lanes []int) {
	for _, a := range s.all() {
		if !a.features.Linked || !slices.Contains(lanes, a.home) {
			continue
		}
		await(ctx, a.rest())
		a.mu.Lock()
		ended := a.halt()
		a.mu.Unlock()
		if ended != nil {
			await(ctx, ended)
		}
	}
}

func await(ctx context.Context, done <-chan struct{}) {
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// sendLane is the lane whose owner makes a message's attempts: the message's
// own, or the home of the connection that it goes out over.
func (e *Engine) sendLane(j job) int {
	if a := e.accounts.of(j.app, j.channel, 0); a != nil && a.features.Linked {
		return a.home
	}
	return e.db.Lane(j.message)
}

// enqueue has a message sent by the node that can.
func (e *Engine) enqueue(tx *store.Tx, j job) {
	if !tx.Hand(e.sendLane(j), j.handoff()) {
		tx.After(func() { e.accounts.dispatch(j) })
	}
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

// queued is the number of messages of an app that wait for an attempt, at all
// nodes: what waits at others is as old as backlogInterval.
func (s *accounts) queued(app gateway.ID) (n int) {
	s.mu.Lock()
	list := s.byApp[app]
	s.mu.Unlock()
	return queuedOf(list) + s.elsewhere.of(app)
}

func queuedOf(list []*account) (n int) {
	for _, a := range list {
		a.mu.Lock()
		n += a.queue.len()
		a.mu.Unlock()
	}
	return n
}

// waiting is the number of messages that wait here for an attempt, by app.
func (s *accounts) waiting() map[gateway.ID]int {
	s.mu.Lock()
	byApp := maps.Clone(s.byApp)
	s.mu.Unlock()
	sizes := make(map[gateway.ID]int)
	for id, list := range byApp {
		if n := queuedOf(list); n > 0 {
			sizes[id] = n
		}
	}
	return sizes
}

// total is the number of all messages that wait here for an attempt.
func (s *accounts) total() (n int) {
	for _, size := range s.waiting() {
		n += size
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
