package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
	"switchyard/internal/transcode"
)

// defaultConcurrency is for channels that name none, and for accounts that
// have no adapter and only refuse.
const defaultConcurrency = 16

func (a *account) enqueue(j job) {
	if j.since == 0 {
		j.since = time.Now().UnixNano()
	}
	a.mu.Lock()
	heir := a.replaced
	if heir == nil {
		a.queue.push(j)
	}
	a.mu.Unlock()
	if heir != nil {
		heir.enqueue(j)
		return
	}
	a.pump()
}

// retire ends the account: its Runner stops, its queue goes to the heir, and
// without one to accounts that refuse.
func (a *account) retire(heir *account) {
	if heir == nil {
		heir = &account{engine: a.engine, app: a.app, channel: a.channel}
	}
	a.mu.Lock()
	a.replaced = heir
	a.halt()
	rest := a.queue
	a.queue = queue{}
	if a.wake != nil {
		a.wake.Stop()
	}
	a.mu.Unlock()
	for j, ok := rest.pop(); ok; j, ok = rest.pop() {
		heir.enqueue(j)
	}
}

// pump claims as many queued messages as may be under way at once.
func (a *account) pump() {
	for {
		a.mu.Lock()
		if a.sending >= a.limit() || a.queue.len() == 0 || a.rested != nil {
			a.mu.Unlock()
			return
		}
		if wait := time.Until(a.opens()); wait > 0 {
			if a.wake == nil {
				a.wake = time.AfterFunc(wait, func() {
					a.mu.Lock()
					a.wake = nil
					a.mu.Unlock()
					a.pump()
				})
			}
			a.mu.Unlock()
			return
		}
		if !a.engine.accounts.begin() {
			a.mu.Unlock()
			return
		}
		j, _ := a.queue.pop()
		a.sending++
		a.turns.Take()
		a.mu.Unlock()
		a.claim(j)
	}
}

// opens is when the account may begin its next attempt: its provider and the
// app's rate allow it.
func (a *account) opens() time.Time {
	now := time.Now()
	if a.paused.After(now) {
		return a.paused
	}
	return a.turns.Next(now)
}

// limit is how many attempts may be under way at once on this node.
func (a *account) limit() int {
	limit := a.features.Concurrency
	if limit == 0 {
		limit = defaultConcurrency
	}
	if nodes := int(a.engine.accounts.nodes.Load()); nodes > 1 && !a.features.Linked {
		limit = max(1, limit/nodes)
	}
	return limit
}

// done ends what pump has begun.
func (a *account) done() {
	a.engine.accounts.busy.Done()
	a.mu.Lock()
	a.sending--
	if a.sending == 0 && a.rested != nil {
		close(a.rested)
	}
	a.mu.Unlock()
	a.pump()
}

// forgo ends what pump has begun, if nothing came of it.
func (a *account) forgo() {
	a.mu.Lock()
	a.turns.GiveBack()
	a.mu.Unlock()
	a.done()
}

// attempt is one try on one hop, as the claim has put it on disk.
type attempt struct {
	account  *account
	row      store.Message
	plan     *plan
	hop      int
	number   int
	message  *convapi.AppMessage
	outbound channel.Outbound
	event    *convapi.AppEvent // in the place of message and outbound
	answer   *capable          // that a probe has got
	trace    string            // traceparent of the attempt
}

// claim asks the state machine for an attempt and, once that is on disk, makes it.
func (a *account) claim(j job) {
	e := a.engine
	var made *attempt
	op := store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) {
			tx.WantMessage(j.message)
			tx.Contents.Want(j.message)
		}, func(tx *store.Tx) { a.wantPerson(tx, j.message) }},
		Run: func(tx *store.Tx) (err error) {
			made, err = a.begin(tx, j)
			return err
		},
	}
	e.db.Submit(op, func(err error) {
		if err != nil || made == nil {
			if err != nil && !errors.Is(err, store.ErrClosed) {
				e.log.Error("a message cannot be claimed", "message_id", j.message.String(), "error", err)
			}
			go a.forgo()
			return
		}
		go made.run()
	})
}

// wantPerson is what a message's row leads to.
func (a *account) wantPerson(tx *store.Tx, id gateway.ID) {
	m, found, err := tx.Message(id)
	if err != nil || !found {
		return
	}
	if !m.Contact.IsZero() {
		tx.Contacts.Want(m.Contact)
	}
	if !a.engine.consents.has(m.App) {
		return
	}
	known, err := a.engine.courseOf(m)
	if owner, ok := a.engine.directory.app(m.App); ok && err == nil && m.State.Hop < len(known.plan.Hops) {
		a.engine.wantConsent(tx, owner, known.plan.Hops[m.State.Hop].channelIdentity())
	}
}

