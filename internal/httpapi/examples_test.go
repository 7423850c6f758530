package httpapi

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/openapi"
)

// The ids of the description's examples, and what stands for them in the fixture.
const (
	exampleProject      = "8f2d7c7e-3c5b-4a6e-9d1f-2b7a90c4e511"
	exampleApp          = "01KB4C9V7D0000000000000APP"
	exampleContact      = "01KB4C9V7D00000000000CNTCT"
	exampleOther        = "01KB4C9V7D0000000000CNTCT2"
	exampleConversation = "01KB4C9V7D0000000000CNVRSN"
	exampleMessage      = "01KB4C9V7D000000000MESSAGE"
	exampleWebhook      = "01KB4C9V7D00000000000WEBHK"
	exampleEvent        = "01KB4C9V7D00000000000EVENT"
)

// story is a gateway on which the examples can be tried, each on its own.
type story struct {
	*server
	bodies map[string][]string // of requests, by operation
	real   map[string]string   // ids by those of the examples
}

// tell makes what the examples speak of, by the examples themselves.
func tell(t *testing.T, bodies map[string][]string) *story {
	t.Helper()
	s := &story{server: newServer(t), bodies: bodies, real: map[string]string{exampleProject: projectID}}
	contact := `{"channel_identities":[{"channel":"SMS","identity":"46700000001"}],"language":"SV"}`
	webhook := `{"app_id":"` + exampleApp + `","target":"https://example.com/others"}`
	s.make(t, exampleApp, "POST", "apps", bodies["createApp"][0], "id")
	s.make(t, exampleContact, "POST", "contacts", contact, "id")
	s.make(t, exampleMessage, "POST", "messages:send", bodies["sendMessage"][0], "message_id")
	s.make(t, exampleConversation, "GET", "messages/"+exampleMessage, "", "conversation_id")
	s.make(t, exampleWebhook, "POST", "webhooks", webhook, "id")
	s.make(t, exampleEvent, "POST", "events:send", bodies["sendEvent"][0], "event_id")
	return s
}

// make calls an operation and keeps the id in its answer.
func (s *story) make(t *testing.T, id, method, path, body, member string) {
	t.Helper()
	s.real[id], _ = answerOf[map[string]any](t, s.try(t, method, path, body))[member].(string)
}

func (s *story) try(t *testing.T, method, path, body string) answer {
	t.Helper()
	for id, real := range s.real {
		path, body = strings.ReplaceAll(path, id, real), strings.ReplaceAll(body, id, real)
	}
	yesterday := time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)
	return s.call(t, method, path, strings.ReplaceAll(body, "2026-11-28T15:00:00Z", yesterday))
}

var (
	anID    = regexp.MustCompile(`"[0-9A-HJKMNP-TV-Z]{26}"`)
	aTime   = regexp.MustCompile(`"2026-[0-9T:.-]+Z"`)
	aNumber = regexp.MustCompile(`"` + projectID + `"`)
)

// comparable makes two answers equal that differ in ids and times only.
func comparable(t *testing.T, text []byte) (value any) {
	t.Helper()
	text = anID.ReplaceAll(text, []byte(`"ID"`))
	text = aTime.ReplaceAll(text, []byte(`"TIME"`))
	text = aNumber.ReplaceAll(text, []byte(`"`+exampleProject+`"`))
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// The examples of the description are true: each request that it shows is
// accepted, and the answer is the one that it shows.
func TestExamplesAreTrue(t *testing.T) {
	d, err := openapi.Describe()
	if err != nil {
		t.Fatal(err)
	}
	examples, err := openapi.Examples()
	if err != nil {
		t.Fatal(err)
	}
	bodies, answers := make(map[string][]string), make(map[string][]byte)
	for _, e := range examples {
		switch e.Status {
		case "":
			bodies[e.Operation] = append(bodies[e.Operation], string(e.Value))
		case "200":
			answers[e.Operation] = e.Value
		}
	}
	// What an example needs beyond the story: another before it.
	const v2 = "POST /v2/projects/" + exampleProject + "/templates"
	before := map[string][2]string{
		"createConversation": {"POST contacts", "createContact"},
		"mergeContact":       {"POST contacts", "createContact"},
		"updateTemplate":     {v2, "createTemplate"},
		"getTemplate":        {v2, "createTemplate"},
		"deleteTemplate":     {v2, "createTemplate"},
		"listTranslations":   {v2, "createTemplate"},
		"updateTemplateV1":   {"POST templates", "createTemplateV1"},
		"getTemplateV1":      {"POST templates", "createTemplateV1"},
		"deleteTemplateV1":   {"POST templates", "createTemplateV1"},
	}
	// A form, and what a gateway without channels does not have.
	aside := map[string]bool{"createToken": true, "getChannelProfile": true}
	for _, path := range d.Paths {
		for _, o := range path.Value.Operations() {
			id := o.Value.ID
			if aside[id] {
				continue
			}
			if o.Value.RequestBody == nil {
				bodies[id] = []string{""}
			}
			for i, body := range bodies[id] {
				t.Run(id, func(t *testing.T) {
					t.Parallel()
					s := tell(t, bodies)
					if first, ok := before[id]; ok {
						method, path, _ := strings.Cut(first[0], " ")
						s.make(t, exampleOther, method, path, bodies[first[1]][0], "id")
					}
					got := s.try(t, o.Name, examplePath(d, path.Name, path.Value, o.Value), body)
					if got.status != http.StatusOK {
						t.Fatalf("status %d: %s", got.status, got.body)
					}
					if want := answers[id]; want != nil && i == 0 {
						if diff := cmp.Diff(comparable(t, want), comparable(t, got.body)); diff != "" {
							t.Errorf("answer (-example +got):\n%s", diff)
						}
					}
				})
			}
		}
	}
}

// examplePath fills the parameters of a path, and those of the query that are
// needed, with their examples.
func examplePath(d *openapi.Document, path string, of openapi.PathItem, o *openapi.Operation) string {
	query := ""
	for _, p := range append(of.Parameters, o.Parameters...) {
		p = d.Parameter(p)
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", p.Example.Value)
		} else if p.Example.Kind != 0 {
			query += "&" + p.Name + "=" + p.Example.Value
		}
	}
	return path + strings.Replace(query, "&", "?", 1)
}
