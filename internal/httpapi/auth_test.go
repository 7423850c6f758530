package httpapi

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// askToken posts to the token endpoint.
func (s *server) askToken(t *testing.T, authorization, form string) answer {
	t.Helper()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"*/*"}}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	return s.do(t, http.MethodPost, "/oauth2/token", form, header)
}

func TestTokenEndpoint(t *testing.T) {
	s := newServer(t)
	const grant = "grant_type=client_credentials"
	for _, tc := range []struct {
		name, authorization, form string
		status                    int
		failure                   string
	}{
		{"basic", basic(keyID, keySecret), grant, 200, ""},
		{"form", "", grant + "&client_id=" + keyID + "&client_secret=" + keySecret, 200, ""},
		{"wrong secret", basic(keyID, "wrong"), grant, 401, "invalid_client"},
		{"unknown key", basic("nobody", keySecret), grant, 401, "invalid_client"},
		{"no credentials", "", grant, 401, "invalid_client"},
		{"other grant", basic(keyID, keySecret), "grant_type=password", 400, "unsupported_grant_type"},
		{"no grant", basic(keyID, keySecret), "", 400, "invalid_request"},
		{"broken form", basic(keyID, keySecret), grant + "&a=%zz", 400, "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := s.askToken(t, tc.authorization, tc.form)
			var body map[string]any
			if err := json.Unmarshal(got.body, &body); err != nil || got.status != tc.status {
				t.Fatalf("status %d, want %d: %s", got.status, tc.status, got.body)
			}
			if tc.failure != "" {
				if body["error"] != tc.failure || body["error_description"] == "" {
					t.Errorf("failure %s, want %s", got.body, tc.failure)
				}
				return
			}
			checkGrant(t, body)
		})
	}
}

// checkGrant checks the four members that clients read, and that the token is a
// JWT whose exp can be read without knowing its key.
func checkGrant(t *testing.T, body map[string]any) {
	t.Helper()
	if body["token_type"] != "bearer" || body["expires_in"] != 3599.0 || body["scope"] != "" {
		t.Errorf("token answer %v", body)
	}
	token, _ := body["access_token"].(string)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token has %d parts, want 3", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c struct{ Exp float64 }
	if err := json.Unmarshal(payload, &c); err != nil || c.Exp <= float64(time.Now().Unix()) {
		t.Errorf("exp %v, %v", c.Exp, err)
	}
}

func TestTokenEndpointMethod(t *testing.T) {
	s := newServer(t)
	got := s.do(t, http.MethodGet, "//oauth2/token", "", nil)
	checkRefusal(t, got, http.StatusMethodNotAllowed, "")
}

func TestAuthentication(t *testing.T) {
	s := newServer(t)
	now := time.Now()
	issue := func(key []byte, project string, at time.Time) string {
		token, err := tokenMaker{key: key}.issue(keyID, project, at)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	foreignKey := []byte("a key that this gateway never saw")
	for _, tc := range []struct {
		name, authorization string
		status              int
		expired             bool // the one answer that makes clients try again
	}{
		{"basic", basic(keyID, keySecret), 200, false},
		{"token", issue(testKey, projectID, now), 200, false},
		{"lower-case scheme", strings.Replace(issue(testKey, projectID, now), "Bearer", "bearer", 1), 200, false},
		{"nothing", "", 401, false},
		{"other scheme", "Digest x", 401, false},
		{"wrong secret", basic(keyID, "wrong"), 401, false},
		{"unknown key", basic("nobody", keySecret), 401, false},
		{"broken basic", "Basic ???", 401, false},
		{"self-signed token", issue(foreignKey, projectID, now), 401, false},
		{"expired foreign token", issue(foreignKey, projectID, now.Add(-2*time.Hour)), 401, false},
		{"opaque token", "Bearer opaque", 401, false},
		{"expired token", issue(testKey, projectID, now.Add(-2*time.Hour)), 401, true},
		{"token of another project", issue(testKey, "other-project", now), 403, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := s.do(t, "GET", "/v1/projects/"+projectID+"/apps", "", http.Header{"Authorization": {tc.authorization}})
			if tc.status == http.StatusOK {
				if got.status != tc.status {
					t.Fatalf("status %d: %s", got.status, got.body)
				}
				return
			}
			checkRefusal(t, got, tc.status, "")
			challenge := strings.Join(got.header[challengeHeader], "") //nolint:staticcheck // in lower case on purpose
			if (tc.status == http.StatusUnauthorized) != (challenge != "") {
				t.Errorf("challenge %q with status %d", challenge, tc.status)
			}
			if strings.Contains(challenge, "expired") != tc.expired || strings.Contains(string(got.body), "expired") != tc.expired {
				t.Errorf("challenge %q, body %s; expired is %v", challenge, got.body, tc.expired)
			}
		})
	}
}

// Good credentials do not open other projects, known or not.
func TestOtherProject(t *testing.T) {
	s := newServer(t)
	for _, path := range []string{"/v1/projects/unknown/apps", "/v1/projects/unknown/nothing", "/v2/projects/unknown/templates"} {
		got := s.do(t, "GET", path, "", s.credentials())
		checkRefusal(t, got, http.StatusForbidden, "")
		if !strings.Contains(string(got.body), `"UNAUTHORIZED"`) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	s := newServer(t)
	for _, path := range []string{"/", "/v1", "/v1/projects", "/v3/projects/p/apps", "/oauth2", "/oauth2/tokens", "/v1/x/p/apps"} {
		checkRefusal(t, s.do(t, "GET", path, "", nil), http.StatusNotFound, "")
	}
	checkRefusal(t, s.do(t, "GET", "/v1/projects/"+projectID+"/nothing", "", nil), http.StatusUnauthorized, "")
}

// One client looks the header up in a case-sensitive map, so its name must be in
// lower case on the wire, where Go's client cannot see it.
func TestChallengeOnTheWire(t *testing.T) {
	s := newServer(t)
	token, err := tokenMaker{key: testKey}.issue(keyID, projectID, time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(s.handler)
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/projects/%s/apps HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", projectID, token)
	head, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	want := "\r\nwww-authenticate: Bearer error=\"invalid_token\", error_description=\"The access token expired\"\r\n"
	if !strings.Contains(string(head), want) {
		t.Errorf("answer without %q:\n%s", want, head)
	}
}

// A token works for its life and not a second longer; a new one works again.
func TestTokenLifeCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		apps := func(token string) int {
			return s.do(t, "GET", "/v1/projects/"+projectID+"/apps", "", http.Header{"Authorization": {"Bearer " + token}}).status
		}
		first := answerOf[grantedToken](t, s.askToken(t, basic(keyID, keySecret), "grant_type=client_credentials"))
		time.Sleep(time.Duration(first.ExpiresIn)*time.Second - time.Millisecond)
		if got := apps(first.AccessToken); got != http.StatusOK {
			t.Errorf("status %d before the end", got)
		}
		time.Sleep(time.Second)
		if got := apps(first.AccessToken); got != http.StatusUnauthorized {
			t.Errorf("status %d after the end", got)
		}
		second := answerOf[grantedToken](t, s.askToken(t, basic(keyID, keySecret), "grant_type=client_credentials"))
		if got := apps(second.AccessToken); got != http.StatusOK {
			t.Errorf("status %d with a new token", got)
		}
	})
}
