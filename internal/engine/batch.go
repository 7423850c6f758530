package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// scheduleBatch has a batch worked on in its time by the node that owns its lane.
func (e *Engine) scheduleBatch(tx *store.Tx, row store.Batch) {
	lane := e.db.Lane(row.ID)
	if !tx.Hand(lane, store.Handoff{Kind: store.HandoffBatch, Lane: lane, App: row.App, Subject: row.ID, At: row.Due, Detail: row.Project}) {
		tx.After(func() { e.batches.add(row) })
	}
}

// putBatch writes a batch's row in a new state, and tells of it.
func (e *Engine) putBatch(tx *store.Tx, row store.Batch) error {
	tx.Batches.Put(row)
	a, known := e.directory.app(row.App)
	if !known || row.Kind != store.BatchMessages {
		return nil
	}
	shown := showBatch(row)
	return e.tell(tx, a, row.ID, "", convapi.Callback{BatchStatusUpdate: &convapi.BatchStatusUpdate{
		BatchID: shown.BatchID, Status: shown.Status, MetaData: shown.MetaData, SendAfter: shown.SendAfter,
		Total: shown.Total, Accepted: shown.Accepted, Refused: shown.Refused,
	}})
}

// endBatch is for a batch of which nothing is to be done any more: what its items
// had in common goes.
func (e *Engine) endBatch(tx *store.Tx, row store.Batch, status store.BatchStatus) error {
	row.Status, row.Due, row.Ended = status, time.Time{}, tx.Now
	tx.BatchRequests.Delete(row.ID)
	return e.putBatch(tx, row)
}

// CancelBatch cancels a batch that is scheduled. What is unknown, has begun or is
// over stays as it is: the contract answers the same to all of them.
func (e *Engine) CancelBatch(ctx context.Context, project, text string) error {
	id, ok := gateway.ParseID(text)
	if !ok {
		return nil
	}
	return e.apply(ctx, store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) { tx.Batches.Want(id) }},
		Run: func(tx *store.Tx) error {
			row, found, err := tx.Batches.Get(id)
			if err != nil || !found || row.Project != project || row.Status != store.BatchScheduled || !tx.Now.Before(row.SendAfter) {
				return err
			}
			for number := range row.Total {
				tx.BatchItems.Delete(store.BatchItemKey{Batch: id, Number: number})
			}
			return e.endBatch(tx, row, store.BatchCancelled)
		},
	})
}

// CancelBatches cancels all scheduled batches that the filter selects.
func (e *Engine) CancelBatches(ctx context.Context, project string, f BatchFilter) error {
	label := store.BatchLabel{Project: project, Name: f.Label, Value: f.Value}
	for {
		ids, err := e.db.LabelledBatches(ctx, label, batchPage)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := e.CancelBatch(ctx, project, id.String()); err != nil {
				return err
			}
		}
		if len(ids) < batchPage {
			return nil
		}
		label.Batch = ids[len(ids)-1]
	}
}

// batchPage is how many batches, or items of one, are read at once.
const batchPage = 100

// Batch gives one batch with what has become of its items.
func (e *Engine) Batch(ctx context.Context, project, text string) (convapi.Batch, error) {
	id, ok := gateway.ParseID(text)
	if !ok {
		return convapi.Batch{}, notFound("batch", text)
	}
	row, found, err := e.db.Batch(ctx, id)
	if err == nil && (!found || row.Project != project) {
		err = notFound("batch", text)
	}
	if err != nil {
		return convapi.Batch{}, err
	}
	items, err := e.db.BatchItems(ctx, id, -1, convapi.MaxBatch)
	if err != nil {
		return convapi.Batch{}, err
	}
	out := showBatch(row)
	out.Results, err = showResults(row.Kind, items)
	return out, err
}

// MessageBatch gives one batch of messages.
func (e *Engine) MessageBatch(ctx context.Context, project, text string) (convapi.Batch, error) {
	if id, ok := gateway.ParseID(text); ok {
		row, found, err := e.db.Batch(ctx, id)
		if err != nil {
			return convapi.Batch{}, err
		}
		if found && row.Kind != store.BatchMessages {
			return convapi.Batch{}, notFound("batch", text)
		}
	}
	return e.Batch(ctx, project, text)
}

// BatchFilter selects batches by a member of their metadata; the zero value selects
// all.
type BatchFilter struct{ Label, Value string }

// Batches lists batches of messages, the newest first.
func (e *Engine) Batches(ctx context.Context, project string, f BatchFilter, p Page) ([]convapi.Batch, string, error) {
	before, err := openToken(p.Token)
	if err != nil {
		return nil, "", err
	}
	rows, err := e.batchRows(ctx, store.BatchLabel{Project: project, Name: f.Label, Value: f.Value, Batch: before}, p.Size+1)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(rows, p.Size, func(r *store.Batch) gateway.ID { return r.ID })
	out := make([]convapi.Batch, len(rows))
	for i, row := range rows {
		out[i] = showBatch(row)
	}
	return out, next, nil
}

func (e *Engine) batchRows(ctx context.Context, label store.BatchLabel, limit int) ([]store.Batch, error) {
	if label.Name == "" {
		return e.db.Batches(ctx, label.Project, store.BatchMessages, label.Batch, limit)
	}
	ids, err := e.db.LabelledBatches(ctx, label, limit)
	if err != nil {
		return nil, err
	}
	var rows []store.Batch
	for _, id := range ids {
		row, found, err := e.db.Batch(ctx, id)
		if err != nil {
			return nil, err
		}
		if found {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// batchStatus is how the contract names the states.
var batchStatus = map[store.BatchStatus]convapi.BatchStatus{
	store.BatchReady: convapi.BatchReady, store.BatchScheduled: convapi.BatchScheduled,
	store.BatchProcessed: convapi.BatchProcessed, store.BatchCancelled: convapi.BatchCancelled,
}

func showBatch(row store.Batch) convapi.Batch {
	return convapi.Batch{
		BatchID: row.ID.String(), Status: batchStatus[row.Status], MetaData: row.Metadata, SendAfter: convapi.At(row.SendAfter),
		Total: row.Total, Accepted: row.Done - row.Refused, Refused: row.Refused,
	}
}

func showResults(kind store.BatchKind, items []store.BatchItem) (out []convapi.BatchResult, err error) {
	for _, item := range items {
		if !item.Done() {
			continue
		}
		result := convapi.BatchResult{Index: item.Number}
		switch {
		case len(item.Refusal) > 0:
			result.Error = &convapi.ErrorDetail{}
			if err := json.Unmarshal(item.Refusal, result.Error); err != nil {
				return nil, fmt.Errorf("refusal of item %d of batch %s: %w", item.Number, item.Batch, err)
			}
		case kind == store.BatchMessages:
			result.MessageID = item.Result.String()
		case kind == store.BatchCreateContacts || kind == store.BatchDeleteContacts:
			result.ContactID = item.Result.String()
		}
		out = append(out, result)
	}
	return out, nil
}
