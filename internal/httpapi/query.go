package httpapi

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// defaultPageSize is the page size of every list of the contract.
const defaultPageSize = 10

// query reads the parameters of a URL's query string. What does not fit is
// collected; ask err after all parameters have been read. Parameters that nobody
// reads are ignored.
type query struct {
	raw      map[string][]string // values still escaped
	problems convapi.FieldErrors
}

// parseQuery splits a query string. Unlike a form decoder it keeps a plus sign:
// clients send phone numbers and times with raw ones.
func parseQuery(raw string) *query {
	q := &query{raw: make(map[string][]string)}
	for pair := range strings.SplitSeq(raw, "&") {
		escaped, value, _ := strings.Cut(pair, "=")
		if name, err := url.PathUnescape(escaped); err == nil && value != "" {
			q.raw[name] = append(q.raw[name], value)
		}
	}
	return q
}

// err returns everything that was wrong, or nil.
func (q *query) err() error {
	if len(q.problems) == 0 {
		return nil
	}
	return q.problems
}

func (q *query) refuse(name, description string) {
	q.problems = append(q.problems, &convapi.FieldError{Field: name, Description: description})
}

// all returns every value of a parameter.
func (q *query) all(name string) []string {
	var values []string
	for _, raw := range q.raw[name] {
		value, err := url.PathUnescape(raw)
		// NUL is refused because not every store can hold it in a text.
		if err != nil || !utf8.ValidString(value) || strings.Contains(value, "\x00") {
			q.refuse(name, "must be percent-encoded UTF-8 without NUL")
			return nil
		}
		values = append(values, value)
	}
	return values
}

// text returns the first value of a parameter; "" when it is absent.
func (q *query) text(name string) string {
	if values := q.all(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// flag reads true or false, in any of the spellings that clients' languages
// print; absent is false.
func (q *query) flag(name string) bool {
	text := q.text(name)
	if text == "" {
		return false
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		q.refuse(name, "must be true or false")
	}
	return value
}

// time reads an RFC 3339 time; absent is the zero time.
func (q *query) time(name string) time.Time {
	text := q.text(name)
	if text == "" {
		return time.Time{}
	}
	value, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		q.refuse(name, "must be a time like 2026-01-02T03:04:05Z")
		return time.Time{}
	}
	return value.UTC()
}

// page reads page_size and page_token. Sizes above limit are lowered to it; 0,
// like an absent one, is defaultPageSize.
func (q *query) page(limit int) engine.Page {
	page := engine.Page{Size: defaultPageSize, Token: q.text("page_token")}
	if text := q.text("page_size"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil || size < 0 {
			q.refuse("page_size", "must be a whole number, 0 or more")
		} else if size > 0 {
			page.Size = min(size, limit)
		}
	}
	return page
}

// enumOf reads a parameter whose values the contract lists; absent is "".
func enumOf[E interface {
	~string
	Known() bool
}](q *query, name string) E {
	value := E(q.text(name))
	if value != "" && !value.Known() {
		q.refuse(name, "is not a value of the contract")
		return ""
	}
	return value
}
