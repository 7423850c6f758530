package delivery

import (
	"container/heap"
	"slices"
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Why a callback was dropped, in store.Dropped.Reason.
const (
	// ReasonRefused: the endpoint's answer forbids a repetition.
	ReasonRefused = "refused"
	// ReasonExpired: it has not been delivered within the schedule's window.
	ReasonExpired = "expired"
	// ReasonDismissed: the webhook was set to DISMISS while it was in retry.
	ReasonDismissed = "dismissed"
)

// entry is a callback in a hook's memory. Entries with the same order key are
// chained: the first is the only one that may be posted.
type entry struct {
	callback store.Callback
	lane     *lane  // whose cursor waits for it; nil if it is behind the cursor
	next     *entry // the following one with the same order key

	attempts int
	firstAt  time.Time // zero before the first attempt
	nextAt   time.Time
	status   int
	error    string

	parked bool   // has, or gets with the next flush, a row that lets the cursor pass
	stored bool   // its row is in the store, or in a batch on its way there
	lost   bool   // its row has outlived the callback itself
	done   bool   // delivered or dropped
	reason string // why it was dropped
	listed bool   // among the hook's changes

	shed   bool            // its lane belongs to another node by now
	landed *sync.WaitGroup // waits for its post to end
}

// row is what the store keeps of an entry.
func (e *entry) row(webhook gateway.ID) store.Delivery {
	return store.Delivery{
		DeliveryKey: e.key(webhook), App: e.callback.App, Attempts: e.attempts,
		FirstAt: e.firstAt, NextAt: e.nextAt, Status: e.status, Error: e.error,
	}
}

func (e *entry) key(webhook gateway.ID) store.DeliveryKey {
	return store.DeliveryKey{Lane: e.callback.Lane, Webhook: webhook, Position: e.callback.Position}
}

func (e *entry) dropped(webhook gateway.ID, at time.Time) store.Dropped {
	return store.Dropped{
		DeliveryKey: e.key(webhook), App: e.callback.App, At: at, Attempts: e.attempts,
		Status: e.status, Reason: e.reason, Error: e.error,
	}
}

// restored is an entry of a row.
func restored(c store.Callback, r store.Delivery) *entry {
	return &entry{
		callback: c, attempts: r.Attempts, firstAt: r.FirstAt, nextAt: r.NextAt,
		status: r.Status, error: r.Error, stored: true,
	}
}

// entryHeap is a priority queue of entries.
type entryHeap struct {
	list   []*entry
	before func(a, b *entry) bool
}

func byPosition(a, b *entry) bool { return a.callback.Position < b.callback.Position }
func byTime(a, b *entry) bool     { return a.nextAt.Before(b.nextAt) }

// The methods of heap.Interface.

func (q *entryHeap) Len() int           { return len(q.list) }
func (q *entryHeap) Less(i, j int) bool { return q.before(q.list[i], q.list[j]) }
func (q *entryHeap) Swap(i, j int)      { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *entryHeap) Push(e any)         { q.list = append(q.list, e.(*entry)) }
func (q *entryHeap) Pop() any {
	last := len(q.list) - 1
	e := q.list[last]
	q.list[last] = nil
	q.list = q.list[:last]
	return e
}

// shed removes and returns the entries of lanes.
func (q *entryHeap) shed(lanes laneSet) (out []*entry) {
	q.list = slices.DeleteFunc(q.list, func(e *entry) bool {
		if !lanes.has(e.callback.Lane) {
			return false
		}
		out = append(out, e)
		return true
	})
	heap.Init(q)
	return out
}

func (q *entryHeap) add(e *entry) { heap.Push(q, e) }
func (q *entryHeap) take() *entry { return heap.Pop(q).(*entry) }

// first is the next one to be taken, nil if there is none.
func (q *entryHeap) first() *entry {
	if len(q.list) == 0 {
		return nil
	}
	return q.list[0]
}
