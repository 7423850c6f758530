package store

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"switchyard/internal/gateway"
)

// postgresStatements are the multi-row statements of one table. Their
// parameters are one array a column.
type postgresStatements struct{ get, put, del string }

var postgresTypes = [...]string{integer: "bigint[]", text: "text[]", blob: "bytea[]"}

func (e *postgresEngine) statements(t *schema) *postgresStatements {
	if s, ok := e.sql[t]; ok {
		return s
	}
	all, keys := len(t.columns), t.keys
	match := t.names(0, keys, "t.% = k.%", " AND ")
	s := &postgresStatements{
		get: withKeys(t) + "SELECT " + t.names(0, all, "t.%", ", ") + " FROM unnested k JOIN " + t.name + " t ON " + match,
		put: "INSERT INTO " + t.name + " (" + t.names(0, all, "%", ", ") + ") SELECT * FROM " + unnest(t, all) + t.conflict(),
		del: "DELETE FROM " + t.name + " t USING " + unnest(t, keys) + " AS k (" + t.names(0, keys, "%", ", ") + ") WHERE " + match,
	}
	e.sql[t] = s
	return s
}

// unnest is a table made of arrays, one for each of the first n columns.
func unnest(t *schema, n int) string {
	parts := make([]string, n)
	for i, c := range t.columns[:n] {
		parts[i] = fmt.Sprintf("$%d::%s", i+1, postgresTypes[c.kind])
	}
	return "unnest(" + strings.Join(parts, ", ") + ")"
}

// withKeys begins a statement that reads by the keys of t, which it has as unnested.
func withKeys(t *schema) string {
	return "WITH unnested AS MATERIALIZED (SELECT * FROM " + unnest(t, t.keys) + " AS k (" + t.names(0, t.keys, "%", ", ") + ")) "
}

// load reads all wanted rows in one round trip.
func (e *postgresEngine) load(ctx context.Context, tx *Tx) error {
	batch := &pgx.Batch{}
	read := e.queueLoads(batch, tx)
	if batch.Len() == 0 {
		return nil
	}
	results := e.writer.SendBatch(ctx, batch)
	return e.classify(errors.Join(read(results), results.Close()))
}

// queueLoads adds the statements that read the wanted rows. read takes what they
// give.
func (e *postgresEngine) queueLoads(batch *pgx.Batch, tx *Tx) (read func(pgx.BatchResults) error) {
	var into []func(decoder)
	for _, t := range tx.tables {
		if t.wanted() == 0 {
			continue
		}
		columns := newColumns(t.schema(), t.schema().keys, t.wanted())
		t.eachWanted(func(bind func(encoder)) { columns.add(bind) })
		if columns.rows > 0 {
			batch.Queue(e.statements(t.schema()).get, columns.args()...)
			into = append(into, t.loaded)
		}
	}
	if len(tx.people) > 0 {
		columns := newColumns(personKeys, len(personKeys.columns), len(tx.people))
		for _, key := range tx.people {
			columns.add(func(enc encoder) { bindIdentityKey(enc, key.IdentityKey); enc.ID(key.app) })
		}
		tx.people = tx.people[:0]
		for i, t := range []changes{&tx.Contacts, &tx.Active, &tx.Conversations} {
			batch.Queue(readPeople[i], columns.args()...)
			into = append(into, t.reached)
		}
	}
	return func(results pgx.BatchResults) error {
		for _, loaded := range into {
			if err := scanInto(results, loaded); err != nil {
				return fmt.Errorf("load: %w", err)
			}
		}
		return nil
	}
}

var personKeys = define("person", 6, 6, "lane int", "project text", "channel text", "identity text", "scope blob", "app blob")

// readPeople are the statements that lead from identities to contacts, to what
// their active conversations are, and to these. They find what lies in the same
// lane, and the oldest of several contacts.
var readPeople = func() (out [3]string) {
	const (
		contact      = " JOIN contact c ON c.lane = i.lane AND c.id = substr(i.contacts, 1, 16)"
		active       = " JOIN active_conversation a ON a.lane = i.lane AND a.contact = substr(i.contacts, 1, 16) AND a.app = k.app"
		conversation = " JOIN conversation v ON v.lane = a.lane AND v.id = a.conversation"
	)
	identity := " FROM unnested k JOIN identity i ON " + personKeys.names(0, identities.keys, "i.% = k.%", " AND ")
	for i, s := range []struct{ columns, joins string }{
		{contacts.names(0, len(contacts.columns), "c.%", ", "), contact},
		{activeConversations.names(0, len(activeConversations.columns), "a.%", ", "), active},
		{conversations.names(0, len(conversations.columns), "v.%", ", "), active + conversation},
	} {
		out[i] = withKeys(personKeys) + "SELECT " + s.columns + identity + s.joins
	}
	return out
}()

