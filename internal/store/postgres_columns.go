package store

import (
	"encoding/binary"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"switchyard/internal/gateway"
)

// statement works on many rows, whose columns are its parameters: one array each.
type statement struct {
	sql string
	columns
}

// queue adds the statement to the batch with the rows that were added to it, if
// there are any.
func (s *statement) queue(batch *pgx.Batch) bool {
	if s.rows == 0 {
		return false
	}
	batch.Queue(s.sql, s.take()...)
	return true
}

// columns gathers rows column by column, for unnest, in the bytes that
// PostgreSQL reads.
type columns struct {
	arrays []array
	next   int // column that the next value belongs to
	rows   int
}

func newColumns(of []column) columns {
	arrays := make([]array, len(of))
	for i, c := range of {
		arrays[i].element = elementTypes[c.kind]
	}
	return columns{arrays: arrays}
}

var elementTypes = [...]uint32{integer: pgtype.Int8OID, text: pgtype.TextOID, blob: pgtype.ByteaOID}

// add puts a row to the others.
func (c *columns) add(bind func(encoder)) {
	if c.rows == 0 {
		for i := range c.arrays {
			c.arrays[i].reset()
		}
	}
	c.next = 0
	bind(encoder{c, gateway.Lanes})
	c.rows++
}

// take gives the arrays, which are good until the next row is added.
func (c *columns) take() []any {
	out := make([]any, len(c.arrays))
	for i := range c.arrays {
		c.arrays[i].end(c.rows)
		out[i] = &c.arrays[i]
	}
	c.rows = 0
	return out
}

// value gives the array of the next value, whose length it has written.
func (c *columns) value(length int) *array {
	a := &c.arrays[c.next]
	c.next++
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(length))
	return a
}

func (c *columns) Int(v int64) {
	a := c.value(8)
	a.buf = binary.BigEndian.AppendUint64(a.buf, uint64(v))
}

func (c *columns) Text(v string) {
	a := c.value(len(v))
	a.buf = append(a.buf, v...)
}

func (c *columns) Blob(v []byte) {
	a := c.value(len(v))
	a.buf = append(a.buf, v...)
}

func (c *columns) ID(v gateway.ID) { c.Blob(v[:]) }

// array is a value of PostgreSQL's type bigint[], text[] or bytea[] in the binary
// form of the protocol (array_recv in src/backend/utils/adt/arrayfuncs.c):
// how many dimensions, whether there are NULLs, the type of the elements, then
// how many these are and the number of the first; then each with its length.
type array struct {
	element uint32
	buf     []byte
}

const (
	arrayHeader = 20
	// keptArray is how large an array's memory may be to be used again.
	keptArray = 1 << 20
)

func (a *array) reset() {
	if cap(a.buf) > keptArray {
		a.buf = nil
	}
	a.buf = append(a.buf[:0], make([]byte, arrayHeader)...)
}

// end writes the header.
func (a *array) end(rows int) {
	for i, v := range [...]uint32{1, 0, a.element, uint32(rows), 1} {
		binary.BigEndian.PutUint32(a.buf[4*i:], v)
	}
}

// sendArrays has a connection's arrays sent as they are.
func sendArrays(conn *pgx.Conn) {
	m := conn.TypeMap()
	for _, oid := range []uint32{pgtype.Int8ArrayOID, pgtype.TextArrayOID, pgtype.ByteaArrayOID} {
		if t, ok := m.TypeForOID(oid); ok {
			m.RegisterType(&pgtype.Type{Name: t.Name, OID: oid, Codec: arrayCodec{t.Codec}})
		}
	}
}

// arrayCodec sends an *array; all else is the other codec's.
type arrayCodec struct{ pgtype.Codec }

func (arrayCodec) PreferredFormat() int16 { return pgtype.BinaryFormatCode }

func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.(*array); ok && format == pgtype.BinaryFormatCode {
		return arrayPlan{}
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

type arrayPlan struct{}

func (arrayPlan) Encode(value any, buf []byte) ([]byte, error) {
	return append(buf, value.(*array).buf...), nil
}
