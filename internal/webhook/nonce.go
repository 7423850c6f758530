package webhook

import (
	"crypto/rand"
	"time"
)

// crockford is the alphabet of ULIDs: digits and letters without I, L, O and U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newNonce returns a ULID as in the vendor's test vector: 48 bits of Unix
// milliseconds and 80 random bits in 26 characters.
func newNonce(now time.Time) string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the process instead
	var text [26]byte
	ms := uint64(now.UnixMilli())
	for i := 9; i >= 0; i-- {
		text[i] = crockford[ms&31]
		ms >>= 5
	}
	for i := range 16 {
		text[10+i] = crockford[fiveBits(random, 5*i)]
	}
	return string(text[:])
}

// fiveBits returns the five bits that begin at bit number at, most significant
// bit first.
func fiveBits(b [10]byte, at int) byte {
	pair := uint16(b[at/8]) << 8
	if at/8+1 < len(b) {
		pair |= uint16(b[at/8+1])
	}
	return byte(pair>>(11-at%8)) & 31
}
