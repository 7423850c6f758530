package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"switchyard/internal/gateway"
)

// sqliteOldest is the first SQLite without the WAL reset bug of 3.7.0 to
// 3.51.2, which can corrupt a file.
const sqliteOldest = 3_051_003

// sqliteReaders is how many reads may run beside the writer.
const sqliteReaders = 4

// The page caches of the connections, in KiB. The writer's holds the ends of
// all tables and the inner pages of their indexes.
const (
	writerCache = "16384"
	readerCache = "4096"
)

// sqliteEngine keeps everything in one file. Its writer's connection is the
// only one that writes, and the lock file keeps other processes out.
type sqliteEngine struct {
	writer  *sqlite.Conn
	gate    sync.Mutex // held while the writer has a transaction
	open    bool       // it has: a batch has read or written
	keeper  *checkpointer
	readers chan *sqlite.Conn
	lock    *os.File
	process int64 // counts those that have worked on the file
	sql     map[*schema]*sqliteStatements
	// broken is what was met that ends the process, by whichever connection.
	broken atomic.Pointer[error]
	in     sqliteWriter // of the statement under way
	out    sqliteReader
}

// sqliteStatements are a table's statements. update is nil where put does: it
// writes the columns that may change of a row that is known to be there.
type sqliteStatements struct{ get, put, update, del *sqlite.Stmt }

func openSQLite(path string) (_ engine, err error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, fmt.Errorf("sqlite:%s: want the path of a file", path)
	}
	e := &sqliteEngine{readers: make(chan *sqlite.Conn, sqliteReaders), sql: make(map[*schema]*sqliteStatements)}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if e.lock, err = os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	if err := lockFile(e.lock); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if e.writer, err = openSQLiteConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL); err != nil {
		return nil, err
	}
	if err := e.migrate(); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	for range sqliteReaders {
		conn, err := openSQLiteConn(path, sqlite.OpenReadOnly|sqlite.OpenWAL)
		if err != nil {
			return nil, err
		}
		e.readers <- conn
	}
	if err := e.own(); err != nil {
		return nil, err
	}
	if e.keeper, err = openCheckpointer(path, &e.gate, e.breakDown); err != nil {
		return nil, err
	}
	return e, nil
}

// breakDown keeps the first error after which the process must end: the writer
// returns it from its next commit.
func (e *sqliteEngine) breakDown(err error) error {
	e.broken.CompareAndSwap(nil, &err)
	return err
}

// openSQLiteConn opens a connection with the settings of storage that keeps
// its word: a commit is on disk (synchronous=FULL). A checkpoint every 16,000
// pages keeps commits short (docs/adr/0002).
func openSQLiteConn(path string, flags sqlite.OpenFlags) (*sqlite.Conn, error) {
	cache := writerCache
	if flags&sqlite.OpenReadOnly != 0 {
		cache = readerCache
	}
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []string{
		"busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL", fmt.Sprint("wal_autocheckpoint = ", checkpointBackstop),
		fmt.Sprint("journal_size_limit = ", walKept),
		"cache_size = -" + cache, "secure_delete = OFF", "foreign_keys = OFF", "temp_store = MEMORY",
	} {
		if flags&sqlite.OpenReadOnly != 0 && strings.HasPrefix(pragma, "journal_mode") {
			continue
		}
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			conn.Close()
			return nil, fmt.Errorf("pragma %s: %w", pragma, err)
		}
	}
	return conn, nil
}

