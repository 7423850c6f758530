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

// postgresStatements are the multi-row statements of one table.
type postgresStatements struct{ get, put, del statement }

var postgresTypes = [...]string{integer: "bigint[]", text: "text[]", blob: "bytea[]"}

func (e *postgresEngine) statements(t *schema) *postgresStatements {
	if s, ok := e.sql[t]; ok {
		return s
	}
	all, keys := len(t.columns), t.keys
	match := t.names(0, keys, "t.% = k.%", " AND ")
	s := &postgresStatements{
		get: statement{withKeys(t) + "SELECT " + t.names(0, all, "t.%", ", ") + " FROM unnested k JOIN " + t.name + " t ON " + match, newColumns(t.columns[:keys])},
		put: statement{"INSERT INTO " + t.name + " (" + t.names(0, all, "%", ", ") + ") SELECT * FROM " + unnest(t, all) + t.conflict(), newColumns(t.columns)},
		del: statement{"DELETE FROM " + t.name + " t USING " + unnest(t, keys) + " AS k (" + t.names(0, keys, "%", ", ") + ") WHERE " + match, newColumns(t.columns[:keys])},
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
		get := &e.statements(t.schema()).get
		t.eachWanted(get.add)
		if get.queue(batch) {
			into = append(into, t.loaded)
		}
	}
	for _, key := range tx.people {
		tx.Identities.None(key.IdentityKey) // unless the statement finds it
		e.people.add(func(enc encoder) { bindIdentityKey(enc, key.IdentityKey); enc.ID(key.app) })
	}
	tx.people = tx.people[:0]
	if e.people.queue(batch) {
		into = append(into, func(d decoder) {
			tx.Identities.loaded(d)
			for _, t := range []changes{&tx.Contacts, &tx.Active, &tx.Conversations} {
				t.reached(d)
			}
		})
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

// readPeople leads from identities to contacts, to what their active
// conversations with an app are, and to these. It finds what lies in the same
// lane, and the oldest of several contacts.
func readPeople() statement {
	keys := define("person", 6, 6, "lane int", "project text", "channel text", "identity text", "scope blob", "app blob")
	columns := func(t *schema, alias string) string { return t.names(0, len(t.columns), alias+".%", ", ") }
	return statement{withKeys(keys) + "SELECT " + columns(identities.schema, "i") + ", " + columns(contacts.schema, "c") + ", " +
		columns(activeConversations.schema, "a") + ", " + columns(conversations.schema, "v") +
		" FROM unnested k JOIN identity i ON " + keys.names(0, identities.keys, "i.% = k.%", " AND ") +
		" LEFT JOIN contact c ON c.lane = i.lane AND c.id = substr(i.contacts, 1, 16)" +
		" LEFT JOIN active_conversation a ON a.lane = i.lane AND a.contact = substr(i.contacts, 1, 16) AND a.app = k.app" +
		" LEFT JOIN conversation v ON v.lane = a.lane AND v.id = a.conversation", newColumns(keys.columns)}
}

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
	s := &e.statements(t).get
	s.add(bind)
	rows, err := e.writer.Query(ctx, s.sql, s.take()...)
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
