package store

import (
	"context"
	"time"

	"switchyard/internal/gateway"
)

// BatchKind says what a batch does. The numbers are in the store.
type BatchKind int

// The kinds of batches.
const (
	BatchMessages BatchKind = iota + 1
	BatchCreateContacts
	BatchDeleteContacts
	BatchConsents
)

// BatchStatus is what has become of a batch. The numbers are in the store.
type BatchStatus int

// The states of a batch.
const (
	BatchReady BatchStatus = iota + 1
	BatchScheduled
	BatchProcessed
	BatchCancelled
)

// Batch is one request for many things. Its work is that of its lane's owner, who
// finds it by Due.
type Batch struct {
	ID        ID
	Project   string
	App       ID // zero where the batch is the project's
	Kind      BatchKind
	Created   time.Time
	SendAfter time.Time
	Total     int    // items
	Metadata  []byte // a JSON object
	Status    BatchStatus
	Due       time.Time // when it wants to be worked on; zero once it has ended
	Done      int       // items that something has become of
	Refused   int       // of those
	Ended     time.Time // zero before
}

var batches = &table[ID, Batch]{
	schema: define("batch", 2, 9, "lane int", "id blob", "project text", "app blob", "kind int", "created int", "send_after int", "total int", "metadata blob",
		"status int", "due int", "done int", "refused int", "ended int"),
	size:    func(r *Batch) int { return len(r.Metadata) },
	bindKey: encoder.Keyed,
	keyOf:   func(r *Batch) ID { return r.ID },
	bind: func(e encoder, r *Batch) {
		e.Keyed(r.ID)
		e.Text(r.Project)
		e.ID(r.App)
		e.Int(int64(r.Kind))
		e.Time(r.Created)
		e.Time(r.SendAfter)
		e.Int(int64(r.Total))
		e.Blob(r.Metadata)
		e.Int(int64(r.Status))
		e.Time(r.Due)
		e.Int(int64(r.Done))
		e.Int(int64(r.Refused))
		e.Time(r.Ended)
	},
	scan: func(d decoder) Batch {
		d.Lane()
		return Batch{
			ID: d.ID(), Project: d.Text(), App: d.ID(), Kind: BatchKind(d.Int()), Created: d.Time(), SendAfter: d.Time(), Total: int(d.Int()), Metadata: d.Blob(),
			Status: BatchStatus(d.Int()), Due: d.Time(), Done: int(d.Int()), Refused: int(d.Int()), Ended: d.Time(),
		}
	},
}

// BatchRequest is what the items of a batch have in common, as the engine's JSON. It
// goes when the batch has ended.
type BatchRequest struct {
	ID   ID
	Body []byte
}

var batchRequests = &table[ID, BatchRequest]{
	schema:  define("batch_request", 2, 3, "lane int", "id blob", "body blob"),
	unkept:  true,
	bindKey: encoder.Keyed,
	keyOf:   func(r *BatchRequest) ID { return r.ID },
	bind:    func(e encoder, r *BatchRequest) { e.Keyed(r.ID); e.Blob(r.Body) },
	scan: func(d decoder) BatchRequest {
		d.Lane()
		return BatchRequest{d.ID(), d.Blob()}
	},
}

// BatchItemKey names an item of a batch by its number in the request, from 0.
type BatchItemKey struct {
	Batch  ID
	Number int
}

// BatchItem is one thing that a batch does. Its body goes when something has become
// of it.
type BatchItem struct {
	BatchItemKey
	Body    []byte // the engine's, as JSON; empty once it is done
	Result  ID     // of what was made; zero for none
	Refusal []byte // why nothing was, as the engine's JSON; empty if something was
}

// Done says whether something has become of the item.
func (i *BatchItem) Done() bool { return len(i.Body) == 0 }

func bindBatchItemKey(e encoder, k BatchItemKey) {
	e.Keyed(k.Batch)
	e.Int(int64(k.Number))
}

var batchItems = &table[BatchItemKey, BatchItem]{
	schema:  define("batch_item", 3, 3, "lane int", "batch blob", "number int", "body blob", "result blob", "refusal blob"),
	unkept:  true,
	bindKey: bindBatchItemKey,
	keyOf:   func(r *BatchItem) BatchItemKey { return r.BatchItemKey },
	bind: func(e encoder, r *BatchItem) {
		bindBatchItemKey(e, r.BatchItemKey)
		e.Blob(r.Body)
		e.ID(r.Result)
		e.Blob(r.Refusal)
	},
	scan: func(d decoder) BatchItem {
		d.Lane()
		return BatchItem{BatchItemKey{d.ID(), int(d.Int())}, d.Blob(), d.ID(), d.Blob()}
	},
}

