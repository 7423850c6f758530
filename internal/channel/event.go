package channel

import (
	"context"

	"switchyard/convapi"
)

// EventSender is an Adapter that can show a person what the app does: that
// somebody writes, that a message was read.
type EventSender interface {
	// SendEvent hands an event over. Errors are those of Send; an event that the
	// channel has no form for is NoEvent. An accepted event counts as delivered:
	// no channel reports on events.
	SendEvent(ctx context.Context, e OutboundEvent) error
}

// OutboundEvent is one event to one identity.
type OutboundEvent struct {
	EventID  string // ours
	Identity string
	Event    *convapi.AppEvent
	// Last is the provider's id of the newest message from the person (see
	// Inbound.Ref), for channels whose events are about a message; "" if none of
	// the last 30 days is known.
	Last string
	// Retries is how often the channel has already failed for a passing reason.
	Retries int
}

// NoEvent is the failure of an event that the channel has no form for.
func NoEvent(ch convapi.Channel) *Failure {
	return &Failure{Verdict: Refuse, Reason: convapi.Reason{
		Code: convapi.ReasonUnsupportedOperation, SubCode: convapi.SubCodeUnspecified,
		Description: string(ch) + " has no form for this event",
	}}
}
