package delivery

import (
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/gateway"
)

// Status is how the delivery to one webhook stands.
type Status struct {
	Breaker  breaker.State
	InMemory int  // callbacks held, posts under way and those in retry included
	InFlight int  // posts under way
	InRetry  int  // callbacks with a delivery row: failed, or behind a failed one
	Behind   bool // more callbacks wait in the log
	// Oldest is when the oldest callback that waits was stored; zero when none
	// waits.
	Oldest time.Time
}

// Status tells how the webhook stands; the zero Status for one that is not
// known.
func (d *Deliverer) Status(id gateway.ID) Status {
	return Status{}
}
