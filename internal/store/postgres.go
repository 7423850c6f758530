package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"switchyard/internal/gateway"
)

// postgresReaders bounds the connections that read beside the writer's one.
const postgresReaders = 8

// postgresEngine writes each batch as one statement a table, sent in one
// pipeline that PostgreSQL runs as one transaction.
type postgresEngine struct {
	writer *pgx.Conn
	pool   *pgxpool.Pool
	owner  owner
	sql    map[*schema]*postgresStatements
}

func openPostgres(ctx context.Context, url, node string) (_ engine, own owner, err error) {
	e := &postgresEngine{sql: make(map[*schema]*postgresStatements)}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, own, errors.New("the postgres URL cannot be read") // pgx's own words may hold the password
	}
	config.RuntimeParams["application_name"] = "switchyard"
	config.RuntimeParams["synchronous_commit"] = "on"
	if e.writer, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, own, err
	}
	if err := e.migrate(ctx); err != nil {
		return nil, own, err
	}
	if err := e.own(ctx, node); err != nil {
		return nil, own, err
	}
	// The writer's statements find rows by key. A plan made while a table was
	// small must not walk it once it is large (docs/adr/0002). The price that
	// enable_seqscan puts on the owner's row, which has no index, would have
	// PostgreSQL compile that statement in every commit: 40 ms each, so no JIT.
	for _, setting := range []string{"enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "plan_cache_mode = force_generic_plan", "jit = off"} {
		if _, err := e.writer.Exec(ctx, "SET "+setting); err != nil {
			return nil, own, err
		}
	}
	pool, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, own, errors.New("the postgres URL cannot be read")
	}
	pool.ConnConfig.RuntimeParams["application_name"] = "switchyard reader"
	pool.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	pool.MaxConns = postgresReaders
	if e.pool, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return nil, own, err
	}
	return e, e.owner, nil
}

// migrate makes the tables under a lock that ends with the transaction, so
// that nodes which start together do it once.
func (e *postgresEngine) migrate(ctx context.Context) error {
	return pgx.BeginFunc(ctx, e.writer, func(tx pgx.Tx) error {
		for _, statement := range []string{
			"CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL)",
			"LOCK TABLE migration IN EXCLUSIVE MODE",
			"DO $$ BEGIN CREATE DOMAIN keytext AS text COLLATE \"C\"; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		rows, err := tx.Query(ctx, "SELECT name, checksum FROM migration")
		if err != nil {
			return err
		}
		done := make(map[string]string)
		var name, sum string
		if _, err := pgx.ForEachRow(rows, []any{&name, &sum}, func() error { done[name] = sum; return nil }); err != nil {
			return err
		}
		steps, err := pendingMigrations(done)
		if err != nil {
			return err
		}
		for _, m := range steps {
			for _, statement := range m.statements("{{blob}}", "bytea", "{{keytext}}", "keytext", "{{clustered}}", "", "{{hot}}", " WITH (fillfactor = 80)", "{{counter}}", " WITH (fillfactor = 20)") {
				if _, err := tx.Exec(ctx, statement); err != nil {
					return fmt.Errorf("migration %s: %w in %q", m.name, err, statement)
				}
			}
			if _, err := tx.Exec(ctx, "INSERT INTO migration VALUES ($1, $2)", m.name, m.checksum); err != nil {
				return err
			}
		}
		return nil
	})
}

// own takes the store for this process as soon as its owner is silent for
// long enough, or is known to have ended.
func (e *postgresEngine) own(ctx context.Context, node string) error {
	deadline := time.Now().Add(ownerTime + ownerRenewal)
	for {
		var before string
		if err := e.writer.QueryRow(ctx, "SELECT node FROM owner").Scan(&before); err != nil {
			return err
		}
		now := time.Now()
		var head int64
		err := e.writer.QueryRow(ctx, `UPDATE owner SET node = $1, epoch = epoch + 1, expires = $2
			WHERE expires < $3 OR (node = $4 AND $5) RETURNING epoch, head`,
			node, now.Add(ownerTime).UnixMicro(), now.UnixMicro(), before, gone(before, node)).Scan(&e.owner.epoch, &head)
		if err == nil {
			e.owner.node, e.owner.head = node, uint64(head)
			return nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if now.After(deadline) {
			return fmt.Errorf("%w: %s", ErrOwned, before)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *postgresEngine) lanes() int { return gateway.Lanes }

// close gives the store up, so that the next process need not wait.
func (e *postgresEngine) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if e.pool != nil {
		e.pool.Close()
	}
	if e.writer == nil {
		return nil
	}
	if e.owner.epoch > 0 && !e.writer.IsClosed() {
		if _, err := e.writer.Exec(ctx, "UPDATE owner SET expires = 0 WHERE epoch = $1", e.owner.epoch); err != nil {
			return errors.Join(err, e.writer.Close(ctx))
		}
	}
	return e.writer.Close(ctx)
}

func (e *postgresEngine) query(ctx context.Context, sql string, args []any, scan func(decoder)) error {
	rows, err := e.pool.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	r := &postgresReader{rows: rows}
	for rows.Next() {
		if err := r.next(); err != nil {
			return err
		}
		scan(decoder{r})
	}
	return rows.Err()
}

// classify tells a statement's own error, after which nothing of the
// transaction is left, from the loss of the connection, after which nobody
// knows.
func (e *postgresEngine) classify(err error) error {
	if err == nil {
		return nil
	}
	answer, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && answer.Code == fencedCode:
		return fmt.Errorf("%w now", ErrOwned)
	case e.writer.IsClosed():
		return err
	default:
		return &statementError{err}
	}
}
