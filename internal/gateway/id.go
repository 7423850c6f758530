// Package gateway is the vocabulary of the gateway itself: what the wire
// contract (package convapi) does not have, such as identifiers with lanes,
// hops and attempts. It holds no rules and does no I/O.
package gateway

import (
	"crypto/rand"
	"encoding/binary"
	"hash/fnv"
	"sync"
	"time"
)

// Lanes is the number of hash lanes that identifiers are spread over. It is
// fixed for ever: the lane is a part of every id.
const Lanes = 256

// ID is a ULID: 48 bits of Unix milliseconds, then 16 bits that count within
// one millisecond, 8 bits of lane and 56 random bits. Ids of one process sort
// by the time of their making. The zero ID means "none".
type ID [16]byte

// crockford is the alphabet of ULIDs: base 32 without I, L, O and U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// IDLength is the length of an id's text form.
const IDLength = 26

var clock struct {
	sync.Mutex
	ms    uint64
	count uint16
}

// NewID makes an id of the given lane at the current time.
func NewID(lane byte) ID {
	return NewIDAt(lane, time.Now())
}

// NewIDAt makes an id of the given lane at the time now. Ids made within the
// same millisecond stay in the order of their making, up to 65,536 of them;
// further ones borrow the next millisecond.
func NewIDAt(lane byte, now time.Time) ID {
	ms := uint64(max(now.UnixMilli(), 0))
	clock.Lock()
	switch {
	case ms > clock.ms || clock.ms-ms > 1000: // forward, or the wall clock was set back
		clock.ms, clock.count = ms, 0
	case clock.count == 0xFFFF:
		clock.ms++
		clock.count = 0
	default:
		clock.count++
	}
	ms, count := clock.ms, clock.count
	clock.Unlock()

	var id ID
	binary.BigEndian.PutUint64(id[:8], ms<<16|uint64(count))
	rand.Read(id[8:])
	id[8] = lane
	return id
}

// FirstID sorts before every id that was made at t or later, and behind those of
// earlier milliseconds. It names nothing itself.
func FirstID(t time.Time) (id ID) {
	binary.BigEndian.PutUint64(id[:8], uint64(max(t.UnixMilli(), 0))<<16)
	return id
}

// NewIDOf makes an id that sorts by a time that has passed, which the ids of the
// present know nothing of. Ids of one millisecond sort by their microsecond.
func NewIDOf(lane byte, at time.Time) ID {
	id := FirstID(at)
	binary.BigEndian.PutUint16(id[6:8], uint16(at.UnixMicro()%1000*65))
	rand.Read(id[8:])
	id[8] = lane
	return id
}

// MaxAhead is how far an id's time may lie before the time that it was made at,
// rounded up: see NewIDAt.
const MaxAhead = 1002 * time.Millisecond

// LaneOf hashes a key, such as a channel identity, to a lane.
func LaneOf(key string) byte {
	h := fnv.New32a()
	h.Write([]byte(key))
	s := h.Sum32()
	return byte(s ^ s>>8 ^ s>>16 ^ s>>24)
}

// Lane is the lane that the id was made in.
func (id ID) Lane() byte { return id[8] }

// Time is when the id was made, in whole milliseconds.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
}

// IsZero says whether the id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// String gives the 26 characters of the ULID, or "" for the zero ID: the
// contract shows an absent id as an empty string.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	var out [IDLength]byte
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	for i := IDLength - 1; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// ParseID reads the text form. It reports false for a text that is not a
// ULID; such a text names nothing that this gateway has made.
func ParseID(s string) (ID, bool) {
	if len(s) != IDLength || s[0] > '7' {
		return ID{}, false
	}
	var hi, lo uint64
	for i := range IDLength {
		v := crockfordValue[s[i]]
		if v > 31 {
			return ID{}, false
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	var id ID
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, !id.IsZero()
}

// crockfordValue maps an upper-case letter or digit to its value, others to 255.
var crockfordValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range len(crockford) {
		t[crockford[i]] = byte(i)
	}
	return t
}()
