package store

import "context"

// Review has the leases reviewed now.
func (db *DB) Review(ctx context.Context) error { return db.review(ctx) }
