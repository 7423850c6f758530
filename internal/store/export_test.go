package store

import "context"

// Review has the leases reviewed now.
func (db *DB) Review(ctx context.Context) error { return db.review(ctx) }

// Known says whether a row's key is in the memory of the writer.
func (r *rows[K, R]) Known(key K) bool { return r.find(key) != nil }
