package channel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"switchyard/convapi"
)

// Conn is a stream connection as Env.Dial gives it.
type Conn = net.Conn

// Verdict says what a failed Send means for the message. The zero value is
// the safe one.
type Verdict int

const (
	// Unknown: the message may have been sent. It waits for a report.
	Unknown Verdict = iota
	// Retry: certainly not sent; the same channel may take it later.
	Retry
	// Refuse: certainly not sent, and never will be here; the next channel may
	// take it.
	Refuse
	// Abort: certainly not sent, and no channel can take it.
	Abort
)

// String gives the verdict as metrics and logs name it.
func (v Verdict) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case Retry:
		return "retry"
	case Refuse:
		return "refuse"
	case Abort:
		return "abort"
	}
	return fmt.Sprintf("verdict(%d)", int(v))
}

// Failure is an adapter's classified error.
type Failure struct {
	Verdict Verdict
	// Reason is told to the customer. Descriptions of relayed errors begin
	// with "The underlying channel reported: ".
	Reason convapi.Reason
	// RetryAfter is the provider's wish with verdict Retry; 0 if it has none.
	RetryAfter time.Duration
	// Account: the failure concerns the account as a whole, and so its other
	// messages. With Refuse the credential is at fault (bad token, blocked
	// account); with Retry the account has to rest for RetryAfter.
	Account bool
	// Refs are the provider's ids of the parts that were handed over before
	// the failure, and Parts the message's number of parts.
	Refs  []string
	Parts int
	// Err is logged and never leaves the process. It holds no secret.
	Err error
}

// Error implements error.
func (f *Failure) Error() string {
	s := f.Verdict.String() + " " + string(f.Reason.Code)
	if f.Reason.Description != "" {
		s += ": " + f.Reason.Description
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// AsFailure gives err as a Failure: itself if it is one, else one with verdict
// Unknown, because an unclassified error says nothing about the wire.
func AsFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	description := "the channel's answer is unknown"
	if errors.Is(err, context.DeadlineExceeded) {
		description = "the channel did not answer in time"
	}
	return &Failure{
		Reason: convapi.Reason{Code: convapi.ReasonChannelFailure, Description: description, SubCode: convapi.SubCodeUnspecified},
		Err:    err,
	}
}
