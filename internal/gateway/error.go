package gateway

import (
	"fmt"
	"time"
)

// Code is the status name of an API error.
type Code string

// The codes that the gateway gives; httpapi maps them to HTTP statuses.
const (
	InvalidArgument    Code = "INVALID_ARGUMENT"    // 400
	Unauthenticated    Code = "UNAUTHENTICATED"     // 401
	Unauthorized       Code = "UNAUTHORIZED"        // 403
	NotFound           Code = "NOT_FOUND"           // 404
	IdempotencyClash   Code = "IDEMPOTENCY_CLASH"   // 422
	ResourceExhausted  Code = "RESOURCE_EXHAUSTED"  // 429
	Internal           Code = "INTERNAL_ERROR"      // 500
	Unavailable        Code = "UNAVAILABLE"         // 503
	FailedPrecondition Code = "FAILED_PRECONDITION" // 400
)

// Error is an error that the API's caller may see.
type Error struct {
	Code    Code
	Message string
	// Field is the path of the member at fault, where there is one.
	Field string
	// RetryAfter goes with ResourceExhausted and Unavailable.
	RetryAfter time.Duration
}

// Error implements error.
func (e *Error) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s: %s: %s", e.Code, e.Field, e.Message)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Errorf makes an Error without a field.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes an InvalidArgument error about a field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: InvalidArgument, Field: field, Message: fmt.Sprintf(format, args...)}
}
