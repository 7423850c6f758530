package engine

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

// reportStatus maps what an adapter reports to what the state machine knows.
var reportStatus = map[convapi.DeliveryStatus]lifecycle.Status{
	convapi.StatusQueuedOnChannel: lifecycle.OnChannel,
	convapi.StatusDelivered:       lifecycle.Delivered,
	convapi.StatusRead:            lifecycle.Read,
	convapi.StatusFailed:          lifecycle.Failed,
}

// heldFor is how long a report waits for a reference that nobody knows: longer
// than any attempt takes to be answered.
const heldFor = 10 * time.Minute

// Receive hands a provider's HTTP request to the adapter of its account and
// returns the reply when what it tells is on disk. An error other than
// NotFound means that it is not, and the provider has to come again.
func (e *Engine) Receive(ctx context.Context, appID string, ch convapi.Channel, ordinal int, r *http.Request, body []byte) (channel.Reply, error) {
	a, err := e.account(appID, ch, ordinal)
	if err != nil && e.catchUp(ctx) {
		a, err = e.account(appID, ch, ordinal)
	}
	if err != nil {
		return channel.Reply{}, err
	}
	receiver, ok := a.adapter.(channel.Receiver)
	if !ok {
		return channel.Reply{}, notFound("callback of channel", string(ch))
	}
	batch, reply, err := receiver.Receive(ctx, r, body)
	if err != nil {
		e.log.Info("a provider's callback was refused", "app_id", appID, "channel", string(ch), "status", reply.Status, "error", err)
		if reply.Status == 0 { // an empty 200 would say that it is kept
			reply.Status = http.StatusServiceUnavailable
		}
		return reply, nil
	}
	return reply, e.deliver(ctx, a, batch, inboundPatience)
}

// account finds the account that a provider's URL names.
func (e *Engine) account(appID string, ch convapi.Channel, ordinal int) (*account, error) {
	id, ok := gateway.ParseID(appID)
	if !ok {
		return nil, notFound("app", appID)
	}
	a := e.accounts.of(id, ch, ordinal)
	if a == nil {
		return nil, notFound("channel of the app", string(ch))
	}
	return a, nil
}

// Media opens a file that somebody sent to an account and that lies with the
// provider.
func (e *Engine) Media(ctx context.Context, appID string, ch convapi.Channel, ordinal int, ref string) (channel.Media, error) {
	a, err := e.account(appID, ch, ordinal)
	if err != nil {
		return channel.Media{}, err
	}
	source, ok := a.adapter.(channel.MediaSource)
	if !ok {
		return channel.Media{}, notFound("media", ref)
	}
	media, err := source.Media(ctx, ref)
	if errors.Is(err, channel.ErrNoMedia) {
		err = notFound("media", ref)
	}
	return media, err
}

// sink takes what a Runner receives.
type sink struct {
	engine  *Engine
	account *account
}

// Deliver implements channel.Sink.
func (s sink) Deliver(ctx context.Context, b channel.Batch) error {
	ctx, span := s.engine.tracing.Start(ctx, trace.SpanKindConsumer, "receive from channel")
	defer span.End()
	describeAccount(span, s.account)
	return s.engine.deliver(ctx, s.account, b, inboundPatienceOf(s.account))
}

// deliver puts a batch on disk with all that follows from it, when the app's rate
// allows it.
func (e *Engine) deliver(ctx context.Context, a *account, b channel.Batch, patience time.Duration) error {
	if len(b.Reports) == 0 && len(b.Inbound) == 0 {
		return nil
	}
	if err := e.admitInbound(ctx, a.app, len(b.Inbound), patience); err != nil {
		return err
	}
	in := &ingest{engine: e, account: a, batch: b}
	if err := e.apply(ctx, store.Op{Want: in.want(), Run: in.run}); err != nil {
		if _, temporary := errors.AsType[*gateway.Error](err); !temporary {
			e.log.Error("a provider's news cannot be stored", "app_id", a.app.String(), "channel", string(a.channel), "error", err)
		}
		return err
	}
	for _, r := range b.Reports {
		e.metrics.Reports.WithLabelValues(string(a.channel), string(r.Status)).Inc()
	}
	e.metrics.Inbound.WithLabelValues(string(a.channel)).Add(float64(len(b.Inbound)))
	return nil
}

// ingest is a batch of a provider on its way to the disk.
type ingest struct {
	engine  *Engine
	account *account
	batch   channel.Batch
}

func (in *ingest) refKey(ref string) store.RefKey {
	return store.RefKey{Channel: string(in.account.channel), App: in.account.app, Ref: ref}
}

