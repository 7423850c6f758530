package smpp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// codec walks the fields of a body, either writing or reading them. Each body lists its fields once, so the two directions cannot disagree.
type codec interface {
	octet(v *uint8)
	// cstring is a C-octet string; size is the specification's limit including the NUL. The limit binds only when writing: centres exceed it, and
	// what they say is worth more than the rule.
	cstring(field string, v *string, size int)
	shortMessage(v *[]byte)
	tlvs(v *TLVs)
	rest(v *[]byte)
}

// maxShortMessage is the largest sm_length (SMPP 3.4, 5.2.21); longer texts go into message_payload.
const maxShortMessage = 254

// writer is the codec that appends.
type writer struct {
	buf    []byte
	reason string // the first one why this cannot be written
}

func (w *writer) fail(format string, args ...any) {
	if w.reason == "" {
		w.reason = fmt.Sprintf(format, args...)
	}
}

func (w *writer) octet(v *uint8) { w.buf = append(w.buf, *v) }

func (w *writer) cstring(field string, v *string, size int) {
	if len(*v) >= size {
		w.fail("%s has %d octets, the limit is %d", field, len(*v), size-1)
		return
	}
	if strings.IndexByte(*v, 0) >= 0 {
		w.fail("%s contains a NUL", field)
		return
	}
	w.buf = append(append(w.buf, *v...), 0)
}

func (w *writer) shortMessage(v *[]byte) {
	if len(*v) > maxShortMessage {
		w.fail("short_message has %d octets, the limit is %d", len(*v), maxShortMessage)
		return
	}
	w.buf = append(append(w.buf, uint8(len(*v))), *v...)
}

func (w *writer) tlvs(v *TLVs) {
	for _, p := range *v {
		if len(p.Value) > math.MaxUint16 {
			w.fail("%s has %d octets, the limit is %d", p.Tag, len(p.Value), math.MaxUint16)
			return
		}
		w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(p.Tag))
		w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(len(p.Value)))
		w.buf = append(w.buf, p.Value...)
	}
}

func (w *writer) rest(v *[]byte) { w.buf = append(w.buf, *v...) }

// reader is the codec that consumes a frame's body. After the first error it reads nothing more. Values alias the frame.
type reader struct {
	buf    []byte
	status Status
	reason string
}

func (r *reader) fail(status Status, reason string) {
	if r.status == StatusOK {
		r.status, r.reason = status, reason
	}
	r.buf = nil
}

func (r *reader) take(n int, what string) []byte {
	if n > len(r.buf) {
		r.fail(StatusInvCmdLen, what+" is cut short")
		return nil
	}
	v := r.buf[:n:n]
	r.buf = r.buf[n:]
	return v
}

func (r *reader) octet(v *uint8) {
	if b := r.take(1, "a fixed field"); b != nil {
		*v = b[0]
	}
}

func (r *reader) cstring(field string, v *string, _ int) {
	end := bytes.IndexByte(r.buf, 0)
	if end < 0 {
		r.fail(StatusInvCmdLen, field+" has no NUL")
		return
	}
	*v = string(r.buf[:end])
	r.buf = r.buf[end+1:]
}

func (r *reader) shortMessage(v *[]byte) {
	var n uint8
	r.octet(&n)
	if b := r.take(int(n), "short_message"); len(b) > 0 {
		*v = b
	}
}

func (r *reader) tlvs(v *TLVs) {
	for len(r.buf) > 0 {
		if len(r.buf) < 4 {
			r.fail(StatusInvOptParStream, "the optional parameters are cut short")
			return
		}
		tag, n := Tag(binary.BigEndian.Uint16(r.buf)), int(binary.BigEndian.Uint16(r.buf[2:]))
		if n > len(r.buf)-4 {
			r.fail(StatusInvParLen, tag.String()+" is cut short")
			return
		}
		p := TLV{Tag: tag}
		if n > 0 {
			p.Value = r.buf[4 : 4+n : 4+n]
		}
		*v = append(*v, p)
		r.buf = r.buf[4+n:]
	}
}

func (r *reader) rest(v *[]byte) {
	if len(r.buf) > 0 {
		*v = r.take(len(r.buf), "body")
	}
}
