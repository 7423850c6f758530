package delivery

import (
	"math/bits"

	"switchyard/internal/gateway"
)

// lane is a hook's progress in one lane of the log. It exists only while
// something of the lane is under way or waits to be read.
type lane struct {
	number int
	// read is how far callbacks have been taken or passed by; tail is how far
	// the log is known to reach.
	read, tail uint64
	entries    []*entry // taken and not yet passed by the cursor, in order
	written    uint64   // the cursor's last known row
	listed     bool     // among the hook's changed lanes
}

// behind says that callbacks have to be read from the log.
func (l *lane) behind() bool { return l.read < l.tail }

// cursor passes what is done or has a row, and gives the position up to which
// all is.
func (l *lane) cursor() uint64 {
	for len(l.entries) > 0 && (l.entries[0].done || l.entries[0].parked) {
		l.entries[0] = nil
		l.entries = l.entries[1:]
	}
	if len(l.entries) == 0 {
		l.entries = nil
		return l.read
	}
	return l.entries[0].callback.Position - 1
}

// laneSet is a set of lanes.
type laneSet [gateway.Lanes / 64]uint64

func setOf(lanes []int) (s laneSet) {
	for _, lane := range lanes {
		s.add(lane)
	}
	return s
}

func (s *laneSet) add(lane int)     { s[lane/64] |= 1 << (lane % 64) }
func (s laneSet) has(lane int) bool { return s[lane/64]>>(lane%64)&1 == 1 }
func (s laneSet) isEmpty() bool     { return s == laneSet{} }

func (s laneSet) and(other laneSet) laneSet {
	for i := range s {
		s[i] &= other[i]
	}
	return s
}

func (s laneSet) or(other laneSet) laneSet {
	for i := range s {
		s[i] |= other[i]
	}
	return s
}

func (s laneSet) without(other laneSet) laneSet {
	for i := range s {
		s[i] &^= other[i]
	}
	return s
}

func (s laneSet) each(f func(lane int)) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			f(64*i + bits.TrailingZeros64(word))
		}
	}
}
