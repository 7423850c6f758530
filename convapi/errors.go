package convapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// FieldError says what is wrong with one member of a request.
type FieldError struct {
	Field       string // JSON path from the body's root, like message.choice_message.choices[3].url_message.url; empty for the body itself
	Description string // what is expected; never repeats the value
}

// Error renders "field: description".
func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Description
	}
	return e.Field + ": " + e.Description
}

// FieldErrors collects everything that is wrong with a request. A method that
// returns it as an error returns nil when there is nothing in it.
type FieldErrors []*FieldError

// Error joins the single errors with "; ".
func (e FieldErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap gives errors.As and errors.Is the single errors.
func (e FieldErrors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// errWrongType is a field error whose path Decode fills in.
func errWrongType(want string) *FieldError { return &FieldError{Description: "must be " + want} }

// ErrorResponse is the body of every error answer.
type ErrorResponse struct {
	Error ErrorDetail `json:"error"`
}

// ErrorDetail describes an error. Code is the HTTP status; Status is its name.
type ErrorDetail struct {
	Code    int               `json:"code"`
	Message string            `json:"message"`
	Status  string            `json:"status"`
	Details []json.RawMessage `json:"details"`
}

// MarshalJSON writes absent details as an empty list.
func (d ErrorDetail) MarshalJSON() ([]byte, error) {
	type plain ErrorDetail
	d.Details = orEmpty(d.Details)
	return json.Marshal(plain(d))
}

// orEmpty replaces a nil slice, which would be written as null, which typed
// clients refuse for a list.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// sortedKeys makes the order of errors in maps the same every time.
func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
