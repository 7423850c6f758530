package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"switchyard/internal/dial"
)

// Limits of an endpoint's answer, of which only the status matters.
const (
	maxAnswerHeader = 64 << 10
	// maxDrain and drainTimeout are what an unread body may cost for the sake
	// of its connection; a longer one costs the connection.
	maxDrain     = 64 << 10
	drainTimeout = time.Second
)

// New returns a Poster. Close releases its connections.
func New(cfg Config) *Poster {
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = DefaultConcurrency
	}
	transport := newTransport(cfg)
	return &Poster{
		dial:      transport.DialContext,
		idle:      idleConnections{perOrigin: cfg.Concurrency, most: transport.MaxIdleConns},
		transport: transport,
		tokens:    newTokens(transport, cfg),
		userAgent: cfg.UserAgent,
		timeout:   cfg.Timeout,
	}
}

// newTransport leaves Proxy unset on purpose: a proxy would dial out of the
// guard's sight. HTTP/1.1 only: many posts to one host then use many
// connections, and one stalled connection stalls one post.
func newTransport(cfg Config) *http.Transport {
	connect := cfg.Dial
	if connect == nil {
		connect = dial.Guard(cfg.AllowPrivate).DialContext
	}
	return &http.Transport{
		DialContext:            connect,
		TLSHandshakeTimeout:    dial.ConnectTimeout,
		MaxIdleConns:           16 * cfg.Concurrency,
		MaxIdleConnsPerHost:    cfg.Concurrency,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true,
	}
}

// Close closes idle connections; posts under way are not disturbed.
func (p *Poster) Close() {
	p.idle.closeAll()
	p.transport.CloseIdleConnections()
}

// Post makes one attempt. It follows no redirect. It returns within the
// configured timeout, or as soon as ctx ends: then the outcome is Retry and Err
// is the cause of ctx's end, which says nothing about the endpoint.
func (p *Poster) Post(ctx context.Context, r Request) Outcome {
	start := time.Now()
	timed, cancel := context.WithTimeoutCause(ctx, p.timeout, errTimeout)
	defer cancel()
	out := p.post(timed, &r)
	if errors.Is(out.Err, dial.ErrPrivateTarget) {
		// A matter of configuration: a day of retries would hide it.
		out.Class = Drop
	}
	out.Duration = time.Since(start)
	return out
}

func (p *Poster) post(ctx context.Context, r *Request) Outcome {
	target, err := parseTarget(r.Target)
	if err != nil {
		return Outcome{Class: Drop, Err: err}
	}
	if r.ClientCredentials == nil {
		return p.send(ctx, target, r, "")
	}
	token, err := p.tokens.get(ctx, *r.ClientCredentials)
	if err != nil {
		return Outcome{Class: Retry, Err: err}
	}
	out := p.send(ctx, target, r, token)
	if out.Status != http.StatusUnauthorized {
		return out
	}
	// The endpoint may have withdrawn the token before its time; a new one is
	// tried once.
	p.tokens.drop(*r.ClientCredentials, token)
	if token, err = p.tokens.get(ctx, *r.ClientCredentials); err != nil {
		return Outcome{Class: Retry, Err: err}
	}
	return p.send(ctx, target, r, token)
}

func (p *Poster) send(ctx context.Context, target *url.URL, r *Request, token string) Outcome {
	fields := p.fields(r, target, token)
	if !ascii(target.Host) {
		return p.sendTranslated(ctx, target, fields, r.Body)
	}
	a, err := p.exchange(ctx, target, fields, r.Body)
	if err != nil {
		return Outcome{Class: Retry, Err: safeError(ctx, err)}
	}
	return classify(a.status, a.header, time.Now())
}

// sendTranslated leaves the post to http.Transport, which knows how names in
// other alphabets are written in the DNS.
func (p *Poster) sendTranslated(ctx context.Context, target *url.URL, fields []field, body []byte) Outcome {
	header := make(http.Header, len(fields))
	for _, f := range fields {
		header[f.name] = []string{f.value}
	}
	// Present but empty, it is not sent and tells the transport that this POST
	// may be sent again when a kept connection turns out to be closed.
	header["Idempotency-Key"] = nil
	resp, err := roundTrip(p.transport, newPost(ctx, target, body, header))
	if err != nil {
		return Outcome{Class: Retry, Err: err}
	}
	discard(resp)
	return classify(resp.StatusCode, resp.Header, time.Now())
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// newPost builds the request by hand because http.NewRequest would parse the
// URL again and quote it in its errors.
func newPost(ctx context.Context, target *url.URL, body []byte, header http.Header) *http.Request {
	newBody := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req := blank.WithContext(ctx)
	req.Method = http.MethodPost
	req.URL = target
	req.Header = header
	req.Body, _ = newBody()
	req.GetBody = newBody
	req.ContentLength = int64(len(body))
	return req
}

// blank is what requests are copied from.
var blank http.Request

// roundTrip makes one exchange and returns errors that are safe to show. The
// transport, not http.Client: redirects and cookies are not wanted.
func roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, safeError(req.Context(), err)
	}
	return resp, nil
}

// discard reads what is left of an answer so that the connection can be used
// again, and gives up on both when that takes too much. The status is known by
// then, so an answer that breaks off changes nothing.
func discard(resp *http.Response) {
	defer resp.Body.Close()
	if resp.ContentLength == 0 || resp.ContentLength > maxDrain || resp.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	// Closing is what interrupts a read of this body.
	limit := time.AfterFunc(drainTimeout, func() { resp.Body.Close() })
	defer limit.Stop()
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain+1)
}

// parseTarget returns an error that does not quote the URL, which may hold
// credentials.
func parseTarget(target string) (*url.URL, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return nil, errors.New("not a URL with a host")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("URL has scheme %q, want http or https", u.Scheme)
	}
	return u, nil
}
