package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// retention measures the service of a webhook before and while the messages of
// an app that have become too old are deleted.
func (b *bench) retention(ctx context.Context, r *rig, old string) error {
	app, in, alone, err := r.alone(ctx)
	if err != nil {
		return err
	}
	policy := []byte(`{"retention_policy":{"retention_type":"MESSAGE_EXPIRE_POLICY","ttl_days":1}}`)
	if _, err := r.request(ctx, http.MethodPatch, r.gateways[0], "apps/"+old, policy); err != nil {
		return err
	}
	r.stop()
	if err := r.start(ctx, "SWITCHYARD_RETENTION_INTERVAL=1s"); err != nil {
		return err
	}
	before, err := r.deleted(ctx, 1)
	if err != nil {
		return err
	}
	begin := time.Now()
	beside, err := r.healthy(ctx, app, in)
	if err != nil {
		return err
	}
	took := time.Since(begin)
	after, err := r.deleted(ctx, 0)
	if err != nil {
		return err
	}
	if after >= float64(b.cfg.Messages)*0.96 { // one day of thirty stays
		return fmt.Errorf("all was deleted within %s: give more --messages", took)
	}
	b.noteNeighbours(alone, beside)
	b.note("deleted meanwhile", (after-before)/took.Seconds(), "/s", none)
	time.Sleep(b.cfg.Duration)
	last, err := r.deleted(ctx, 0)
	if err != nil {
		return err
	}
	b.note("deleted without load", (last-after)/b.cfg.Duration.Seconds(), "/s", none)
	return nil
}

// deleted is how many messages the gateways have deleted for their age; it waits
// until there are so many.
func (r *rig) deleted(ctx context.Context, atLeast float64) (float64, error) {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		u, err := r.usage(ctx)
		if err != nil || u.deleted >= atLeast {
			return u.deleted, err
		}
		if time.Since(begin) > settleTime {
			return 0, fmt.Errorf("nothing has been deleted within %s", settleTime)
		}
	}
}
