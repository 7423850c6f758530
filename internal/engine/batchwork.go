package engine

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// errNotOurs: the batch is no more, has ended, or lies in a lane of another node.
var errNotOurs = errors.New("the batch is not this node's to work on")

// errAgain: an item cannot be done at this moment.
var errAgain = errors.New("not now")

// batchWork is one pass over a batch. Each item is an operation of its own, which
// also says in the item's row what has become of it: so each is done once, whatever
// happens in between and however often a pass is made.
type batchWork struct {
	*batches
	id     gateway.ID
	row    store.Batch
	common batchCommon
	last   bool // what cannot be done now is refused

	under  sync.WaitGroup
	ending atomic.Bool // errNotOurs or ErrClosed was met
	undone atomic.Bool // an item is left for another pass
}

func (w *batchWork) run() error {
	if err := w.begin(); err != nil {
		return err
	}
	request, found, err := w.engine.db.BatchRequest(w.ctx, w.id)
	if err == nil && !found {
		err = errNotOurs // it has ended meanwhile
	}
	if err == nil {
		err = json.Unmarshal(request.Body, &w.common)
	}
	if err != nil {
		return err
	}
	err = w.walk()
	w.under.Wait()
	switch {
	case err != nil:
		return err
	case w.ending.Load():
		return errNotOurs
	case w.undone.Load():
		return errors.New("not all of it could be done")
	}
	return nil
}

// begin sees that the batch is to be worked on, here and now.
func (w *batchWork) begin() error {
	return w.engine.db.ApplyOwed(w.ctx, store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) { tx.Batches.Want(w.id) }},
		Run: func(tx *store.Tx) error {
			row, found, err := tx.Batches.Get(w.id)
			if err != nil {
				return err
			}
			if !found || row.Due.IsZero() || !tx.Owns(w.engine.db.Lane(w.id)) {
				return errNotOurs
			}
			if row.Status == store.BatchScheduled {
				row.Status = store.BatchReady
				err = w.engine.putBatch(tx, row)
			}
			w.row = row
			return err
		},
	})
}

// walk does the items that are not done.
func (w *batchWork) walk() error {
	for behind, more := -1, true; more; {
		page, err := w.engine.db.BatchItems(w.ctx, w.id, behind, batchPage)
		if err != nil {
			return err
		}
		for _, item := range page {
			if item.Done() {
				continue
			}
			if w.ending.Load() || w.ctx.Err() != nil {
				return errNotOurs
			}
			w.item(item)
		}
		if more = len(page) == batchPage; more {
			behind = page[len(page)-1].Number
		}
	}
	return nil
}

// item sets an item going. While there is no room for what it does, it waits.
func (w *batchWork) item(item store.BatchItem) {
	for {
		act, err := w.act(item)
		if passing(err) {
			if w.pause(); w.ctx.Err() != nil {
				return
			}
			continue
		}
		if err != nil && refusalOf(err).Status == string(gateway.Internal) && !w.last {
			w.undone.Store(true)
			w.engine.log.Warn("an item of a batch is left for another pass", "batch_id", w.id.String(), "item", item.Number, "error", err)
			return
		}
		select {
		case w.places <- struct{}{}:
		case <-w.ctx.Done():
			if err == nil {
				act.close()
			}
			return
		}
		w.under.Add(1)
		if err != nil {
			w.refuse(item, err)
		} else {
			w.submit(item, act)
		}
		return
	}
}

// passing says that an error is one of the moment: of a full queue, a full disk, a
// database that is away.
func passing(err error) bool {
	one, ok := errors.AsType[*gateway.Error](err)
	return ok && (one.Code == gateway.ResourceExhausted || one.Code == gateway.Unavailable)
}

// submit does an item. What refuses it is noted in an operation of its own, for that
// of the item leaves nothing then.
func (w *batchWork) submit(item store.BatchItem, act action) {
	op := store.Op{
		Trace: w.common.Trace,
		Want:  w.want(item, act.want()),
		Run: func(tx *store.Tx) error {
			return w.settle(tx, item, func(row *store.BatchItem) (refused bool, err error) {
				row.Result, err = act.run(tx)
				return false, err
			})
		},
	}
	w.engine.db.Submit(op, func(err error) {
		act.close()
		switch {
		case err == nil || w.ends(err):
			w.done()
		case errors.Is(err, errAgain):
			w.undone.Store(true)
			w.done()
		default:
			w.refuse(item, err)
		}
	})
}

// ends says whether an error ends the pass.
func (w *batchWork) ends(err error) bool {
	if errors.Is(err, errNotOurs) || errors.Is(err, store.ErrClosed) {
		w.ending.Store(true)
		return true
	}
	return false
}

func (w *batchWork) done() {
	<-w.places
	w.under.Done()
}

// refuse notes why an item is not done.
func (w *batchWork) refuse(item store.BatchItem, cause error) {
	detail := refusalOf(cause)
	if detail.Status == string(gateway.Internal) {
		w.engine.log.Error("an item of a batch cannot be done", "batch_id", w.id.String(), "item", item.Number, "error", cause)
	}
	text, err := convapi.Marshal(detail)
	op := store.Op{
		Trace: w.common.Trace,
		Want:  w.want(item, nil),
		Run: func(tx *store.Tx) error {
			return w.settle(tx, item, func(row *store.BatchItem) (refused bool, err error) {
				row.Refusal = text
				return true, w.tellRefused(tx, item, detail)
			})
		},
	}
	if err != nil {
		op.Run = func(*store.Tx) error { return err }
	}
	w.engine.db.Submit(op, func(err error) {
		if err != nil && !w.ends(err) {
			w.undone.Store(true)
			w.engine.log.Error("the refusal of an item of a batch was not stored", "batch_id", w.id.String(), "item", item.Number, "error", err)
		}
		w.done()
	})
}

// want adds the rows of the batch to what an item's action will read.
func (w *batchWork) want(item store.BatchItem, rounds []func(*store.Tx)) []func(*store.Tx) {
	first := func(tx *store.Tx) {
		tx.Batches.Want(w.id)
		tx.BatchItems.Want(item.BatchItemKey)
	}
	if len(rounds) == 0 {
		return []func(*store.Tx){first}
	}
	out := slices.Clone(rounds)
	out[0] = func(tx *store.Tx) { first(tx); rounds[0](tx) }
	return out
}

// settle is the operation on an item: it does it unless that has been done, notes
// what has become of it, and ends the batch with its last item.
func (w *batchWork) settle(tx *store.Tx, item store.BatchItem, do func(*store.BatchItem) (refused bool, err error)) error {
	batch, found, err := tx.Batches.Get(w.id)
	if err != nil {
		return err
	}
	if !found || batch.Due.IsZero() || !tx.Owns(w.engine.db.Lane(w.id)) {
		return errNotOurs
	}
	row, found, err := tx.BatchItems.Get(item.BatchItemKey)
	if err != nil || !found || row.Done() {
		return err
	}
	refused, err := do(&row)
	if err != nil {
		return err
	}
	row.Body = nil
	tx.BatchItems.Put(row)
	batch.Done++
	if refused {
		batch.Refused++
	}
	if batch.Done == batch.Total {
		return w.engine.endBatch(tx, batch, store.BatchProcessed)
	}
	tx.Batches.Put(batch)
	return nil
}
