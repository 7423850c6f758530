package scenarios

import (
	"context"
	"fmt"

	"switchyard/internal/gateway"
)

// rows counts what the store holds of a kind, whoever it belongs to.
func (p *process) rows(ctx context.Context, what string) (n int, err error) {
	const all = 1 << 20
	last := gateway.ID{}
	for i := range last {
		last[i] = 0xFF
	}
	if what == "message" {
		for app, found, err := p.db.NextApp(ctx, gateway.ID{}); found || err != nil; app, found, err = p.db.NextApp(ctx, app) {
			if err != nil {
				return n, err
			}
			list, err := p.db.OldMessages(ctx, app, gateway.ID{}, last, all)
			if err != nil {
				return n, err
			}
			n += len(list)
		}
		return n, nil
	}
	if what == "batch" || what == "batch_body" {
		return p.batchRows(ctx, what)
	}
	for lane := range p.db.Lanes() {
		in, err := p.rowsIn(ctx, what, lane)
		if err != nil {
			return n, err
		}
		n += in
	}
	return n, nil
}

func (p *process) rowsIn(ctx context.Context, what string, lane int) (n int, err error) {
	const all = 1 << 20
	switch what {
	case "callback":
		for app, found, err := p.db.NextLogApp(ctx, lane, gateway.ID{}); found || err != nil; app, found, err = p.db.NextLogApp(ctx, lane, app) {
			if err != nil {
				return n, err
			}
			list, err := p.db.OldCallbacks(ctx, lane, app, 0, 1<<63-1, all)
			if err != nil {
				return n, err
			}
			n += len(list)
		}
		return n, nil
	case "ref":
		list, err := p.db.Refs(ctx, lane, nil, all)
		return len(list), err
	case "seen":
		list, err := p.db.SeenKeys(ctx, lane, nil, all)
		return len(list), err
	case "idempotency":
		list, err := p.db.IdempotencyKeys(ctx, lane, nil, all)
		return len(list), err
	case "dropped":
		list, err := p.db.DroppedBehind(ctx, lane, nil, all)
		return len(list), err
	case "consent":
		list, err := p.db.Consents(ctx, lane, nil, all)
		return len(list), err
	case "consent_audit":
		list, err := p.db.ConsentHistory(ctx, lane, nil, all)
		return len(list), err
	case "erasure":
		list, err := p.db.Erasures(ctx, lane)
		return len(list), err
	}
	return 0, fmt.Errorf("no rows %q", what)
}
