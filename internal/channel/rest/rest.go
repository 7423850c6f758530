// Package rest is the plumbing of channels whose provider has a JSON API over
// HTTP: one call with bounded memory, an answer that is always drained and
// closed, and the verdict of everything that can go wrong on the way. It must
// not know any provider, retry, or sleep.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

const (
	// MaxAnswer is how many bytes of an answer are kept. The answers of the
	// messaging APIs are a few hundred bytes; getUpdates has up to 100 updates.
	MaxAnswer = 1 << 20
	// maxDrain is how much more is read so that the connection can be used
	// again; a longer answer costs its connection.
	maxDrain = 64 << 10
	// usualLength bounds the memory that is set aside for an answer by its
	// announced length alone, in bytes.
	usualLength = 16 << 10
	// redacted takes a secret's place.
	redacted = "***"
)

// Client makes the calls of one account. Its zero value is not usable; make it
// with New. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	secrets []string
}

// New makes a Client on top of hc. Redirects are not followed: a provider's API
// has none, and following one would hand the credential to another host. The
// secrets are cut out of everything that Redact sees.
func New(hc *http.Client, secrets ...string) *Client {
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{http: &own}
	for _, s := range secrets {
		if s != "" {
			c.secrets = append(c.secrets, s)
		}
	}
	return c
}

// Call is one request. Header may be nil. A nil Body sends none; anything else
// is sent as JSON.
type Call struct {
	Method string
	URL    string
	Header http.Header
	Body   any
}

// Answer is what the provider said: any status, and at most MaxAnswer bytes.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// OK says whether the status is 2xx.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Do makes one call. Every error is a *channel.Failure: Refuse if the request
// cannot be built, Retry if it certainly was not written to a connection, else
// Unknown. An answer of any status is not an error here, even one that breaks
// off, unless it is a 2xx whose content is lost: that one is Unknown.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	req, err := call.request(ctx)
	if err != nil {
		return Answer{}, &channel.Failure{
			Verdict: channel.Refuse,
			Reason:  reason(convapi.ReasonInternalError, "the request to the channel could not be made"),
			Err:     c.clean(err),
		}
	}
	// A connection in hand is taken for a written request. That errs on the
	// safe side: the transport writes at once, and says too little about how
	// far it came.
	var onWire atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { onWire.Store(true) }}
	res, err := c.http.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return Answer{}, c.transportFailure(err, onWire.Load())
	}
	answer := Answer{Status: res.StatusCode, Header: res.Header}
	answer.Body, err = read(res)
	if err != nil && answer.OK() {
		return Answer{}, c.transportFailure(err, true)
	}
	return answer, nil
}

// request builds the HTTP request.
func (call Call) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if call.Body != nil {
		text, err := json.Marshal(call.Body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, call.URL, body)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	if call.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// read takes at most MaxAnswer bytes, drains a little more and closes.
func read(res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	var text bytes.Buffer
	text.Grow(int(max(0, min(res.ContentLength, usualLength))) + bytes.MinRead)
	if _, err := text.ReadFrom(io.LimitReader(res.Body, MaxAnswer)); err != nil {
		return text.Bytes(), fmt.Errorf("read the answer: %w", err)
	}
	// What cannot be drained only costs the connection.
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain)
	return text.Bytes(), nil
}

// transportFailure classifies an error on the way.
func (c *Client) transportFailure(err error, onWire bool) *channel.Failure {
	f := &channel.Failure{Verdict: channel.Retry, Err: c.clean(err)}
	switch {
	case !onWire:
		f.Reason = reason(convapi.ReasonChannelFailure, "the channel could not be reached")
	case errors.Is(err, context.DeadlineExceeded):
		f.Verdict = channel.Unknown
		f.Reason = reason(convapi.ReasonChannelFailure, "the channel did not answer in time")
	default:
		f.Verdict = channel.Unknown
		f.Reason = reason(convapi.ReasonChannelFailure, "the connection to the channel broke before it answered")
	}
	return f
}

// cleaned is an error whose text holds no secret, with its cause in reach.
type cleaned struct {
	text  string
	cause error
}

func (e *cleaned) Error() string { return e.text }

// Is lets a caller ask for context.Canceled and the like. There is no Unwrap:
// the text of the causes below is not clean.
func (e *cleaned) Is(target error) bool { return errors.Is(e.cause, target) }

// clean drops the URL, which may hold a token, and cuts the secrets out.
func (c *Client) clean(err error) error {
	text := err.Error()
	if ue, ok := errors.AsType[*url.Error](err); ok {
		text = strings.ToLower(ue.Op) + ": " + ue.Err.Error()
	}
	return &cleaned{text: c.Redact(text), cause: err}
}

// Redact replaces the account's secrets in a provider's words: Meta, for one,
// repeats a malformed token in its error message.
func (c *Client) Redact(text string) string {
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, redacted)
		// In a URL that was parsed and printed again the token is escaped.
		if escaped := url.PathEscape(s); escaped != s {
			text = strings.ReplaceAll(text, escaped, redacted)
		}
	}
	return text
}

func reason(code convapi.ReasonCode, description string) convapi.Reason {
	return convapi.Reason{Code: code, Description: description, SubCode: convapi.SubCodeUnspecified}
}
