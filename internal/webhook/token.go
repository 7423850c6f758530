package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"switchyard/convapi"
)

// Limits of a token, the contract's, and of the answer that brings it.
const (
	minTokenLife   = 30 * time.Second
	maxTokenLife   = 3600 * time.Second
	maxTokenAnswer = 64 << 10
	// maxTokens bounds the cache; a token too many only costs a fetch.
	maxTokens = 4096
)

// tokens fetches and keeps the OAuth2 tokens of webhooks. The key is the whole
// of the credentials, so that changed credentials never find an old token.
type tokens struct {
	transport http.RoundTripper
	userAgent string
	timeout   time.Duration
	fetches   singleflight.Group // one at a time for the same credentials

	mu    sync.Mutex
	known map[convapi.WebhookClientCredentials]token
}

type token struct {
	value   string
	expires time.Time
}

func newTokens(transport http.RoundTripper, cfg Config) *tokens {
	return &tokens{
		transport: transport,
		userAgent: cfg.UserAgent,
		timeout:   cfg.Timeout,
		known:     make(map[convapi.WebhookClientCredentials]token),
	}
}

// get returns a valid token. Callers who need the same one share a fetch, which
// therefore does not end with the context of any one of them.
func (t *tokens) get(ctx context.Context, c convapi.WebhookClientCredentials) (string, error) {
	if value, ok := t.cached(c); ok {
		return value, nil
	}
	fetch := t.fetches.DoChan(fmt.Sprintf("%q", credentialKey(c)), func() (any, error) {
		// Another fetch may have ended since we looked.
		if value, ok := t.cached(c); ok {
			return value, nil
		}
		shared, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), t.timeout, errTimeout)
		defer cancel()
		fetched, err := t.fetch(shared, c)
		if err != nil {
			return "", fmt.Errorf("OAuth2 token: %w", err)
		}
		t.keep(c, fetched)
		return fetched.value, nil
	})
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case result := <-fetch:
		value, _ := result.Val.(string)
		return value, result.Err
	}
}

// credentialKey lists every field in clear; the key never leaves this file.
func credentialKey(c convapi.WebhookClientCredentials) []string {
	return []string{c.Endpoint, c.ClientID, string(c.ClientSecret), c.Scope, c.ResponseType, string(c.TokenRequestType)}
}

func (t *tokens) cached(c convapi.WebhookClientCredentials) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.known[c]
	return known.value, time.Now().Before(known.expires)
}

func (t *tokens) keep(c convapi.WebhookClientCredentials, fetched token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxTokens {
		clear(t.known)
	}
	t.known[c] = fetched
}

// drop forgets a token that the endpoint refused, unless another post has
// replaced it already.
func (t *tokens) drop(c convapi.WebhookClientCredentials, refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known[c].value == refused {
		delete(t.known, c)
	}
}

func (t *tokens) fetch(ctx context.Context, c convapi.WebhookClientCredentials) (token, error) {
	started := time.Now()
	req, err := t.request(ctx, c)
	if err != nil {
		return token{}, err
	}
	resp, err := roundTrip(t.transport, req)
	if err != nil {
		return token{}, err
	}
	defer discard(resp)
	if resp.StatusCode != http.StatusOK {
		return token{}, statusError(resp.StatusCode)
	}
	return readToken(resp.Body, started)
}

func (t *tokens) request(ctx context.Context, c convapi.WebhookClientCredentials) (*http.Request, error) {
	endpoint, err := parseTarget(c.Endpoint)
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	setIfAny(form, "scope", c.Scope)
	setIfAny(form, "response_type", c.ResponseType)
	if c.TokenRequestType == convapi.TokenRequestForm {
		form.Set("client_id", c.ClientID)
		form.Set("client_secret", string(c.ClientSecret))
	}
	req := newPost(ctx, endpoint, []byte(form.Encode()), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Accept":       {"application/json"},
		"User-Agent":   {t.userAgent},
	})
	if c.TokenRequestType != convapi.TokenRequestForm {
		// RFC 6749 section 2.3.1: both are form-encoded first.
		req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(string(c.ClientSecret)))
	}
	return req, nil
}

func setIfAny(form url.Values, name, value string) {
	if value != "" {
		form.Set(name, value)
	}
}

// readToken returns errors that do not quote the answer.
func readToken(body io.Reader, started time.Time) (token, error) {
	var answer struct {
		AccessToken string      `json:"access_token"`
		ExpiresIn   json.Number `json:"expires_in"` // some servers send it as a string
	}
	if err := json.NewDecoder(io.LimitReader(body, maxTokenAnswer)).Decode(&answer); err != nil {
		return token{}, errors.New("answer is not the JSON object of a token")
	}
	if answer.AccessToken == "" {
		return token{}, errors.New("answer has no access_token")
	}
	seconds, err := answer.ExpiresIn.Float64()
	if err != nil {
		return token{}, errors.New("answer has no expires_in")
	}
	life := time.Duration(seconds * float64(time.Second))
	if life < minTokenLife || life > maxTokenLife {
		return token{}, fmt.Errorf("expires_in is %v s, want 30 to 3600", seconds)
	}
	return token{value: answer.AccessToken, expires: started.Add(life)}, nil
}
