package engine

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/template"
)

// How the contract rounds the time of a batch: one that is more than scheduleFrom
// ahead goes up to the next whole scheduleStep.
const (
	scheduleFrom = time.Minute
	scheduleStep = 5 * time.Minute
)

// order is a batch on its way to the disk.
type order struct {
	row    store.Batch
	common batchCommon
	items  []any // each is an item's body
	idem   Idempotency
}

// batchCommon is what the items of a batch have in common, as its row keeps it.
type batchCommon struct {
	Request *convapi.SendBatchRequest `json:"request,omitempty"` // of messages
	Trace   string                    `json:"trace,omitempty"`   // traceparent of the acceptance
}

// SendBatch accepts a batch of messages: when it returns, the batch is on disk, and
// its messages will be accepted in its time, each once. replayed says that the
// answer is that of an earlier request with the same key.
func (e *Engine) SendBatch(ctx context.Context, project string, req *convapi.SendBatchRequest, idem Idempotency) (resp convapi.SendBatchResponse, replayed bool, err error) {
	now := e.db.Now()
	if err := req.Validate(now); err != nil {
		return resp, false, err
	}
	a, err := e.appOf(ctx, project, req.AppID)
	if err != nil {
		return resp, false, err
	}
	if err := a.checkOrder(req.ChannelPriorityOrder); err != nil {
		return resp, false, err
	}
	if err := suits(req); err != nil {
		return resp, false, err
	}
	common := *req
	common.RecipientAndParams = nil
	o := &order{
		row:    store.Batch{Project: project, App: a.id, Kind: store.BatchMessages, Metadata: []byte("{}")},
		common: batchCommon{Request: &common, Trace: e.tracing.Traceparent(ctx)}, idem: idem,
	}
	o.row.SendAfter, o.row.Status = schedule(req.SendAfter.Time, now)
	if len(req.BatchMetadata) > 0 && string(req.BatchMetadata) != "null" {
		if o.row.Metadata, err = convapi.Canonicalize(req.BatchMetadata); err != nil {
			return resp, false, err
		}
	}
	for i := range req.RecipientAndParams {
		o.items = append(o.items, req.RecipientAndParams[i])
	}
	row, replayed, err := e.acceptBatch(ctx, o)
	if err != nil {
		return resp, false, err
	}
	return convapi.SendBatchResponse{BatchID: row.ID.String(), SendAfter: convapi.At(row.SendAfter)}, replayed, nil
}

// checkOrder refuses channels that the app has no credential for.
func (a *app) checkOrder(channels []convapi.Channel) error {
	for i, ch := range channels {
		if _, credential := a.credential(ch); credential == nil {
			return gateway.Invalid(fmt.Sprintf("channel_priority_order[%d]", i), "%s is not configured in the app", ch)
		}
	}
	return nil
}

// suits refuses a message that is in order for none of the recipients. Where it is
// for some, the others are refused when their turn comes.
func suits(req *convapi.SendBatchRequest) error {
	var first error
	for _, one := range req.RecipientAndParams {
		_, err := sendRequest(req, one, gateway.ID{})
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// sendRequest is a batch's request for one of its recipients.
func sendRequest(req *convapi.SendBatchRequest, one convapi.BatchRecipient, batch gateway.ID) (*convapi.SendMessageRequest, error) {
	message, err := template.Fill(req.Message, one.Parameters)
	if err != nil {
		return nil, gateway.Invalid("message", "%v", err)
	}
	out := req.For(one, batch.String(), message)
	return out, out.Validate()
}

// schedule gives the time of a batch and what state it begins in.
func schedule(wanted, now time.Time) (time.Time, store.BatchStatus) {
	if wanted.Sub(now) <= scheduleFrom {
		return now, store.BatchReady
	}
	at := wanted.Truncate(scheduleStep)
	if at.Before(wanted) {
		at = at.Add(scheduleStep)
	}
	return at.UTC(), store.BatchScheduled
}

// CreateContacts accepts a batch of new contacts.
func (e *Engine) CreateContacts(ctx context.Context, project string, req *convapi.CreateContactsRequest) (convapi.BatchResponse, error) {
	if err := req.Validate(); err != nil {
		return convapi.BatchResponse{}, err
	}
	items := make([]any, len(req.Contacts))
	for i := range req.Contacts {
		items[i] = req.Contacts[i]
	}
	return e.acceptPlain(ctx, project, store.BatchCreateContacts, items)
}

// DeleteContacts accepts a batch of contacts that are to be deleted.
func (e *Engine) DeleteContacts(ctx context.Context, project string, req *convapi.DeleteContactsRequest) (convapi.BatchResponse, error) {
	if err := req.Validate(); err != nil {
		return convapi.BatchResponse{}, err
	}
	items := make([]any, len(req.ContactIDs))
	for i, id := range req.ContactIDs {
		items[i] = id
	}
	return e.acceptPlain(ctx, project, store.BatchDeleteContacts, items)
}

// InsertConsentBatch puts identities on opt-out lists of an app. Unlike other batches
// it is done when it returns: an opt-out that is acknowledged holds from then on.
func (e *Engine) InsertConsentBatch(ctx context.Context, project string, req *convapi.InsertConsentsRequest) (convapi.BatchResponse, error) {
	if err := req.Validate(); err != nil {
		return convapi.BatchResponse{}, err
	}
	a, err := e.appOf(ctx, project, req.AppID)
	if err != nil {
		return convapi.BatchResponse{}, err
	}
	records := make([]ConsentRecord, len(req.ConsentRecords))
	for i, r := range req.ConsentRecords {
		records[i] = ConsentRecord{Identification: r.Identification, List: r.ConsentType}
	}
	if err := e.InsertConsents(ctx, project, req.AppID, records); err != nil {
		return convapi.BatchResponse{}, err
	}
	row := store.Batch{
		ID: newBatchID(), Project: project, App: a.id, Kind: store.BatchConsents, Status: store.BatchProcessed, Metadata: []byte("{}"),
		Total: len(records), Done: len(records),
	}
	err = e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		row.Created, row.SendAfter, row.Ended = tx.Now, tx.Now, tx.Now
		tx.Batches.Put(row)
		return nil
	}})
	return convapi.BatchResponse{BatchID: row.ID.String()}, err
}