func (in *ingest) want() []func(*store.Tx) {
	return []func(*store.Tx){
		func(tx *store.Tx) {
			for _, r := range in.batch.Reports {
				if r.Ref != "" {
					tx.Refs.Want(in.refKey(r.Ref))
				}
			}
			for _, i := range in.batch.Inbound {
				if i.Key != "" {
					tx.Seen.Want(in.refKey(i.Key))
				}
				tx.WantPerson(in.identity(i), in.account.app)
			}
		},
		in.wantMessages,
		func(tx *store.Tx) {
			for _, i := range in.batch.Inbound {
				wantActive(tx, in.account.app, in.identity(i))
			}
		},
	}
}

// wantMessages is what the references and identities lead to.
func (in *ingest) wantMessages(tx *store.Tx) {
	for _, r := range in.batch.Reports {
		if ref, found, err := tx.Refs.Get(in.refKey(r.Ref)); err == nil && found {
			tx.WantMessage(ref.Message)
			tx.Contents.Want(ref.Message)
		} else if id, ok := gateway.ParseID(r.MessageID); ok {
			tx.WantMessage(id)
			tx.Contents.Want(id)
		}
	}
	if a, known := in.engine.directory.app(in.account.app); known && a.resource.ProcessingMode == convapi.ModeConversation {
		for _, i := range in.batch.Inbound {
			wantOwners(tx, in.account.app, in.identity(i))
		}
	}
}

func (in *ingest) run(tx *store.Tx) error {
	for _, r := range in.batch.Reports {
		if err := in.report(tx, r); err != nil {
			return err
		}
	}
	a, known := in.engine.directory.app(in.account.app)
	if !known {
		return nil // deleted meanwhile: there is nobody to tell
	}
	for _, i := range in.batch.Inbound {
		if err := in.inbound(tx, a, i); err != nil {
			return err
		}
	}
	return nil
}

// report finds the message that a provider speaks of: by the provider's id, or
// by ours where it was echoed, which also works before the answer to the send.
func (in *ingest) report(tx *store.Tx, r channel.Report) error {
	if r.Ref != "" {
		ref, found, err := tx.Refs.Get(in.refKey(r.Ref))
		if err != nil {
			return err
		}
		if found {
			return in.engine.report(tx, ref.Message, ref.Hop, ref.Part, r)
		}
	}
	if id, ok := gateway.ParseID(r.MessageID); ok {
		c, err := in.engine.open(tx, id)
		if err != nil {
			return err
		}
		if c != nil && c.row.App == in.account.app {
			return in.reportOn(tx, c, r)
		}
	}
	if r.Ref == "" {
		return nil
	}
	return in.hold(tx, r)
}

// reportOn applies a report that names our message and not the attempt: to the
// last hop of this channel that was tried. Its reference becomes known. Where the
// provider echoes no part, it stands for the whole message: the answer that would
// have told the parts may have been lost, and then a single part could never
// complete it.
func (in *ingest) reportOn(tx *store.Tx, c *change, r channel.Report) error {
	for hop := c.row.State.Hop; hop >= 0; hop-- {
		if hop >= len(c.plan.Hops) || c.plan.Hops[hop].Channel != in.account.channel || c.row.State.Progress[hop].Attempts == 0 {
			continue
		}
		part := lifecycle.Whole
		if r.Part > 0 {
			part = r.Part - 1
		}
		if r.Ref != "" {
			tx.Refs.Put(store.Ref{RefKey: in.refKey(r.Ref), Message: c.row.ID, Hop: hop, Part: part})
		}
		return in.engine.report(tx, c.row.ID, hop, part, r)
	}
	return nil
}

// hold keeps a report until the answer to the send tells whose it is.
func (in *ingest) hold(tx *store.Tx, r channel.Report) error {
	key := in.refKey(r.Ref)
	held, found, err := tx.Held.Get(key)
	if err != nil {
		return err
	}
	var reports []channel.Report
	if found {
		if err := json.Unmarshal(held.Reports, &reports); err != nil {
			return err
		}
	} else {
		held = store.Held{RefKey: key, At: tx.Now}
	}
	if len(reports) >= maxHeld {
		return nil
	}
	if held.Reports, err = json.Marshal(append(reports, r)); err != nil {
		return err
	}
	tx.Held.Put(held)
	return nil
}

// maxHeld bounds the reports on one unknown reference; a provider that repeats
// itself need not be remembered each time.
const maxHeld = 8

// forgetHeld drops reports that nobody has claimed in time.
func (e *Engine) forgetHeld(ctx context.Context) {
	list, err := e.db.HeldBefore(ctx, time.Now().Add(-heldFor), 1000)
	if err != nil || len(list) == 0 {
		return
	}
	err = e.db.ApplyOwed(ctx, store.Op{Run: func(tx *store.Tx) error {
		for _, h := range list {
			tx.Held.Delete(h.RefKey)
		}
		return nil
	}})
	if err == nil {
		for _, h := range list {
			e.log.Info("reports on an unknown reference were dropped", "app_id", h.App.String(), "channel", h.Channel, "reference", h.Ref)
		}
	}
}
