package convapi

import (
	"bytes"
	"encoding/json"
	"sync"
)

// Marshal encodes v in canonical form: byte for byte what JavaScript's
// JSON.stringify(JSON.parse(x)) makes of it. Receivers that check a signature on
// a parsed and re-stringified body depend on that. Raw JSON inside v is brought
// to the same form.
func Marshal(v any) ([]byte, error) {
	w := writers.Get().(*canonicalWriter)
	defer w.release()
	if err := json.NewEncoder(&w.plain).Encode(v); err != nil {
		return nil, err
	}
	return w.canonical(w.plain.Bytes()), nil
}

// Canonicalize brings one JSON text to canonical form; see Marshal. Like
// encoding/json it refuses nesting deeper than 10000.
func Canonicalize(data []byte) ([]byte, error) {
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, err
	}
	w := writers.Get().(*canonicalWriter)
	defer w.release()
	return w.canonical(data), nil
}

// canonicalWriter copies valid JSON from in to out in canonical form.
type canonicalWriter struct {
	in      []byte
	pos     int
	out     []byte
	members []member // of the objects being written, innermost last

	plain bytes.Buffer // of Marshal
}

// writers keeps writers for the memory that they have gathered.
var writers = sync.Pool{New: func() any { return new(canonicalWriter) }}

// Limits of a writer that is kept: a rare large text should not hold its memory
// for ever.
const (
	maxKeptBytes   = 64 << 10
	maxKeptMembers = 1 << 10
)

func (w *canonicalWriter) release() {
	w.in, w.out, w.members = nil, nil, w.members[:0]
	if w.plain.Cap() <= maxKeptBytes && cap(w.members) <= maxKeptMembers {
		w.plain.Reset()
		writers.Put(w)
	}
}

// canonical rewrites JSON that is known to be valid.
func (w *canonicalWriter) canonical(data []byte) []byte {
	w.in, w.pos, w.out = data, 0, make([]byte, 0, len(data))
	w.value()
	return w.out
}

// member is the place of an object member in out: its key with quotes is
// out[start:keyEnd], its value follows the colon up to end.
type member struct{ start, keyEnd, end int }

// peek returns the next byte that is not white space without consuming it.
func (w *canonicalWriter) peek() byte {
	for {
		switch b := w.in[w.pos]; b {
		case ' ', '\t', '\n', '\r':
			w.pos++
		default:
			return b
		}
	}
}

func (w *canonicalWriter) value() {
	switch w.peek() {
	case '{':
		w.object()
	case '[':
		w.array()
	case '"':
		w.string()
	default:
		w.literal()
	}
}

func (w *canonicalWriter) array() {
	w.pos++
	w.out = append(w.out, '[')
	for first := true; ; first = false {
		switch w.peek() {
		case ']':
			w.pos++
			w.out = append(w.out, ']')
			return
		case ',':
			w.pos++
		}
		if !first {
			w.out = append(w.out, ',')
		}
		w.value()
	}
}

func (w *canonicalWriter) object() {
	w.pos++
	w.out = append(w.out, '{')
	mine := len(w.members)
	for {
		switch w.peek() {
		case '}':
			w.pos++
			w.orderMembers(w.members[mine:])
			w.members = w.members[:mine]
			w.out = append(w.out, '}')
			return
		case ',':
			w.pos++
			w.peek()
		}
		if len(w.members) > mine {
			w.out = append(w.out, ',')
		}
		w.member()
	}
}

func (w *canonicalWriter) member() {
	m := member{start: len(w.out)}
	w.string()
	m.keyEnd = len(w.out)
	w.peek()
	w.pos++ // the colon
	w.out = append(w.out, ':')
	w.value()
	m.end = len(w.out)
	w.members = append(w.members, m)
}

// literal copies true, false and null and rewrites a number.
func (w *canonicalWriter) literal() {
	end := w.pos
	for end < len(w.in) && bytes.IndexByte([]byte(" \t\n\r,]}"), w.in[end]) < 0 {
		end++
	}
	token := w.in[w.pos:end]
	w.pos = end
	if token[0] == '-' || token[0] <= '9' {
		w.out = appendJSNumber(w.out, token)
		return
	}
	w.out = append(w.out, token...)
}
