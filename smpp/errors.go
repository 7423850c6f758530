package smpp

import (
	"errors"
	"fmt"
)

// The three outcomes of a request that was not answered with success. Every error of [Session.Submit], [Session.Deliver] and [Client.Submit] is one of them.
type (
	// NotSentError says that nothing of the request has reached the network: doing it again cannot make a duplicate.
	NotSentError struct{ Err error }

	// InDoubtError says that the request, or a part of it, was written and no answer came: the other end may have acted on it or not.
	InDoubtError struct{ Err error }

	// StatusError is the other end's refusal.
	StatusError struct {
		Command CommandID // of the request
		Status  Status
	}
)

func (e *NotSentError) Error() string { return "not sent: " + e.Err.Error() }
func (e *NotSentError) Unwrap() error { return e.Err }

func (e *InDoubtError) Error() string { return "in doubt: " + e.Err.Error() }
func (e *InDoubtError) Unwrap() error { return e.Err }

func (e *StatusError) Error() string { return fmt.Sprintf("%s refused: %s", e.Command, e.Status) }

// Causes of the errors above and of a session's end.
var (
	ErrNotBound        = errors.New("no session is bound")
	ErrClosed          = errors.New("closed")
	ErrUnbound         = errors.New("unbound by the other end")
	ErrResponseTimeout = errors.New("no answer in time")
	ErrEnquireTimeout  = errors.New("enquire_link was not answered")
	ErrOutOfStep       = errors.New("generic_nack without a sequence number: the stream is out of step")
	ErrAnswer          = errors.New("the answer does not fit the request")
	ErrVersion         = errors.New("the centre speaks a version without optional parameters")
	ErrWrongBind       = errors.New("the session is not bound for this direction")
)
