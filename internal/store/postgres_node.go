package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// databaseNow is the database's time in Unix microseconds.
const databaseNow = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

// The statements that every shared transaction begins with. The lock is the
// row itself: until the commit no other node's transaction goes on, so what is
// read behind it is the newest there is.
const (
	lockWriter   = "SELECT version, head, leases, handed FROM writer WHERE one = 1 FOR UPDATE"
	readHandoffs = "SELECT node, number, kind, lane, app, subject, at, detail FROM handoff WHERE node = $1 ORDER BY number LIMIT $2"
)

var readHanded = "SELECT " + callbacks.all("c.%") + " FROM handoff h CROSS" +
	along(callbacks.schema, "c", "c.lane = h.lane AND c.app = h.app AND c.position = h.at") + " WHERE h.node = $1 AND h.kind = 1 ORDER BY h.number LIMIT $2"

func (e *postgresEngine) shared() bool { return e.crowded }

// begin locks out the other nodes where there are any. A node that is alone
// saves the round trip: its commit fails if it was not alone after all.
func (e *postgresEngine) begin(ctx context.Context, tx *Tx, lock bool) error {
	if !lock {
		return nil
	}
	self := tx.members.self
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(lockWriter)
	batch.Queue("SELECT " + databaseNow)
	if self != 0 {
		batch.Queue(readHandoffs, self, maxHandoffs+1)
		batch.Queue(readHanded, self, maxHandoffs+1)
	}
	load := e.queueLoads(batch, tx)
	results := e.writer.SendBatch(ctx, batch)
	leases, err := e.readBegin(results, tx, self != 0)
	if err == nil {
		err = load(results)
	}
	if err = errors.Join(err, results.Close()); err != nil {
		return e.classify(err)
	}
	e.open = true
	if leases != tx.members.version {
		return e.readMembers(ctx, tx, leases)
	}
	return nil
}

func (e *postgresEngine) readBegin(results pgx.BatchResults, tx *Tx, joined bool) (leases int64, err error) {
	if _, err := results.Exec(); err != nil {
		return 0, err
	}
	var head int64
	if err := results.QueryRow().Scan(&e.version, &head, &leases, &tx.db.handed); err != nil {
		return 0, err
	}
	tx.db.head = uint64(head)
	var now int64
	if err := results.QueryRow().Scan(&now); err != nil {
		return 0, err
	}
	if e.clock != nil {
		e.clock.note(now, time.Now())
		tx.Now = e.clock.now()
	}
	if !joined {
		return leases, nil
	}
	var list []Handoff
	if err := scanInto(results, func(d decoder) { list = append(list, handoffs.scan(d)) }); err != nil {
		return 0, err
	}
	var log []Callback
	if err := scanInto(results, func(d decoder) { log = append(log, callbacks.scan(d)) }); err != nil {
		return 0, err
	}
	tx.take(list, log)
	return leases, nil
}

// readMembers reads who works on the store.
func (e *postgresEngine) readMembers(ctx context.Context, tx *Tx, version int64) error {
	m := &Members{version: version, self: tx.members.self, nodes: make(map[int64]colleague), owners: make([]int64, e.lanes())}
	batch := &pgx.Batch{}
	batch.Queue("SELECT id, name, address FROM node WHERE expires > 0")
	batch.Queue("SELECT lane, node FROM lane")
	results := e.writer.SendBatch(ctx, batch)
	err := scanInto(results, func(d decoder) { id := d.Int(); m.nodes[id] = colleague{d.Text(), d.Text()} })
	if err == nil {
		err = scanInto(results, func(d decoder) { lane := d.Lane(); m.owners[lane] = d.Int() })
	}
	if err = errors.Join(err, results.Close()); err != nil {
		return e.classify(err)
	}
	tx.members, tx.found = m, m
	return nil
}

func (e *postgresEngine) rollback(ctx context.Context) error {
	if !e.open {
		return nil
	}
	e.open = false
	if e.writer.IsClosed() {
		return nil
	}
	_, err := e.writer.Exec(ctx, "ROLLBACK")
	return e.classify(err)
}