// BatchLabel finds a batch by a member of its metadata. It lies in the lane of its
// own hash.
type BatchLabel struct {
	Project, Name, Value string
	Batch                ID
}

func bindBatchLabel(e encoder, k BatchLabel) {
	e.Lane(gateway.LaneOf(k.Name + "\x00" + k.Value))
	e.Text(k.Project)
	e.Text(k.Name)
	e.Text(k.Value)
	e.ID(k.Batch)
}

var batchLabels = &table[BatchLabel, BatchLabel]{
	schema:  define("batch_label", 5, 5, "lane int", "project text", "name text", "value text", "batch blob"),
	unkept:  true,
	bindKey: bindBatchLabel,
	keyOf:   func(r *BatchLabel) BatchLabel { return *r },
	bind:    func(e encoder, r *BatchLabel) { bindBatchLabel(e, *r) },
	scan: func(d decoder) BatchLabel {
		d.Lane()
		return BatchLabel{d.Text(), d.Text(), d.Text(), d.ID()}
	},
}

// Batch reads a batch, beside the writer.
func (db *DB) Batch(ctx context.Context, id ID) (Batch, bool, error) {
	return read(ctx, db, batches, id)
}

// BatchRequest reads what the items of a batch have in common.
func (db *DB) BatchRequest(ctx context.Context, id ID) (BatchRequest, bool, error) {
	return read(ctx, db, batchRequests, id)
}

// BatchItems lists items of a batch in their order, behind a number (-1: all).
func (db *DB) BatchItems(ctx context.Context, id ID, behind, limit int) ([]BatchItem, error) {
	var a args
	tail := "WHERE lane = " + a.add(db.Lane(id)) + " AND batch = " + a.add(id) + " AND number > " + a.add(behind) + " ORDER BY number LIMIT " + a.add(limit)
	return list(ctx, db, batchItems, tail, a)
}

// UnfinishedBatches lists batches that have not ended, the longest due first, behind
// the given one.
func (db *DB) UnfinishedBatches(ctx context.Context, behind Batch, limit int) ([]Batch, error) {
	var a args
	tail := "WHERE due > 0 AND (due, id) > (" + a.add(behind.Due) + ", " + a.add(behind.ID) + ") ORDER BY due, id LIMIT " + a.add(limit)
	return list(ctx, db, batches, tail, a)
}

// Batches lists batches of a project, the newest first, older than before (zero: all).
func (db *DB) Batches(ctx context.Context, project string, kind BatchKind, before ID, limit int) ([]Batch, error) {
	var a args
	tail := "WHERE project = " + a.add(project) + " AND kind = " + a.add(int(kind))
	if !before.IsZero() {
		tail += " AND id < " + a.add(before)
	}
	return list(ctx, db, batches, tail+" ORDER BY id DESC LIMIT "+a.add(limit), a)
}

// LabelledBatches lists the ids of batches with a label, the newest first, older than
// before (zero: all).
func (db *DB) LabelledBatches(ctx context.Context, label BatchLabel, limit int) ([]ID, error) {
	before := label.Batch
	if before.IsZero() {
		for i := range before {
			before[i] = 0xFF
		}
	}
	var a args
	tail := "WHERE lane = " + a.add(int(gateway.LaneOf(label.Name+"\x00"+label.Value))%db.Lanes()) + " AND project = " + a.add(label.Project) +
		" AND name = " + a.add(label.Name) + " AND value = " + a.add(label.Value) + " AND batch < " + a.add(before) + " ORDER BY batch DESC LIMIT " + a.add(limit)
	rows, err := list(ctx, db, batchLabels, tail, a)
	ids := make([]ID, len(rows))
	for i, row := range rows {
		ids[i] = row.Batch
	}
	return ids, err
}

// OldBatches lists batches that have ended and are older than an id, behind another
// one.
func (db *DB) OldBatches(ctx context.Context, behind, before ID, limit int) ([]Batch, error) {
	var a args
	tail := "WHERE due = 0 AND id > " + a.add(behind) + " AND id < " + a.add(before) + " ORDER BY id LIMIT " + a.add(limit)
	return list(ctx, db, batches, tail, a)
}
