package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/dial"
	"switchyard/internal/webhook"
)

// tokenServer issues token-1, token-2 … and records the requests for them.
type tokenServer struct {
	url      string
	issued   atomic.Int32
	requests chan received
}

func serveTokens(t testing.TB, expiresIn string) *tokenServer {
	t.Helper()
	s := &tokenServer{requests: make(chan received, 100)}
	s.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("token endpoint: %v", err)
		}
		s.requests <- received{r.Header, content, r.Method, r.RequestURI}
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"bearer","expires_in":%s}`, s.issued.Add(1), expiresIn)
	})
	return s
}

func withToken(target, endpoint string) webhook.Request {
	r := request(target)
	r.ClientCredentials = &convapi.WebhookClientCredentials{
		Endpoint: endpoint, ClientID: "me", ClientSecret: "hidden", Scope: "a b", ResponseType: "token",
	}
	return r
}

func TestTokenRequest(t *testing.T) {
	common := url.Values{"grant_type": {"client_credentials"}, "scope": {"a b"}, "response_type": {"token"}}
	form := url.Values{"client_id": {"me"}, "client_secret": {"hidden"}}
	for name, values := range common {
		form[name] = values
	}
	for kind, want := range map[convapi.TokenRequestType]struct {
		form          url.Values
		authorization string
	}{
		"":                        {common, "Basic bWU6aGlkZGVu"},
		convapi.TokenRequestBasic: {common, "Basic bWU6aGlkZGVu"},
		convapi.TokenRequestForm:  {form, ""},
	} {
		tokens := serveTokens(t, "3600")
		target, requests := record(t)
		r := withToken(target, tokens.url+"/token?tenant=1")
		r.ClientCredentials.TokenRequestType = kind
		if out := newPoster(t, webhook.Config{}).Post(t.Context(), r); out.Class != webhook.Delivered {
			t.Fatalf("%q: %+v", kind, out)
		}
		if got := (<-requests).header.Get("Authorization"); got != "Bearer token-1" {
			t.Errorf("%q: callback with Authorization %q", kind, got)
		}
		asked := <-tokens.requests
		gotForm, err := url.ParseQuery(string(asked.body))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.form, gotForm); diff != "" {
			t.Errorf("%q: form: %s", kind, diff)
		}
		if got := asked.header.Get("Authorization"); got != want.authorization || asked.uri != "/token?tenant=1" {
			t.Errorf("%q: %s with Authorization %q, want %q", kind, asked.uri, got, want.authorization)
		}
	}
}

func TestTokenIsShared(t *testing.T) {
	tokens := serveTokens(t, `"30"`)
	target := serve(t, func(http.ResponseWriter, *http.Request) {})
	poster := newPoster(t, webhook.Config{})
	var posts sync.WaitGroup
	for range 32 {
		posts.Go(func() {
			if out := poster.Post(t.Context(), withToken(target, tokens.url)); out.Class != webhook.Delivered {
				t.Errorf("outcome %+v", out)
			}
		})
	}
	posts.Wait()
	if n := tokens.issued.Load(); n != 1 {
		t.Errorf("%d tokens for 32 posts at once", n)
	}
	changed := withToken(target, tokens.url)
	changed.ClientCredentials.ClientSecret = "other"
	poster.Post(t.Context(), changed)
	if n := tokens.issued.Load(); n != 2 {
		t.Errorf("%d tokens after the credentials changed, want 2", n)
	}
}

func TestTokenRefusedByTheTarget(t *testing.T) {
	for name, test := range map[string]struct {
		accepted   string
		want       webhook.Class
		wantIssued int32
	}{
		"withdrawn": {"Bearer token-2", webhook.Delivered, 2},
		"never":     {"", webhook.Drop, 2},
		"at once":   {"Bearer token-1", webhook.Delivered, 1},
	} {
		tokens := serveTokens(t, "3600")
		target := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != test.accepted {
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		out := newPoster(t, webhook.Config{}).Post(t.Context(), withToken(target, tokens.url))
		if out.Class != test.want || tokens.issued.Load() != test.wantIssued {
			t.Errorf("%s: %+v with %d tokens, want %v with %d", name, out, tokens.issued.Load(), test.want, test.wantIssued)
		}
	}
}

// A failed fetch is a failed delivery that is retried, whatever the reason.
func TestTokenFetchFails(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		answer string
	}{
		"401":             {401, `{"error":"invalid_client","hidden":"hidden"}`},
		"500":             {500, ""},
		"redirect":        {307, ""},
		"not JSON":        {200, "hidden"},
		"no token":        {200, `{"expires_in":3600}`},
		"no lifetime":     {200, `{"access_token":"hidden"}`},
		"lifetime 29":     {200, `{"access_token":"hidden","expires_in":29}`},
		"lifetime 3601":   {200, `{"access_token":"hidden","expires_in":3601}`},
		"huge lifetime":   {200, `{"access_token":"hidden","expires_in":1e300}`},
		"not a lifetime":  {200, `{"access_token":"hidden","expires_in":"hidden"}`},
		"more than 64 KB": {200, `{"pad":"` + strings.Repeat("x", 65<<10) + `","access_token":"hidden","expires_in":60}`},
	} {
		endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/")
			w.WriteHeader(test.status)
			io.WriteString(w, test.answer)
		})
		target, requests := record(t)
		out := newPoster(t, webhook.Config{}).Post(t.Context(), withToken(target, endpoint))
		if out.Class != webhook.Retry || out.Status != 0 || out.Err == nil || len(requests) != 0 {
			t.Errorf("%s: %+v, want a retry and no call", name, out)
			continue
		}
		if !strings.Contains(out.Err.Error(), "OAuth2") || strings.Contains(out.Err.Error(), "hidden") {
			t.Errorf("%s: error %v", name, out.Err)
		}
	}
}

// The one who asks first may go; the others still get their token.
func TestTokenFetchSurvivesItsCaller(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		io.WriteString(w, `{"access_token":"t","expires_in":60}`)
	})
	target := serve(t, func(http.ResponseWriter, *http.Request) {})
	poster := newPoster(t, webhook.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan webhook.Outcome)
	go func() { first <- poster.Post(ctx, withToken(target, endpoint)) }()
	<-asked
	cancel()
	if out := <-first; !errors.Is(out.Err, context.Canceled) {
		t.Errorf("cancelled post: %+v", out)
	}
	close(release)
	if out := poster.Post(t.Context(), withToken(target, endpoint)); out.Class != webhook.Delivered {
		t.Errorf("the other post: %+v", out)
	}
}

func TestPrivateTokenEndpointIsRefused(t *testing.T) {
	tokens := serveTokens(t, "60")
	poster := webhook.New(webhook.Config{})
	defer poster.Close()
	out := poster.Post(t.Context(), withToken("https://example.com/", tokens.url))
	if out.Class != webhook.Drop || !errors.Is(out.Err, dial.ErrPrivateTarget) || tokens.issued.Load() != 0 {
		t.Errorf("outcome %+v, %d tokens", out, tokens.issued.Load())
	}
}
