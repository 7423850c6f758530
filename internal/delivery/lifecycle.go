package delivery

import (
	"context"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Start takes up the delivery to targets where it was left. states are the
// rows of store.Configuration. ctx is for reading the store at the start alone.
func (d *Deliverer) Start(ctx context.Context, targets []Target, states []store.WebhookState) error {
	return nil
}

// Set tells of a webhook that was made or changed, after the commit. It does
// no I/O and may be called from tx.After. A new URL closes the breaker.
func (d *Deliverer) Set(t Target) {}

// Remove tells of a webhook that was deleted, after the commit. Posts under way
// may finish; its rows are removed soon after.
func (d *Deliverer) Remove(id gateway.ID) {}

// Stop begins no new posts, waits for those under way until ctx ends, breaks
// off the rest, and writes what has changed.
func (d *Deliverer) Stop(ctx context.Context) {}

// Append adds a callback to the log within an operation, and delivers it after
// the commit. Without At it gets the time of the batch.
func (d *Deliverer) Append(tx *store.Tx, c store.Callback) {
	if c.At.IsZero() {
		c.At = tx.Now
	}
	tx.Append(c)
}

type hook struct{}
type flusher struct{}