// fencedCode is the error that the fence raises: division by zero.
const fencedCode = "22012"

// fence fails, and with it the whole transaction, if another node has
// committed since this one last looked.
const fence = `UPDATE writer SET version = version + 1, head = $2, leases = $3, handed = $4::bigint / (CASE WHEN version = $1 THEN 1 ELSE 0 END) WHERE one = 1`

// renewal renews the lease, unless the others have taken the node for dead, and
// notes which of its transactions this is.
const renewal = `UPDATE node SET batch = $2, expires = CASE WHEN expires = 0 THEN 0 ELSE ` + databaseNow + ` + $3 END WHERE id = $1`

// commit sends the batch in one pipeline. Alone it needs no BEGIN: PostgreSQL
// runs what comes before one Sync as one transaction.
func (e *postgresEngine) commit(ctx context.Context, tx *Tx) error {
	batch := &pgx.Batch{}
	batch.Queue(fence, e.version, int64(tx.db.head), tx.members.version, tx.db.handed)
	e.self = tx.members.self
	if e.self != 0 {
		e.sent++
		e.pendingCommit = true
		batch.Queue(renewal, e.self, e.sent, e.lease.Microseconds())
	}
	if n := len(tx.handed); n > 0 {
		batch.Queue("DELETE FROM handoff WHERE node = $1 AND number <= $2", e.self, tx.handed[n-1].number)
	}
	e.queueChanges(batch, tx)
	if e.open {
		batch.Queue("COMMIT")
	}
	if err := e.classify(e.writer.SendBatch(ctx, batch).Close()); err != nil {
		if _, lost := errors.AsType[*lostError](err); !lost {
			e.pendingCommit = false
		}
		return err
	}
	e.open, e.pendingCommit = false, false
	e.call(tx)
	e.version++
	e.crowded = !tx.members.alone()
	if e.clock != nil && e.clock.old() {
		tx.After(func() { _ = e.clock.set(ctx, e.writer) }) // the next transaction meets a lost connection
	}
	return nil
}

// call tells the nodes for which the transaction has left something.
func (e *postgresEngine) call(tx *Tx) {
	for id, node := range tx.members.nodes {
		if id != tx.members.self && (tx.moving || tx.called[id]) {
			e.calls.tell(node.address)
		}
	}
}

func (e *postgresEngine) queueChanges(batch *pgx.Batch, tx *Tx) {
	for _, t := range tx.tables {
		if t.changed() == 0 {
			continue
		}
		s := e.statements(t.schema())
		t.eachDelete(s.del.add)
		t.eachPut(func(bind func(encoder), _ bool) { s.put.add(bind) })
		s.del.queue(batch)
		s.put.queue(batch)
	}
}

// keptNodes is how many rows of nodes stay. A node that was taken for dead and
// lives after all reads there which of its transactions were committed.
const keptNodes = 1000

func (e *postgresEngine) join(ctx context.Context, tx *Tx, name string) error {
	var id int64
	if err := e.writer.QueryRow(ctx, "UPDATE writer SET nodes = nodes + 1 WHERE one = 1 RETURNING nodes").Scan(&id); err != nil {
		return e.classify(err)
	}
	if _, err := e.writer.Exec(ctx, "DELETE FROM node WHERE expires = 0 AND id < $1", id-keptNodes); err != nil {
		return e.classify(err)
	}
	if _, err := e.writer.Exec(ctx, "INSERT INTO node (id, name, address, batch, expires) VALUES ($1, $2, $3, 0, "+databaseNow+" + $4)", id, name, e.calls.address(), e.lease.Microseconds()); err != nil {
		return e.classify(err)
	}
	// What is known of the nodes may be older than this transaction only if
	// nothing has changed since the store was made.
	tx.changeMembers(func(m *Members) {
		m.self = id
		if m.nodes == nil {
			m.nodes = make(map[int64]colleague)
		}
		m.nodes[id] = colleague{name, e.calls.address()}
	})
	return nil
}

