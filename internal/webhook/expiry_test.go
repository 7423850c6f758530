package webhook

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
)

// issuer is a token endpoint without a network.
type issuer struct {
	issued int
}

func (i *issuer) RoundTrip(*http.Request) (*http.Response, error) {
	i.issued++
	return &http.Response{
		StatusCode: http.StatusOK,
		Body:       io.NopCloser(strings.NewReader(`{"access_token":"t","expires_in":60}`)),
	}, nil
}

func TestTokenIsKeptForItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var endpoint issuer
		tokens := newTokens(&endpoint, Config{Timeout: time.Second})
		credentials := convapi.WebhookClientCredentials{Endpoint: "https://example.com/token"}
		for _, step := range []struct {
			wait       time.Duration
			wantIssued int
		}{{0, 1}, {60*time.Second - 1, 1}, {1, 2}, {time.Hour, 3}} {
			time.Sleep(step.wait) // in the bubble: costs nothing
			if _, err := tokens.get(t.Context(), credentials); err != nil {
				t.Fatal(err)
			}
			if endpoint.issued != step.wantIssued {
				t.Errorf("after %v more: %d tokens, want %d", step.wait, endpoint.issued, step.wantIssued)
			}
		}
	})
}