func scanInto(results pgx.BatchResults, scan func(decoder)) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	r := &postgresReader{rows: rows}
	for rows.Next() {
		r.next()
		scan(decoder{r})
	}
	return rows.Err()
}

func (e *postgresEngine) get(ctx context.Context, t *schema, bind func(encoder), scan func(decoder)) (found bool, err error) {
	columns := newColumns(t, t.keys, 1)
	columns.add(bind)
	rows, err := e.writer.Query(ctx, e.statements(t).get, columns.args()...)
	if err != nil {
		return false, e.classify(err)
	}
	defer rows.Close()
	r := &postgresReader{rows: rows}
	for rows.Next() {
		r.next()
		scan(decoder{r})
		found = true
	}
	if err := rows.Err(); err != nil {
		return false, e.classify(err)
	}
	return found, nil
}

// columns gathers rows column by column for unnest.
type columns struct {
	schema *schema
	ints   [][]int64
	texts  [][]string
	blobs  [][][]byte
	ids    []byte // the bytes of ids among the blobs
	width  int
	next   int // column that the next value belongs to
	rows   int
}

// newColumns has room for so many rows of the first columns of a table.
func newColumns(s *schema, width, rows int) *columns {
	c := &columns{schema: s, width: width, ints: make([][]int64, width), texts: make([][]string, width), blobs: make([][][]byte, width)}
	for i := range width {
		switch s.columns[i].kind {
		case integer:
			c.ints[i] = make([]int64, 0, rows)
		case text:
			c.texts[i] = make([]string, 0, rows)
		case blob:
			c.blobs[i] = make([][]byte, 0, rows)
		}
	}
	return c
}

func (c *columns) add(bind func(encoder)) {
	c.next = 0
	bind(encoder{c, gateway.Lanes})
	c.rows++
}

func (c *columns) Int(v int64)   { c.ints[c.next] = append(c.ints[c.next], v); c.next++ }
func (c *columns) Text(v string) { c.texts[c.next] = append(c.texts[c.next], v); c.next++ }
func (c *columns) Blob(v []byte) {
	if v == nil { // would be NULL
		v = []byte{}
	}
	c.blobs[c.next] = append(c.blobs[c.next], v)
	c.next++
}

func (c *columns) ID(v gateway.ID) {
	at := len(c.ids)
	c.ids = append(c.ids, v[:]...)
	c.Blob(c.ids[at:len(c.ids):len(c.ids)])
}

func (c *columns) args() []any {
	out := make([]any, c.width)
	for i := range out {
		switch c.schema.columns[i].kind {
		case integer:
			out[i] = c.ints[i]
		case text:
			out[i] = c.texts[i]
		case blob:
			out[i] = c.blobs[i]
		}
	}
	return out
}

// postgresReader reads the columns of the current row in order, from the bytes
// that came: pgx decodes every value into memory of its own.
type postgresReader struct {
	rows   pgx.Rows
	values [][]byte // until the next row
	n      int
}

func (r *postgresReader) next() {
	r.values = r.rows.RawValues()
	r.n = 0
}

func (r *postgresReader) value() []byte { r.n++; return r.values[r.n-1] }

// plain says whether the next value comes as text, as a URL can ask for.
func (r *postgresReader) plain() bool {
	return r.rows.FieldDescriptions()[r.n].Format == pgx.TextFormatCode
}

// Int reads any integer: expressions in queries need not be bigint.
func (r *postgresReader) Int() int64 {
	plain := r.plain()
	v := r.value()
	if plain {
		n, _ := strconv.ParseInt(string(v), 10, 64) // by PostgreSQL's word it is one
		return n
	}
	switch len(v) {
	case 8:
		return int64(binary.BigEndian.Uint64(v))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	}
	return 0
}

func (r *postgresReader) Text() string { return string(r.value()) }

// Blob reads bytes, nil if there are none.
func (r *postgresReader) Blob() []byte {
	plain := r.plain()
	v := r.value()
	if plain {
		out, _ := hex.DecodeString(strings.TrimPrefix(string(v), `\x`)) // by PostgreSQL's word it is
		return out
	}
	return append([]byte(nil), v...)
}

func (r *postgresReader) ID() (id gateway.ID) {
	if r.plain() {
		copy(id[:], r.Blob())
	} else {
		copy(id[:], r.value())
	}
	return id
}
