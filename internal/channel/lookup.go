package channel

import (
	"context"
	"errors"

	"switchyard/convapi"
)

// Prober is an Adapter whose provider says whether it reaches somebody. It is
// asked by capability:query only; no send waits for it.
type Prober interface {
	// Probe asks the provider about an identity. A *Failure with verdict Refuse
	// that is not the account's says that the person cannot be reached, and why;
	// any other error that nobody knows.
	Probe(ctx context.Context, identity string) (Capability, error)
}

// Capability is what a provider says of somebody whom it reaches.
type Capability struct {
	// Status is CAPABILITY_FULL or CAPABILITY_PARTIAL, or CAPABILITY_UNKNOWN if
	// the provider does not say.
	Status convapi.CapabilityStatus
	// Abilities are the provider's names of what the person's device can show,
	// with CAPABILITY_PARTIAL.
	Abilities []string
}

// ErrNoProfile says that the provider shows no name for an identity.
var ErrNoProfile = errors.New("no profile")

// Profiler is an Adapter whose provider tells the names that people go by.
type Profiler interface {
	// Profile gives the name of an identity. A provider that shows none, or does
	// not know the identity, is ErrNoProfile; other errors are *Failure.
	Profile(ctx context.Context, identity string) (name string, err error)
}
