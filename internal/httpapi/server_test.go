package httpapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"switchyard/internal/openapi/openapitest"
)

// The project and access key of the fixture.
const (
	projectID = "b1a0cd33-6e0e-4dd8-8b8c-1ce0e4e3cbbb"
	keyID     = "6f1cb2f0-5f0a-4f44-b69f-4f0b1d6b1c39"
	keySecret = "a-secret"
)

// server is the API over a real engine on a store of its own.
type server struct {
	handler http.Handler
	batch   http.Handler      // the Batch API
	ids     map[string]string // of what makeOneOfEach made
	unusual bool              // requests are understood, but not as they are described
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// credentials authorize for the fixture's project.
func (s *server) credentials() http.Header {
	return http.Header{"Authorization": {basic(keyID, keySecret)}}
}

// do makes a request without adding anything to it.
func (s *server) do(t testing.TB, method, path, body string, header http.Header) answer {
	t.Helper()
	r := httptest.NewRequest(method, "http://host"+path, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	data, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	checkDescribed(t, openapitest.Exchange{
		Method: method, URL: r.URL, Header: r.Header, Body: []byte(body), Status: w.Code, Reply: w.Header(), Answer: data, Unusual: s.unusual,
	})
	return answer{status: w.Code, header: w.Header(), body: data}
}

// description is the OpenAPI description, read once.
var description = sync.OnceValues(openapitest.New)

// checkDescribed holds an exchange against the description: the request, if it was
// accepted, and every answer.
func checkDescribed(t testing.TB, x openapitest.Exchange) {
	t.Helper()
	checker, err := description()
	if err != nil {
		t.Fatal(err)
	}
	if err := checker.Check(x); err != nil {
		t.Errorf("%s %s: %v", x.Method, x.URL, err)
	}
}

// call makes an authorized request; a path without a leading slash is one below
// the fixture's project.
func (s *server) call(t testing.TB, method, path, body string) answer {
	t.Helper()
	return s.callWith(t, method, path, body, nil)
}

func (s *server) callWith(t testing.TB, method, path, body string, more http.Header) answer {
	t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/v1/projects/" + projectID + "/" + path
	}
	header := s.credentials()
	header.Set("Content-Type", "application/json")
	for name, values := range more {
		header[name] = values
	}
	return s.do(t, method, path, body, header)
}

// answerOf decodes an answer that must be a 200.
func answerOf[T any](t testing.TB, got answer) T {
	t.Helper()
	var v T
	if got.status != http.StatusOK {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	if err := json.Unmarshal(got.body, &v); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	return v
}

// expand puts ids in place of {app}, {contact}, {conversation}, {webhook},
// {message}, {event} and {project}.
func (s *server) expand(text string) string {
	text = strings.ReplaceAll(text, "{project}", projectID)
	for name, id := range s.ids {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
	}
	return text
}

// makeOneOfEach makes an app that keeps conversations, a webhook, a contact, a
// message and an event to it, and finds the conversation that this began.
func (s *server) makeOneOfEach(t testing.TB) {
	t.Helper()
	make := func(name, path, body, member string) {
		made := answerOf[map[string]any](t, s.call(t, http.MethodPost, path, s.expand(body)))
		id, _ := made[member].(string)
		if id == "" {
			t.Fatalf("%s was made without %s: %v", name, member, made)
		}
		s.ids[name] = id
	}
	make("app", "apps", `{"display_name":"app","processing_mode":"CONVERSATION","channel_credentials":[
		{"channel":"SMS","static_bearer":{"claimed_identity":"i","token":"t"}}]}`, "id")
	make("webhook", "webhooks", `{"app_id":"{app}","target":"https://example.com/hook","target_type":"DISMISS","secret":"shh"}`, "id")
	make("contact", "contacts", `{"channel_identities":[{"channel":"SMS","identity":"46700000001"}],"language":"EN_US"}`, "id")
	make("other", "contacts", `{"channel_identities":[{"channel":"SMS","identity":"46700000002"}],"language":"EN_US"}`, "id")
	make("message", "messages:send", `{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"message":{"text_message":{"text":"hello"}}}`, "message_id")
	make("event", "events:send", `{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"event":{"composing_event":{}}}`, "event_id")
	message := answerOf[map[string]any](t, s.call(t, http.MethodGet, s.expand("messages/{message}"), ""))
	s.ids["conversation"], _ = message["conversation_id"].(string)
}