func (e *sqliteEngine) migrate() error {
	if v := sqlite.VersionNumber; v < sqliteOldest {
		return fmt.Errorf("SQLite %d is older than %d, which fixed a corruption bug", v, sqliteOldest)
	}
	if err := sqlitex.ExecuteTransient(e.writer, "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, checksum TEXT NOT NULL)", nil); err != nil {
		return err
	}
	done, err := doneMigrations(e.writer)
	if err != nil {
		return err
	}
	steps, err := pendingMigrations(done)
	if err != nil {
		return err
	}
	for _, m := range steps {
		if err := e.step(m); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

// doneMigrations gives the checksums of the steps that made the tables, by name.
func doneMigrations(conn *sqlite.Conn) (map[string]string, error) {
	done := make(map[string]string)
	err := sqlitex.ExecuteTransient(conn, "SELECT name, checksum FROM migration", &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { done[s.ColumnText(0)] = s.ColumnText(1); return nil },
	})
	return done, err
}

// check reads the schema and the first page of every table: what can be looked
// at in no time, however large the file is. Damage farther down ends the
// process when it is met.
func (e *sqliteEngine) check() error {
	var tables []string
	err := sqlitex.ExecuteTransient(e.writer, "SELECT name FROM sqlite_schema WHERE type = 'table'", &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { tables = append(tables, s.ColumnText(0)); return nil },
	})
	if err != nil {
		return err
	}
	for _, name := range tables {
		if err := sqlitex.ExecuteTransient(e.writer, `SELECT 1 FROM "`+name+`" LIMIT 1`, nil); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

func (e *sqliteEngine) step(m migration) (err error) {
	defer sqlitex.Save(e.writer)(&err)
	for _, statement := range m.statements("{{blob}}", "BLOB", "{{keytext}}", "TEXT", "{{clustered}}", " WITHOUT ROWID", "{{hot}}", "", "{{counter}}", "") {
		if err := sqlitex.ExecuteTransient(e.writer, statement, nil); err != nil {
			return fmt.Errorf("%w in %q", err, statement)
		}
	}
	return sqlitex.ExecuteTransient(e.writer, "INSERT INTO migration VALUES (?1, ?2)", &sqlitex.ExecOptions{Args: []any{m.name, m.checksum}})
}

// own counts this process. The lock file has already kept every other one out.
func (e *sqliteEngine) own() error {
	return sqlitex.ExecuteTransient(e.writer, "UPDATE writer SET nodes = nodes + 1 RETURNING nodes", &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { e.process = s.ColumnInt64(0); return nil },
	})
}

func (e *sqliteEngine) newest(context.Context) (head uint64, err error) {
	err = sqlitex.ExecuteTransient(e.writer, "SELECT head FROM writer", &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { head = uint64(s.ColumnInt64(0)); return nil },
	})
	return head, err
}

func (e *sqliteEngine) now() time.Time { return time.Now() }

// A file has one process, which is the one node. What concerns others is empty.

func (e *sqliteEngine) join(_ context.Context, tx *Tx, name string) error {
	tx.changeMembers(func(m *Members) { m.self, m.nodes = e.process, map[int64]colleague{e.process: {name: name}} })
	return nil
}

func (e *sqliteEngine) hints() *hints                                      { return nil }
func (e *sqliteEngine) shared() bool                                       { return false }
func (e *sqliteEngine) begin(context.Context, *Tx, bool) error             { return nil }
func (e *sqliteEngine) review(context.Context, *Tx) ([]int64, bool, error) { return nil, false, nil }
func (e *sqliteEngine) assign(context.Context, []int, int64) error         { return nil }
func (e *sqliteEngine) bury(context.Context, int64) error                  { return nil }
func (e *sqliteEngine) newsFor(context.Context, *Members) (bool, error)    { return false, nil }
func (e *sqliteEngine) reconnect(context.Context) (bool, error)            { return false, ErrClosed }

func (e *sqliteEngine) lanes() int { return 1 }

// close leaves a broken store as it is: SQLite would copy the WAL into the
// database and delete it, and the WAL is what the next start goes by.
func (e *sqliteEngine) close() error {
	if e.broken.Load() != nil {
		return nil
	}
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	if e.keeper != nil {
		e.keeper.end()
		keep(e.keeper.conn.Close())
	}
	for range len(e.readers) {
		keep((<-e.readers).Close())
	}
	if e.writer != nil {
		keep(e.writer.Close())
	}
	if e.keeper != nil {
		keep(e.keeper.file.Close())
	}
	if e.lock != nil {
		keep(e.lock.Close())
	}
	return first
}

