// Package webhook signs one callback and posts it to one customer's endpoint,
// once, and says what came of it. Verify is the same from the receiver's side.
//
// It must not know schedules, breakers, queues or the store: whether and when a
// callback is posted again is its caller's business.
//
// # Signatures
//
// A webhook with a secret gets the contract's four x-sinch-webhook-signature
// headers, keyed with the secret's bytes as they are, and beside them
// webhook-signature of Standard Webhooks (https://www.standardwebhooks.com).
// That scheme wants a key, not a text. Ours is:
//
//   - secret "whsec_" + base64: the decoded bytes, as the scheme has it;
//   - any other secret: its bytes as they are. A receiver tells its library so:
//     new Webhook(secret, {format: "raw"}) in JavaScript, or gives it the
//     base64 of the secret.
//
// webhook-id and webhook-timestamp are sent without a secret too, since
// webhook-id is the receiver's key to recognise duplicates: it is the same over
// all attempts of a callback. Timestamp and nonce are new with every attempt.
package webhook

import (
	"context"
	"net"
	"net/http"
	"time"

	"switchyard/convapi"
)

// Config is what all callbacks have in common.
type Config struct {
	// AllowPrivate lets targets and token endpoints resolve to loopback and
	// private addresses.
	AllowPrivate bool
	// Timeout is the limit of a whole post, connection and token included;
	// 0 means DefaultTimeout.
	Timeout time.Duration
	// UserAgent goes out with every request, by custom "switchyard/<version>".
	UserAgent string
	// Concurrency is how many posts the caller makes at once to one host, and
	// so how many idle connections to it are worth keeping; 0 means
	// DefaultConcurrency.
	Concurrency int
	// Dial makes the connections instead of the guarded dialer, so that
	// AllowPrivate means nothing; nil in a gateway, an in-memory network in
	// tests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Defaults of Config. The contract publishes no timeout; this one is usual.
const (
	DefaultTimeout     = 10 * time.Second
	DefaultConcurrency = 64
)

// Request is one attempt to deliver one callback.
type Request struct {
	Target            string                            // the endpoint's http or https URL
	Secret            convapi.Secret                    // empty: not signed
	ClientCredentials *convapi.WebhookClientCredentials // nil: no OAuth2
	ID                string                            // webhook-id, the same for every attempt
	Traceparent       string                            // W3C Trace Context, sent with it; empty: not sent
	Body              []byte                            // JSON, sent and signed as it is; must not change during Post
}

// Class is what the caller has to do after a post.
type Class uint8

// The classes. Retry is the zero value: when nothing
// is known, nothing is given up.
const (
	Retry     Class = iota // 5xx, 429, no answer, no token: post again later
	Delivered              // 2xx
	Drop                   // 1xx, 3xx, other 4xx, or a target that may not be called: never post again
)

// String returns the class as it is shown in logs and metric labels.
func (c Class) String() string {
	switch c {
	case Delivered:
		return "delivered"
	case Drop:
		return "drop"
	default:
		return "retry"
	}
}

// Outcome is what came of one attempt.
type Outcome struct {
	Class      Class
	Status     int           // HTTP status; 0 without an answer
	RetryAfter time.Duration // with Retry: what the endpoint asked for, 0 to MaxRetryAfter
	Err        error         // nil when Delivered; holds no secret and no part of the URL but the host
	Duration   time.Duration // from the call of Post to its return
}

// MaxRetryAfter is the longest time that an endpoint can ask us to wait; it is
// the cap between two attempts of the retry schedule.
const MaxRetryAfter = time.Hour

// Poster posts callbacks over kept connections. It is safe for concurrent use.
type Poster struct {
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	idle      idleConnections
	transport *http.Transport // for tokens, and for names that it has to translate
	tokens    *tokens
	signers   signers
	userAgent string
	timeout   time.Duration
}