// newBatchID makes an id of any lane.
func newBatchID() gateway.ID { return gateway.NewID(byte(rand.IntN(gateway.Lanes))) }

// acceptPlain accepts a batch that begins at once and whose items have nothing in
// common.
func (e *Engine) acceptPlain(ctx context.Context, project string, kind store.BatchKind, items []any) (convapi.BatchResponse, error) {
	o := &order{
		row:    store.Batch{Project: project, Kind: kind, SendAfter: e.db.Now(), Status: store.BatchReady, Metadata: []byte("{}")},
		common: batchCommon{Trace: e.tracing.Traceparent(ctx)}, items: items,
	}
	row, _, err := e.acceptBatch(ctx, o)
	return convapi.BatchResponse{BatchID: row.ID.String()}, err
}

// acceptBatch puts a batch on disk and sets it going. It gives its row.
func (e *Engine) acceptBatch(ctx context.Context, o *order) (row store.Batch, replayed bool, err error) {
	if err := e.db.Room(); err != nil {
		return row, false, full(err)
	}
	items := make([]store.BatchItem, len(o.items))
	for i, item := range o.items {
		items[i].Number = i
		if items[i].Body, err = convapi.Marshal(item); err != nil {
			return row, false, err
		}
	}
	common, err := convapi.Marshal(o.common)
	if err != nil {
		return row, false, err
	}
	id := newBatchID()
	err = e.apply(ctx, store.Op{Run: func(tx *store.Tx) (err error) {
		if row, replayed, err = e.replayedBatch(tx, o.idem, o.row.Project); err != nil || replayed {
			return err
		}
		row = o.row
		row.ID, row.Created, row.Total, row.Due = id, tx.Now, len(items), o.row.SendAfter
		for _, item := range items {
			item.Batch = id
			tx.BatchItems.Put(item)
		}
		tx.BatchRequests.Put(store.BatchRequest{ID: id, Body: common})
		for name, value := range convapi.Labels(row.Metadata) {
			tx.BatchLabels.Put(store.BatchLabel{Project: row.Project, Name: name, Value: value, Batch: id})
		}
		if o.idem.Key != "" {
			tx.Idempotency.Put(store.Idempotency{
				IdempotencyKey: store.IdempotencyKey{Project: row.Project, Key: o.idem.Key}, Hash: o.idem.Hash, Message: id, At: tx.Now,
			})
		}
		e.scheduleBatch(tx, row)
		return e.putBatch(tx, row)
	}})
	return row, replayed, err
}

// replayedBatch finds the batch that a request with the same key has made.
func (e *Engine) replayedBatch(tx *store.Tx, idem Idempotency, project string) (row store.Batch, found bool, err error) {
	if idem.Key == "" {
		return row, false, nil
	}
	old, found, err := tx.Idempotency.Get(store.IdempotencyKey{Project: project, Key: idem.Key})
	if err != nil || !found {
		return row, false, err
	}
	if !bytes.Equal(old.Hash, idem.Hash) {
		return row, false, gateway.Errorf(gateway.IdempotencyClash, "the Idempotency-Key was used with another request")
	}
	row, found, err = tx.Batches.Get(old.Message)
	if err == nil && !found {
		row.ID, row.SendAfter, found = old.Message, old.At, true // it is no more
	}
	return row, found, err
}