func (e *sqliteEngine) statements(t *schema) (*sqliteStatements, error) {
	if s, ok := e.sql[t]; ok {
		return s, nil
	}
	all := t.all("%")
	equal := make([]string, len(t.columns)) // a column's place is that of bind
	for i, c := range t.columns {
		equal[i] = fmt.Sprintf("%s = ?%d", c.name, i+1)
	}
	where := " WHERE " + strings.Join(equal[:t.keys], " AND ")
	s := &sqliteStatements{}
	var err error
	prepare := func(query string) (stmt *sqlite.Stmt) {
		if err == nil {
			stmt, err = e.writer.Prepare(query)
		}
		return stmt
	}
	s.get = prepare("SELECT " + all + " FROM " + t.name + where)
	s.put = prepare("INSERT INTO " + t.name + " (" + all + ") VALUES (" + t.all("?") + ")" + t.conflict())
	s.del = prepare("DELETE FROM " + t.name + where)
	s.update = s.put
	if set := equal[t.fixed:]; len(set) > 0 {
		s.update = prepare("UPDATE " + t.name + " SET " + strings.Join(set, ", ") + where)
	}
	if err != nil {
		return nil, err
	}
	e.sql[t] = s
	return s, nil
}

// load does nothing: it is for many lanes.
func (e *sqliteEngine) load(context.Context, *Tx) error { return nil }

func (e *sqliteEngine) get(_ context.Context, t *schema, bind func(encoder), scan func(decoder)) (bool, error) {
	s, err := e.statements(t)
	if err != nil {
		return false, e.failed(err)
	}
	if err := e.enter(); err != nil {
		return false, e.failed(err)
	}
	e.in = sqliteWriter{stmt: s.get}
	bind(encoder{&e.in, 1})
	found, err := s.get.Step()
	if err != nil {
		_ = s.get.Reset() // repeats the error of Step
		return false, e.failed(err)
	}
	if found {
		e.out = sqliteReader{stmt: s.get}
		scan(decoder{&e.out})
	}
	return found, s.get.Reset()
}

// failed judges an error before the commit: nothing is written, unless the
// store is broken.
func (e *sqliteEngine) failed(err error) error {
	fault := sqliteFault(err)
	if errors.Is(fault, ErrDamaged) {
		return e.breakDown(because(fault, err))
	}
	return &statementError{because(fault, err)}
}

// commit writes nothing when nothing has changed: the lock file is the owner's
// proof of life here, so an idle gateway need not wake the disk.
func (e *sqliteEngine) commit(ctx context.Context, tx *Tx) error {
	if broken := e.broken.Load(); broken != nil {
		return *broken
	}
	changed := 0
	for _, t := range tx.tables {
		changed += t.changed()
	}
	if changed == 0 && !tx.probe {
		return e.rollback(ctx)
	}
	if err := e.enter(); err != nil {
		return e.failed(err)
	}
	if err := e.write(tx); err != nil {
		return e.failed(err)
	}
	if err := e.exec("COMMIT"); err != nil {
		fault := sqliteCommitFault(err)
		if fault == nil || !e.writer.AutocommitEnabled() {
			return e.breakDown(fmt.Errorf("a commit failed, and only a new start can tell what is on disk: %w", err))
		}
		return &statementError{because(fault, err)}
	}
	e.open = false
	e.gate.Unlock()
	e.keeper.wrote(changed)
	return nil
}

// enter begins a transaction unless there is one. Reads are part of it: by
// itself each would lock the WAL and unlock it, which costs as much as the read.
func (e *sqliteEngine) enter() error {
	if !e.open {
		e.gate.Lock()
		e.open = true
	}
	if e.writer.AutocommitEnabled() { // or SQLite has rolled it back by itself
		return e.exec("BEGIN")
	}
	return nil
}

