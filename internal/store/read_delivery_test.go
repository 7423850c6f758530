package store_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// The heads are by lane, and so are the pages of deliveries.
func TestHeadsAndDeliveriesByLane(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		ctx := context.Background()
		db := storetest.Open(t, e.URL(t))
		app, other, webhook := gateway.NewID(1), gateway.NewID(2), gateway.NewID(3)
		want := make(map[int]uint64)
		var rows []store.Delivery
		apply(t, db, func(tx *store.Tx) error {
			clear(want)
			rows = nil
			for _, lane := range []byte{9, 200, 200, 255} {
				tx.Append(store.Callback{App: other, Message: gateway.NewID(lane)})
				c := tx.Append(store.Callback{App: app, Message: gateway.NewID(lane)})
				want[c.Lane] = c.Position
				row := store.Delivery{DeliveryKey: store.DeliveryKey{Lane: c.Lane, Webhook: webhook, Position: c.Position}, App: app}
				tx.Deliveries.Put(row)
				if c.Lane == db.Lane(gateway.NewID(200)) {
					rows = append(rows, row)
				}
			}
			return nil
		})
		callbacks, err1 := db.CallbackHeads(ctx, app)
		deliveries, err2 := db.DeliveryHeads(ctx, webhook)
		none, err3 := db.DeliveryHeads(ctx, app)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		if diff := cmp.Diff(want, callbacks); diff != "" {
			t.Errorf("callbacks: %s", diff)
		}
		if diff := cmp.Diff(want, deliveries); diff != "" {
			t.Errorf("deliveries: %s", diff)
		}
		if len(none) != 0 {
			t.Errorf("a webhook without deliveries has heads %v", none)
		}
		page, err := db.DeliveriesBehind(ctx, db.Lane(gateway.NewID(200)), webhook, rows[0].Position, 1)
		if diff := cmp.Diff(rows[1:2], page); err != nil || diff != "" {
			t.Errorf("page: %v %s", err, diff)
		}
	})
}
