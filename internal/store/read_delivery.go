package store

import (
	"context"
	"strconv"
	"strings"
)

// everyLane is a table expression of all lanes, to look into each by its key.
func (db *DB) everyLane(a *args) string {
	return "WITH RECURSIVE lanes(lane) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT lane + 1 FROM lanes WHERE lane + 1 < " + a.add(db.Lanes()) + ") "
}

// inEveryLane is a condition that is always true, and lets what stands behind the
// lane in a key be looked up in each.
func (db *DB) inEveryLane() string {
	lanes := make([]string, db.Lanes())
	for i := range lanes {
		lanes[i] = strconv.Itoa(i)
	}
	return "lane IN (" + strings.Join(lanes, ",") + ")"
}

// ofWebhook lists the rows of a webhook in a table whose key begins with lane and
// webhook: all of them, or up to limit.
func ofWebhook[K comparable, R any](ctx context.Context, db *DB, t *table[K, R], webhook ID, order string, limit int) (out []R, err error) {
	var a args
	query := "SELECT " + t.all("%") + " FROM " + t.name + " WHERE " + db.inEveryLane() + " AND webhook = " + a.add(webhook) + order
	if limit > 0 {
		query += " LIMIT " + a.add(limit)
	}
	err = db.engine.query(ctx, query, a, func(d decoder) { out = append(out, t.scan(d)) })
	return out, err
}

// heads reads pairs of lane and position, those of empty lanes left out.
func (db *DB) heads(ctx context.Context, query string, a args) (map[int]uint64, error) {
	heads := make(map[int]uint64)
	err := db.engine.query(ctx, query, a, func(d decoder) {
		if lane, position := d.Lane(), d.Int(); position > 0 {
			heads[lane] = uint64(position)
		}
	})
	return heads, err
}

// CallbackHeads reads the position of an app's newest callback in each lane
// that has any.
func (db *DB) CallbackHeads(ctx context.Context, app ID) (map[int]uint64, error) {
	var a args
	query := db.everyLane(&a) + "SELECT lane, coalesce((SELECT max(position) FROM callback c WHERE c.lane = lanes.lane AND c.app = " + a.add(app) + "), 0) FROM lanes"
	return db.heads(ctx, query, a)
}

// DeliveryHeads reads the position of a webhook's newest Delivery in each lane
// that has any.
func (db *DB) DeliveryHeads(ctx context.Context, webhook ID) (map[int]uint64, error) {
	var a args
	query := db.everyLane(&a) + "SELECT lane, coalesce((SELECT max(position) FROM delivery c WHERE c.lane = lanes.lane AND c.webhook = " + a.add(webhook) + "), 0) FROM lanes"
	return db.heads(ctx, query, a)
}

// DeliveriesBehind reads up to limit deliveries of a webhook behind a position
// in one lane.
func (db *DB) DeliveriesBehind(ctx context.Context, lane int, webhook ID, behind uint64, limit int) ([]Delivery, error) {
	var a args
	tail := "WHERE lane = " + a.add(lane) + " AND webhook = " + a.add(webhook) + " AND position > " + a.add(behind) + " ORDER BY position LIMIT " + a.add(limit)
	return list(ctx, db, deliveries, tail, a)
}