// begin is the claim's operation. It gives nil when there is nothing to send.
// The claim is the fence: whoever has lost the lane meanwhile, without knowing,
// begins no attempt.
func (a *account) begin(tx *store.Tx, j job) (*attempt, error) {
	if tx.Hand(a.engine.sendLane(j), j.handoff()) {
		return nil, nil
	}
	c, err := a.engine.open(tx, j.message)
	if err != nil || c == nil {
		return nil, err
	}
	if hop := c.row.State.Hop; hop < len(c.plan.Hops) && c.plan.Hops[hop].Channel != a.channel {
		return nil, nil // an old place in the queue: the message has gone on
	}
	if reason, err := c.barred(); err != nil || reason != nil {
		if reason != nil {
			err = c.apply(lifecycle.Withdrawn{Reason: *reason})
		}
		return nil, err
	}
	return a.start(c)
}

// start claims the next attempt of a message; nil if there is nothing to send.
func (a *account) start(c *change) (*attempt, error) {
	c.row.Sender = c.tx.Members().Self()
	if err := c.apply(lifecycle.Claimed{}); err != nil || !c.send {
		return nil, err
	}
	switch {
	case c.row.Kind.Event():
		return a.startEvent(c)
	case c.row.Kind == store.KindProbe:
		return &attempt{account: a, row: c.row, plan: c.plan, hop: c.row.State.Hop, number: c.row.State.Attempt}, nil
	}
	if err := c.noteContent(); err != nil {
		return nil, err
	}
	_, outgoing, err := c.content()
	if err != nil {
		return nil, err
	}
	state := c.row.State
	h := c.plan.Hops[state.Hop]
	quote, err := a.engine.quote(c, outgoing, h)
	if err != nil {
		return nil, err
	}
	return &attempt{
		account: a, row: c.row, plan: c.plan, hop: state.Hop, number: state.Attempt, message: outgoing,
		outbound: channel.Outbound{
			MessageID: c.row.ID.String(), Identity: h.Identity, Quote: quote,
			Properties: c.plan.Properties, Expires: c.plan.Expires,
			PartsDone: int(state.Progress[state.Hop].Accepted), Resend: state.Resent, Retries: state.Retries,
		},
	}, nil
}

// barred says why a message may not be tried on its current hop; nil if it may.
func (c *change) barred() (*convapi.Reason, error) {
	reason, err := c.orphaned()
	if err != nil || reason != nil || c.row.Kind == store.KindProbe { // a question reaches nobody
		return reason, err
	}
	return c.blocked()
}

// orphaned says why a message cannot go on: its app or its contact is gone.
func (c *change) orphaned() (*convapi.Reason, error) {
	if c.app == nil {
		return &appWithdrawn, nil
	}
	if c.row.Contact.IsZero() {
		return nil, nil
	}
	_, found, err := c.tx.Contacts.Get(c.row.Contact)
	if err != nil || found {
		return nil, err
	}
	return &contactWithdrawn, nil
}

// Why a queued message cannot go on.
var (
	appWithdrawn     = withdrawn(convapi.ReasonUnknownApp, "the app")
	contactWithdrawn = withdrawn(convapi.ReasonContactNotFound, "the contact")
)

func withdrawn(code convapi.ReasonCode, what string) convapi.Reason {
	return convapi.Reason{Code: code, SubCode: convapi.SubCodeUnspecified, Description: what + " was deleted while the message was queued"}
}

// run makes the attempt and records what came of it.
func (t *attempt) run() {
	begin := time.Now()
	span := t.startSpan()
	receipt, failure := t.send()
	endSpan(span, failure)
	t.observe(failure, time.Since(begin))
	e := t.account.engine
	e.db.Submit(t.outcome(receipt, failure), func(err error) {
		if err != nil {
			// The attempt is on disk without an outcome, which is the truth: it
			// is in doubt, and the next start treats it so.
			e.log.Error("the outcome of an attempt was not stored", "message_id", t.row.ID.String(), "error", err)
		} else if failure == nil {
			e.metrics.AcceptToSubmit.Observe(time.Since(t.row.Accepted).Seconds())
		}
		go t.account.done()
	})
}

