package convapi

import (
	"fmt"
	"io"
	"log/slog"
)

// masked is what a set secret looks like in print.
const masked = "***"

// Secret is a credential value. It crosses the wire in clear, as the contract
// wants, but prints as *** through fmt and slog; empty prints as empty, so that
// a log can still tell whether it was set. string(s) gives the value.
type Secret string

// String masks the value.
func (s Secret) String() string { return mask(len(s)) }

// GoString masks the value for %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// Format masks the value for every verb, also those like %x that would look
// behind String.
func (s Secret) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(s)) }

// LogValue masks the value for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// SecretObject is a raw JSON object that holds credentials whose members only a
// channel adapter knows. It is kept as received and prints as ***.
type SecretObject []byte

// MarshalJSON returns the object as it was received.
func (o SecretObject) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("null"), nil
	}
	return o, nil
}

// UnmarshalJSON keeps a copy of the raw object; null leaves it nil.
func (o *SecretObject) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*o = nil
		return nil
	}
	if len(data) == 0 || data[0] != '{' {
		return errWrongType("an object")
	}
	*o = append((*o)[:0:0], data...)
	return nil
}

// String masks the content.
func (o SecretObject) String() string { return mask(len(o)) }

// GoString masks the content for %#v.
func (o SecretObject) GoString() string { return fmt.Sprintf("%q", o.String()) }

// Format masks the content for every verb.
func (o SecretObject) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(o)) }

// LogValue masks the content for slog.
func (o SecretObject) LogValue() slog.Value { return slog.StringValue(o.String()) }

func mask(length int) string {
	if length == 0 {
		return ""
	}
	return masked
}

func formatMasked(f fmt.State, verb rune, length int) {
	text := mask(length)
	if verb == 'q' || f.Flag('#') {
		text = fmt.Sprintf("%q", text)
	}
	_, _ = io.WriteString(f, text) // fmt.State offers nowhere to report a failed write
}
