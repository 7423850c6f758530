package store

import (
	"fmt"
	"strings"
	"time"

	"switchyard/internal/gateway"
)

// schema describes a table to both engines, which make their statements of it.
type schema struct {
	name    string
	columns []column
	// keys is how many leading columns make the primary key, and fixed how
	// many leading columns never change after the insert. A table with
	// fixed == len(columns) is only inserted into.
	keys, fixed int
}

type column struct {
	name string
	kind kind
}

type kind uint8

const (
	integer kind = iota
	text
	blob
)

// define reads column specifications such as "lane int".
func define(name string, keys, fixed int, specs ...string) *schema {
	s := &schema{name: name, keys: keys, fixed: fixed}
	for _, spec := range specs {
		c, k, _ := strings.Cut(spec, " ")
		s.columns = append(s.columns, column{c, map[string]kind{"int": integer, "text": text, "blob": blob}[k]})
	}
	return s
}

// names joins the names of columns from to to with sep, each shaped by format.
func (s *schema) names(from, to int, format, sep string) string {
	out := make([]string, 0, to-from)
	for _, c := range s.columns[from:to] {
		out = append(out, strings.ReplaceAll(format, "%", c.name))
	}
	return strings.Join(out, sep)
}

// all joins the names of all columns, each shaped by format.
func (s *schema) all(format string) string { return s.names(0, len(s.columns), format, ", ") }

// conflict is the tail of the insert statement.
func (s *schema) conflict() string {
	if s.keys == len(s.columns) { // a row that is all key is the same row
		return " ON CONFLICT DO NOTHING"
	}
	if s.fixed == len(s.columns) {
		return ""
	}
	return fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s",
		s.names(0, s.keys, "%", ", "), s.names(s.fixed, len(s.columns), "% = excluded.%", ", "))
}

// encoder writes a row's columns in order.
type encoder struct {
	valueWriter
	lanes int
}

type valueWriter interface {
	Int(int64)
	Text(string)
	Blob([]byte)
	ID(gateway.ID) // as a blob
}

func (e encoder) Lane(lane byte) { e.Int(int64(int(lane) % e.lanes)) }

// Keyed writes the lane and the id of a row that lies in its own id's lane.
func (e encoder) Keyed(id gateway.ID) {
	e.Lane(id.Lane())
	e.ID(id)
}

func (e encoder) Bool(b bool) {
	if b {
		e.Int(1)
	} else {
		e.Int(0)
	}
}

// Time writes Unix microseconds, 0 for the zero time.
func (e encoder) Time(t time.Time) {
	if t.IsZero() {
		e.Int(0)
	} else {
		e.Int(t.UnixMicro())
	}
}

// decoder reads a row's columns in order.
type decoder struct{ valueReader }

type valueReader interface {
	Int() int64
	Text() string
	Blob() []byte
	ID() gateway.ID
}

func (d decoder) Bool() bool { return d.Int() != 0 }
func (d decoder) Lane() int  { return int(d.Int()) }
func (d decoder) Time() time.Time {
	us := d.Int()
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
