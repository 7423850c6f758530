package store_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// takeOver is what another process does when the owner has been silent.
func takeOver(t *testing.T, url string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "UPDATE owner SET node = 'two', epoch = epoch + 1"); err != nil {
		t.Fatal(err)
	}
}