// send hands the message to the adapter, unless the account is known to fail.
func (t *attempt) send() (channel.Receipt, *channel.Failure) {
	a := t.account
	if failure := a.refuses(); failure != nil {
		return channel.Receipt{}, failure
	}
	switch {
	case t.row.Kind.Event():
		return channel.Receipt{}, t.sendEvent()
	case t.row.Kind == store.KindProbe:
		return channel.Receipt{}, t.probe()
	}
	form, err := transcode.Native(t.message, a.channel, t.outbound.MessageID)
	if err != nil {
		return channel.Receipt{}, untranscodable(err)
	}
	t.outbound.Text, t.outbound.Bodies = form.Text, form.Bodies
	// Not the engine's own context: an attempt under way ends by its answer or
	// by its time, also while the gateway stops.
	ctx, cancel := context.WithTimeout(context.Background(), a.engine.cfg.SendTimeout)
	defer cancel()
	receipt, err := a.adapter.Send(ctx, t.outbound)
	var failure *channel.Failure
	if err != nil {
		failure = channel.AsFailure(err)
	}
	a.learn(failure)
	return receipt, failure
}

func untranscodable(err error) *channel.Failure {
	f := &channel.Failure{Verdict: channel.Refuse, Err: err, Reason: convapi.Reason{
		Code: convapi.ReasonBadRequest, SubCode: convapi.SubCodeUnspecified, Description: "the message has no form for this channel",
	}}
	if t, ok := errors.AsType[*transcode.Error](err); ok {
		f.Reason.Code, f.Reason.Description = t.Reason, t.Description
	}
	return f
}

// refuses answers in the place of an account that cannot work.
func (a *account) refuses() *channel.Failure {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.adapter == nil && a.openError != nil:
		return &channel.Failure{Verdict: channel.Refuse, Err: a.openError, Reason: convapi.Reason{
			Code: convapi.ReasonChannelBadConfiguration, SubCode: convapi.SubCodeUnspecified, Description: "the credential cannot be used",
		}}
	case a.adapter == nil:
		return &channel.Failure{Verdict: channel.Refuse, Reason: convapi.Reason{
			Code: convapi.ReasonChannelConfigurationMissing, SubCode: convapi.SubCodeUnspecified, Description: "the app has no credential for this channel any more",
		}}
	case a.failing != nil && time.Now().Before(a.failingUntil):
		return &channel.Failure{Verdict: channel.Refuse, Reason: a.failing.Reason}
	case a.failing != nil: // this message is the probe; the others go on as before
		a.failingUntil = time.Now().Add(failingFor)
	}
	return nil
}

// learn draws conclusions for the account as a whole.
func (a *account) learn(failure *channel.Failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case failure == nil:
		a.proven, a.failing = true, nil
	case failure.Account && failure.Verdict == channel.Retry:
		if until := time.Now().Add(max(failure.RetryAfter, leastRest)); until.After(a.paused) {
			a.paused = until
		}
	case failure.Account:
		if a.failing == nil {
			a.engine.log.Error("the provider refuses the credential", "app_id", a.app.String(), "channel", string(a.channel),
				"reason", string(failure.Reason.Code), "error", failure)
		}
		a.failing, a.failingUntil = failure, time.Now().Add(failingFor)
	case failure.Verdict == channel.Refuse: // of this message: so the account is good
		a.proven, a.failing = true, nil
	}
}

// leastRest is how long an account rests that is over its rate, when the
// provider names no time.
const leastRest = time.Second

// verdictOf is how metrics, traces and the log name what came of an attempt.
func verdictOf(failure *channel.Failure) string {
	if failure == nil {
		return "accepted"
	}
	return failure.Verdict.String()
}

func (t *attempt) observe(failure *channel.Failure, took time.Duration) {
	e := t.account.engine
	verdict := verdictOf(failure)
	e.metrics.Attempts.WithLabelValues(string(t.account.channel), verdict).Inc()
	e.metrics.AttemptDuration.WithLabelValues(string(t.account.channel)).Observe(took.Seconds())
	if failure == nil && !e.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	log := e.log.With("message_id", t.row.ID.String(), "app_id", t.row.App.String(), "channel", string(t.account.channel),
		"hop", t.hop, "attempt", t.number, "verdict", verdict, "duration", took)
	if failure == nil {
		log.Debug("attempt")
		return
	}
	log.Info("attempt", "reason", string(failure.Reason.Code), "channel_code", failure.Reason.ChannelCode, "error", failure.Err)
}
