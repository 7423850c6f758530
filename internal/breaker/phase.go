package breaker

import "fmt"

// Phase is one of Closed, Open and HalfOpen; its text form is the name that the
// operator sees.
type Phase uint8

// The phases. Closed lets calls through, Open holds them back, HalfOpen waits
// for the outcome of one probe.
const (
	Closed Phase = iota
	Open
	HalfOpen
)

// String returns CLOSED, OPEN or HALF_OPEN.
func (p Phase) String() string {
	switch p {
	case Closed:
		return "CLOSED"
	case Open:
		return "OPEN"
	case HalfOpen:
		return "HALF_OPEN"
	default:
		return fmt.Sprintf("Phase(%d)", uint8(p))
	}
}

// MarshalText writes the name.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the name and refuses any other text.
func (p *Phase) UnmarshalText(text []byte) error {
	for _, known := range []Phase{Closed, Open, HalfOpen} {
		if known.String() == string(text) {
			*p = known
			return nil
		}
	}
	return fmt.Errorf("breaker: unknown phase %q", text)
}
