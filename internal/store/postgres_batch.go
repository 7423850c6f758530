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
	columns, keys := t.columns, t.columns[:t.keys]
	s := &postgresStatements{
		get: statement{"SELECT " + t.all("t.%") + " FROM " + unnest(keys) + " CROSS" + along(t, "t", t.names(0, t.keys, "t.% = k.%", " AND ")), newColumns(keys)},
		put: statement{"INSERT INTO " + t.name + " (" + t.all("%") + ") SELECT * FROM " + unnest(columns) + t.conflict(), newColumns(columns)},
		// A comparison with an array can use the index and cannot be a merge join's,
		// for whose sake alone PostgreSQL would walk along an index.
		del: statement{"DELETE FROM " + t.name + " t USING " + unnest(keys) + " WHERE " + t.names(0, t.keys, "t.% = ANY (ARRAY[k.%])", " AND "), newColumns(keys)},
	}
	e.sql[t] = s
	return s
}

// unnest is a table k made of arrays, one for each column.
func unnest(columns []column) string {
	parts, names := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		parts[i], names[i] = fmt.Sprintf("$%d::%s", i+1, postgresTypes[c.kind]), c.name
	}
	return "unnest(" + strings.Join(parts, ", ") + ") AS k (" + strings.Join(names, ", ") + ")"
}

// along joins to each row so far those of a table that fit it. A plain join may be
// planned the other way around, and is when the table is known to be empty; that
// plan walks it once it is full. OFFSET keeps PostgreSQL from making one of this.
func along(t *schema, alias, condition string) string {
	return " JOIN LATERAL (SELECT * FROM " + t.name + " " + alias + " WHERE " + condition + " OFFSET 0) " + alias
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
	keys := define("person", 6, 6, "lane int", "project text", "channel text", "identity text", "scope blob", "app blob").columns
	return statement{"SELECT " + identities.all("i.%") + ", " + contacts.all("c.%") + ", " +
		activeConversations.all("a.%") + ", " + conversations.all("v.%") + " FROM " + unnest(keys) +
		" CROSS" + along(identities.schema, "i", identities.names(0, identities.keys, "i.% = k.%", " AND ")) +
		" LEFT" + along(contacts.schema, "c", "c.lane = i.lane AND c.id = substr(i.contacts, 1, 16)") + " ON true" +
		" LEFT" + along(activeConversations.schema, "a", "a.lane = i.lane AND a.contact = substr(i.contacts, 1, 16) AND a.app = k.app") + " ON true" +
		" LEFT" + along(conversations.schema, "v", "v.lane = a.lane AND v.id = a.conversation") + " ON true", newColumns(keys)}
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