func (e *postgresEngine) review(ctx context.Context, tx *Tx) (dead []int64, revived bool, err error) {
	rows, err := e.writer.Query(ctx, "SELECT id, name, expires < "+databaseNow+" FROM node WHERE expires > 0")
	if err != nil {
		return nil, false, e.classify(err)
	}
	var (
		id   int64
		name string
		late bool
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &name, &late}, func() error {
		if id != tx.members.self && (late || gone(name, e.name)) {
			dead = append(dead, id)
		}
		return nil
	})
	if err != nil || tx.members.Live(tx.members.self) {
		return dead, false, e.classify(err)
	}
	if _, err := e.writer.Exec(ctx, "UPDATE node SET expires = "+databaseNow+" + $2 WHERE id = $1", tx.members.self, e.lease.Microseconds()); err != nil {
		return nil, false, e.classify(err)
	}
	tx.changeMembers(func(m *Members) { m.nodes[m.self] = colleague{e.name, e.calls.address()} })
	return dead, true, nil
}

func (e *postgresEngine) assign(ctx context.Context, lanes []int, node int64) error {
	_, err := e.writer.Exec(ctx, "INSERT INTO lane (lane, node) SELECT *, $2::bigint FROM unnest($1::bigint[]) ON CONFLICT (lane) DO UPDATE SET node = excluded.node", lanes, node)
	return e.classify(err)
}

func (e *postgresEngine) bury(ctx context.Context, node int64) error {
	for _, statement := range []string{
		"UPDATE node SET expires = 0 WHERE id = $1",
		"UPDATE lane SET node = 0 WHERE node = $1",
		"DELETE FROM handoff WHERE node = $1",
	} {
		if _, err := e.writer.Exec(ctx, statement, node); err != nil {
			return e.classify(err)
		}
	}
	return nil
}

func (e *postgresEngine) newsFor(ctx context.Context, m *Members) (news bool, err error) {
	err = e.writer.QueryRow(ctx, "SELECT leases <> $2 OR EXISTS (SELECT 1 FROM handoff WHERE node = $1) FROM writer WHERE one = 1", m.self, m.version).Scan(&news)
	return news, err
}

// reconnect opens the writer's connection anew. The node's row says whether the
// last transaction that was sent has been committed.
func (e *postgresEngine) reconnect(ctx context.Context) (committed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	e.drop()
	e.open = false
	conn, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return false, err
	}
	e.writer = conn
	if err := e.prepare(ctx); err != nil {
		return false, err
	}
	var readOnly bool
	if err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool").Scan(&readOnly); err != nil {
		return false, err
	}
	if readOnly {
		return false, errors.New("the database is a standby")
	}
	// Whatever the old connection still had under way is over once this node
	// has the lock.
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return false, err
	}
	if _, err := conn.Exec(ctx, lockWriter); err != nil {
		return false, err
	}
	e.crowded = true
	var last int64
	if e.self != 0 {
		if err := conn.QueryRow(ctx, "SELECT batch FROM node WHERE id = $1", e.self).Scan(&last); err != nil {
			return false, fmt.Errorf("node %d: %w", e.self, err)
		}
	}
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		return false, err
	}
	committed = e.pendingCommit && last == e.sent
	e.pendingCommit = false
	return committed, nil
}

// databaseClock follows the database's clock by this machine's monotonic one,
// so that it does not jump when somebody sets the machine's.
type databaseClock struct {
	mu   sync.Mutex
	base time.Time // the database's
	at   time.Time // when that was read, with a monotonic reading
}

// clockAge is how long the reading is good: quartz drifts some 50 µs a second.
const clockAge = 10 * time.Second

func (c *databaseClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.at))
}

func (c *databaseClock) old() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.at) > clockAge
}

func (c *databaseClock) set(ctx context.Context, conn *pgx.Conn) error {
	var us int64
	begin := time.Now()
	if err := conn.QueryRow(ctx, "SELECT "+databaseNow).Scan(&us); err != nil {
		return err
	}
	c.note(us, begin.Add(time.Since(begin)/2))
	return nil
}

func (c *databaseClock) note(us int64, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.at = time.UnixMicro(us).UTC(), at
}