// rollback leaves a broken store as it is.
func (e *sqliteEngine) rollback(context.Context) (err error) {
	if !e.open {
		return nil
	}
	if e.broken.Load() == nil && !e.writer.AutocommitEnabled() {
		if err = e.exec("ROLLBACK"); err != nil {
			err = e.breakDown(err)
		}
	}
	e.open = false
	e.gate.Unlock()
	return err
}

func (e *sqliteEngine) exec(query string) error {
	stmt, err := e.writer.Prepare(query)
	if err != nil {
		return err
	}
	_, err = stmt.Step()
	if back := stmt.Reset(); err == nil {
		err = back
	}
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

func (e *sqliteEngine) write(tx *Tx) error {
	for _, t := range tx.tables {
		if t.changed() == 0 {
			continue
		}
		if err := e.writeTable(t); err != nil {
			return fmt.Errorf("table %s: %w", t.schema().name, err)
		}
	}
	stmt, err := e.writer.Prepare("UPDATE writer SET head = ?1")
	if err != nil {
		return err
	}
	stmt.BindInt64(1, int64(tx.db.head))
	return step(stmt)
}

func (e *sqliteEngine) writeTable(t changes) error {
	s, err := e.statements(t.schema())
	if err != nil {
		return err
	}
	run := func(w sqliteWriter, bind func(encoder)) {
		if err == nil {
			e.in = w
			bind(encoder{&e.in, 1})
			err = step(w.stmt)
		}
	}
	t.eachDelete(func(bind func(encoder)) { run(sqliteWriter{stmt: s.del}, bind) })
	t.eachPut(func(bind func(encoder), stored bool) {
		if !stored {
			run(sqliteWriter{stmt: s.put}, bind)
			return
		}
		run(sqliteWriter{stmt: s.update, skip: t.schema().keys, until: t.schema().fixed}, bind)
		if err == nil && e.writer.Changes() != 1 {
			err = errors.New("a row that was read or written before is not there")
		}
	})
	return err
}

// step runs a statement without results.
func step(stmt *sqlite.Stmt) error {
	_, err := stmt.Step()
	if back := stmt.Reset(); err == nil {
		err = back
	}
	return err
}

// sqliteWriter binds values in order, but for those behind skip up to until.
type sqliteWriter struct {
	stmt        *sqlite.Stmt
	n           int
	skip, until int
}

// next gives the place of the next value, 0 if it is skipped.
func (w *sqliteWriter) next() int {
	w.n++
	if w.n > w.skip && w.n <= w.until {
		return 0
	}
	return w.n
}

func (w *sqliteWriter) Int(v int64) {
	if n := w.next(); n > 0 {
		w.stmt.BindInt64(n, v)
	}
}

func (w *sqliteWriter) Text(v string) {
	if n := w.next(); n > 0 {
		w.stmt.BindText(n, v)
	}
}

func (w *sqliteWriter) Blob(v []byte) {
	if n := w.next(); n > 0 {
		if len(v) == 0 {
			w.stmt.BindZeroBlob(n, 0) // a nil slice would be NULL
			return
		}
		w.stmt.BindBytes(n, v)
	}
}

func (w *sqliteWriter) ID(v gateway.ID) {
	if n := w.next(); n > 0 {
		w.stmt.BindBytes(n, v[:])
	}
}

// sqliteReader reads columns in order.
type sqliteReader struct {
	stmt *sqlite.Stmt
	n    int
}

func (r *sqliteReader) Int() int64   { r.n++; return r.stmt.ColumnInt64(r.n - 1) }
func (r *sqliteReader) Text() string { r.n++; return r.stmt.ColumnText(r.n - 1) }
func (r *sqliteReader) Blob() []byte {
	r.n++
	n := r.stmt.ColumnLen(r.n - 1)
	if n == 0 {
		return nil
	}
	out := make([]byte, n)
	r.stmt.ColumnBytes(r.n-1, out)
	return out
}

func (r *sqliteReader) ID() (id gateway.ID) {
	r.n++
	r.stmt.ColumnBytes(r.n-1, id[:])
	return id
}
