package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"switchyard/internal/gateway"
)

// postgresReaders bounds the connections that read beside the writer's one.
const postgresReaders = 8

// preparedStatements is more than the writer has: some for each table.
const preparedStatements = 512

// postgresEngine writes each batch as one statement a table, sent in one
// pipeline that PostgreSQL runs as one transaction.
type postgresEngine struct {
	config *pgx.ConnConfig
	writer *pgx.Conn
	pool   *pgxpool.Pool
	sql    map[*schema]*postgresStatements
	people statement // readPeople
	lease  time.Duration
	name   string // of this process
	clock  *databaseClock
	calls  *hints

	// Of the transaction under way:
	open          bool  // BEGIN has been sent
	sent          int64 // number of the last transaction whose commit was sent
	pendingCommit bool  // its outcome is not known
	self          int64 // the node, once it has joined
	// Of the one before:
	version int64 // of the writer's row
	crowded bool  // other nodes write as well, or may
}

func openPostgres(ctx context.Context, opts Options) (_ engine, err error) {
	e := &postgresEngine{
		sql: make(map[*schema]*postgresStatements), people: readPeople(),
		lease: opts.Lease, name: opts.Node, crowded: true,
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if e.config, err = pgx.ParseConfig(opts.URL); err != nil {
		return nil, errors.New("the postgres URL cannot be read") // pgx's own words may hold the password
	}
	setDefault(e.config.RuntimeParams, "application_name", "switchyard")
	e.config.RuntimeParams["synchronous_commit"] = "on"
	e.config.DialFunc = dialer().DialContext
	// Whatever the URL says: arrays are sent to prepared statements.
	e.config.DefaultQueryExecMode, e.config.StatementCacheCapacity = pgx.QueryExecModeCacheStatement, preparedStatements
	if e.writer, err = pgx.ConnectConfig(ctx, e.config); err != nil {
		return nil, err
	}
	if err := e.migrate(ctx); err != nil {
		return nil, err
	}
	if err := e.prepare(ctx); err != nil {
		return nil, err
	}
	if opts.Hints {
		e.calls = newHints(e.writer.PgConn().Conn().LocalAddr())
	}
	if opts.DatabaseClock {
		e.clock = &databaseClock{}
		if err := e.clock.set(ctx, e.writer); err != nil {
			return nil, err
		}
	}
	pool, err := pgxpool.ParseConfig(opts.URL)
	if err != nil {
		return nil, errors.New("the postgres URL cannot be read")
	}
	setDefault(pool.ConnConfig.RuntimeParams, "application_name", "switchyard reader")
	// Not a parameter of the connection: with target_session_attrs=read-write
	// that would be taken for a standby.
	pool.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		return set(ctx, conn, append(slices.Clone(plans), readerPlans...))
	}
	pool.ConnConfig.DialFunc = dialer().DialContext
	pool.MaxConns = postgresReaders
	if e.pool, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return nil, err
	}
	return e, nil
}

// setDefault leaves to the URL what it says.
func setDefault(params map[string]string, name, value string) {
	if params[name] == "" {
		params[name] = value
	}
}

// dialer finds out within seconds that a machine has vanished.
func dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:         5 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
	}
}

// idleTime is how long a node may hold the lock of all transactions without a
// word: one that is stopped in the middle must not stop the others.
const idleTime = "3s"

// plans are settings of every connection. All statements find rows by an index.
// A plan made while a table was small must not walk it once it is large
// (docs/adr/0002). The price that enable_seqscan puts on small tables would have
// PostgreSQL compile their statements in every commit: 40 ms each, so no JIT.
var plans = []string{
	"enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "plan_cache_mode = force_generic_plan", "jit = off",
}

// readerPlans are for lists: pages are read along an index, not gathered as a
// whole and sorted.
var readerPlans = []string{"enable_sort = off", "default_transaction_read_only = on"}

// prepare sets up the writer's connection.
func (e *postgresEngine) prepare(ctx context.Context) error {
	sendArrays(e.writer)
	return set(ctx, e.writer, append(slices.Clone(plans), "idle_in_transaction_session_timeout = '"+idleTime+"'"))
}

func set(ctx context.Context, conn *pgx.Conn, settings []string) error {
	for _, setting := range settings {
		if _, err := conn.Exec(ctx, "SET "+setting); err != nil {
			return err
		}
	}
	return nil
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
			for _, statement := range m.statements("{{blob}}", "bytea", "{{keytext}}", "keytext", "{{clustered}}", "", "{{hot}}", " WITH (fillfactor = 50)", "{{counter}}", " WITH (fillfactor = 20)") {
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

func (e *postgresEngine) lanes() int { return gateway.Lanes }

func (e *postgresEngine) now() time.Time {
	if e.clock == nil {
		return time.Now()
	}
	return e.clock.now()
}

func (e *postgresEngine) hints() *hints { return e.calls }

func (e *postgresEngine) newest(ctx context.Context) (head uint64, err error) {
	var n int64
	err = e.writer.QueryRow(ctx, "SELECT head FROM writer WHERE one = 1").Scan(&n)
	return uint64(n), err
}

func (e *postgresEngine) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	e.calls.close()
	if e.pool != nil {
		e.pool.Close()
	}
	if e.writer == nil {
		return nil
	}
	return e.writer.Close(ctx)
}

func (e *postgresEngine) query(ctx context.Context, sql string, args []any, scan func(decoder)) error {
	rows, err := e.pool.Query(ctx, sql, args...)
	if err != nil {
		return unavailable(ctx, err)
	}
	defer rows.Close()
	r := &postgresReader{rows: rows}
	for rows.Next() {
		r.next()
		scan(decoder{r})
	}
	return unavailable(ctx, rows.Err())
}

// unavailable says of an error that is not the server's word on a statement
// that the database cannot be reached, to the API's caller as well.
func unavailable(ctx context.Context, err error) error {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if err == nil || ctx.Err() != nil || ok && !strings.HasPrefix(answer.Code, "57P") {
		return err
	}
	told := &gateway.Error{Code: gateway.Unavailable, Message: ErrUnavailable.Error(), RetryAfter: 5 * time.Second}
	return fmt.Errorf("%w: %w: %w", ErrUnavailable, told, err)
}

// classify tells a statement's own error, after which nothing of the
// transaction is left, from the loss of the connection, after which nobody
// knows. A server that has become a standby, or shuts down, is as good as lost.
func (e *postgresEngine) classify(err error) error {
	if err == nil {
		return nil
	}
	answer, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && answer.Code == fencedCode:
		e.crowded = true
		return errConflict
	case ok && postgresFault(answer) != nil:
		return &statementError{because(postgresFault(answer), err)}
	case ok && (answer.Code == "25006" || strings.HasPrefix(answer.Code, "57P") || strings.HasPrefix(answer.Code, "08")):
		e.drop()
		return &lostError{err}
	case e.writer.IsClosed():
		return &lostError{err}
	case !ok: // not the server's word: the connection is in no known state
		e.drop()
		return &lostError{err}
	default:
		return &statementError{err}
	}
}

// drop closes the writer's connection without a word.
func (e *postgresEngine) drop() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = e.writer.Close(ctx) // it is given up
}
