package httpapi

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"switchyard/internal/openapi"
)

// beyondSchemas are the members that are refused for what else there is, or for a
// measure that JSON Schema does not have.
func beyondSchemas() []string {
	return []string{
		"channel_priority_order[0] [\"WHATSAPP\"]",  // not configured in the app
		"conversation_metadata {\"k\":",             // its length
		"channels[1] explicit_channel_omni_message", // nothing to say there
		"accept_time \"2001-",                       // its age
		"accept_time \"2999-",
		"contact_id \"" + absent,                  // not that of the conversation
		"conversation_id \"" + absent,             // not that of the path
		"channel \"LINE\"",                        // not configured in the app
		"page_token no-token",                     // not of this list
		`channel_identities[0] a\u0000`,           // no text that a store can hold
		"target \"https://example.com/hook\"",     // there already
		"source_id \"{contact}\"",                 // itself
		"consent_settings.keywords[0].opt_in[0] ", // the rules of words
		"consent_settings.ignore[0] ",
	}
}

// A body that is refused for one of its members is not as it is described: who
// checks requests against the description is told the same, and before.
func TestDescriptionRefusesBadBodies(t *testing.T) {
	checker, err := description()
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	s.makeOneOfEach(t)
	for _, tc := range badRequests() {
		beyond := slices.ContainsFunc(beyondSchemas(), func(one string) bool {
			field, value, _ := strings.Cut(one, " ")
			return field == tc.field && strings.Contains(tc.body, value)
		})
		if tc.status != 400 || tc.field == "" || tc.body == "" || beyond || strings.Contains(tc.request, "?") {
			continue
		}
		method, u := s.addressed(tc)
		if err := checker.CheckBody(method, u, []byte(s.expand(tc.body))); err == nil {
			t.Errorf("%s %s: %s is refused, but not by the description", tc.request, shorten(tc.body), tc.field)
		}
	}
}

// Every operation that a request can be wrong for has one that is.
func TestEveryOperationHasRefusals(t *testing.T) {
	checker, err := description()
	if err != nil {
		t.Fatal(err)
	}
	d, err := openapi.Describe()
	if err != nil {
		t.Fatal(err)
	}
	// They take nothing but a project, and the token's have a test of their own.
	refused := map[string]bool{
		"listApps": true, "getSettings": true, "deleteSettings": true, "listTemplates": true, "listTemplatesV1": true, "createToken": true,
	}
	s := newServer(t)
	for _, tc := range badRequests() {
		method, u := s.addressed(tc)
		refused[checker.Operation(method, u)] = true
	}
	for _, path := range d.Paths {
		for _, o := range path.Value.Operations() {
			if !refused[o.Value.ID] {
				t.Errorf("nothing is refused by %s", o.Value.ID)
			}
		}
	}
	if n := len(badRequests()); n < 60 {
		t.Errorf("%d bad requests", n)
	}
}

// addressed gives the method and the URL of a bad request.
func (s *server) addressed(tc badRequest) (method string, u *url.URL) {
	method, path, _ := strings.Cut(tc.request, " ")
	if !strings.HasPrefix(path, "/") {
		path = "/v1/projects/{project}/" + path
	}
	return method, httptest.NewRequest(method, "http://host"+s.expand(path), nil).URL
}
