package convapi

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// timeLayout is RFC 3339 in UTC with up to microseconds, trailing zeros trimmed.
const timeLayout = "2006-01-02T15:04:05.999999Z"

// Time is a point in time as the contract writes it: RFC 3339, UTC, Z, up to
// microseconds with trailing zeros trimmed. The zero Time means "never" and is
// written as 1970-01-01T00:00:00Z, the contract's "no messages yet".
type Time struct{ time.Time }

// At wraps t.
func At(t time.Time) Time { return Time{t} }

// String renders t as on the wire.
func (t Time) String() string {
	if t.IsZero() {
		return "1970-01-01T00:00:00Z"
	}
	return t.UTC().Format(timeLayout)
}

// MarshalJSON writes the wire form.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads RFC 3339 with any offset and up to nine decimals. null,
// the empty string and the epoch give the zero Time.
func (t *Time) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return errWrongType("a timestamp like 2026-01-02T03:04:05Z")
	}
	if text == nil || *text == "" {
		*t = Time{}
		return nil
	}
	parsed, err := time.Parse(time.RFC3339Nano, *text)
	if err != nil {
		return errWrongType("a timestamp like 2026-01-02T03:04:05Z")
	}
	if parsed.Equal(time.Unix(0, 0)) {
		parsed = time.Time{}
	}
	*t = Time{parsed.UTC()}
	return nil
}

// The contract's bounds of a ttl, in seconds.
const (
	MinTTL TTL = 3
	MaxTTL TTL = 315_576_000_000
)

// ttlRange says what a ttl must be.
const ttlRange = "must be 3 to 315576000000 seconds"

// TTL is a message's life in whole seconds; zero means that none was given. It is
// written as "10s" and read from "10s", "10" and 10 (some SDKs send the latter
// two). It is no time.Duration because MaxTTL does not fit one.
type TTL int64

// Duration returns the life as a duration, at most the longest one there is
// (about 292 years).
func (t TTL) Duration() time.Duration {
	if t > TTL(math.MaxInt64/int64(time.Second)) {
		return math.MaxInt64
	}
	return time.Duration(t) * time.Second
}

// MarshalJSON writes the form "10s".
func (t TTL) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strconv.FormatInt(int64(t), 10) + `s"`), nil
}

// UnmarshalJSON reads "10s", "10" or 10 and refuses what is outside MinTTL to
// MaxTTL; null and the empty string give zero.
func (t *TTL) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" || text == `""` {
		*t = 0
		return nil
	}
	if strings.HasPrefix(text, `"`) {
		text = strings.TrimSuffix(strings.Trim(text, `"`), "s")
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errWrongType(`whole seconds like "10s"`)
	}
	if TTL(seconds) < MinTTL || TTL(seconds) > MaxTTL {
		return &FieldError{Description: ttlRange}
	}
	*t = TTL(seconds)
	return nil
}
