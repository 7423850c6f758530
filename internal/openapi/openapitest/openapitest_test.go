package openapitest

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"switchyard/internal/openapi"
)

func checker(t *testing.T) *Checker {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEverySchemaCompiles(t *testing.T) {
	c := checker(t)
	for _, one := range c.document.Components.Schemas {
		for _, strict := range []bool{false, true} {
			if _, err := c.schema("/components/schemas/"+one.Name, strict); err != nil {
				t.Errorf("%s: %v", one.Name, err)
			}
		}
	}
}

// Examples are as their schemas want them.
func TestExamplesFit(t *testing.T) {
	c := checker(t)
	examples, err := openapi.Examples()
	if err != nil {
		t.Fatal(err)
	}
	if len(examples) < 60 {
		t.Errorf("%d examples", len(examples))
	}
	for _, e := range examples {
		if err := c.validate(e.Schema, e.Value, !strings.Contains(e.Schema, "/requestBody/") || strings.HasPrefix(e.Schema, "/webhooks/")); err != nil {
			t.Errorf("%s: %v", e.Schema, err)
		}
	}
}

// The golden callbacks of package convapi are as described.
func TestGoldenCallbacksFit(t *testing.T) {
	c := checker(t)
	for _, one := range c.document.Webhooks {
		golden, err := os.ReadFile("../../../convapi/testdata/callbacks/" + one.Name + ".json")
		if err != nil {
			t.Error(err)
			continue
		}
		if err := c.Callback(one.Name, golden); err != nil {
			t.Errorf("%s: %v", one.Name, err)
		}
	}
}

func TestOperation(t *testing.T) {
	c := checker(t)
	const project = "/v1/projects/p/"
	for call, want := range map[string]string{
		"POST " + project + "messages:send":                           "sendMessage",
		"POST /" + project + "messages%3Asend":                        "sendMessage",
		"GET " + project + "messages":                                 "listMessages",
		"GET " + project + "messages/":                                "listMessages",
		"GET " + project + "messages/m":                               "getMessage",
		"POST " + project + "contacts/c:merge":                        "mergeContact",
		"GET " + project + "contacts/c:d":                             "getContact",
		"GET " + project + "contacts:identityConflicts":               "listIdentityConflicts",
		"GET " + project + "apps/a/consents/OPT_OUT_ALL":              "listConsents",
		"GET " + project + "apps/a/consents/identities/+46":           "getConsentHistory",
		"GET /v2/projects/p/templates/t/translations?language_code=x": "listTranslations",
		"DELETE " + project + "messages":                              "",
		"GET " + project + "nothing":                                  "",
		"POST /oauth2/token":                                          "createToken",
	} {
		method, address, _ := strings.Cut(call, " ")
		u, err := url.ParseRequestURI(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Operation(method, u); got != want {
			t.Errorf("%s is %q, want %q", call, got, want)
		}
	}
}

// What is not as described is found.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	const (
		send  = "POST /v1/projects/p/messages:send"
		body  = `{"app_id":"a","recipient":{"contact_id":"c"},"message":{"text_message":{"text":"x"}}}`
		sent  = `{"message_id":"m","accepted_time":"2026-01-02T03:04:05Z"}`
		wrong = `{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[]}}`
	)
	c := checker(t)
	for _, tc := range []struct {
		name, request, body string
		status              int
		answer              string
		fits                bool
	}{
		{"as described", send, body, 200, sent, true},
		{"null is absent", send, strings.Replace(body, `"app_id"`, `"ttl":null,"app_id"`, 1), 200, sent, true},
		{"unknown members of requests are ignored", send, strings.Replace(body, `"app_id"`, `"x":1,"app_id"`, 1), 200, sent, true},
		{"a refused request need not fit", send, `{}`, 400, wrong, true},
		{"accepted without a member", send, `{}`, 200, sent, false},
		{"accepted with both of two", send, strings.Replace(body, `"contact_id"`, `"identified_by":{"channel_identities":[]},"contact_id"`, 1), 200, sent, false},
		{"another status", send, body, 201, sent, false},
		{"a member of the answer is missing", send, body, 200, `{"message_id":"m"}`, false},
		{"one too many", send, body, 200, `{"message_id":"m","accepted_time":"2026-01-02T03:04:05Z","more":1}`, false},
		{"null in an answer", send, body, 200, `{"message_id":"m","accepted_time":null}`, false},
		{"no time", send, body, 200, `{"message_id":"m","accepted_time":"today"}`, false},
		{"error without its form", send, body, 500, `{"code":500}`, false},
		{"unknown path accepted", "GET /v1/projects/p/nothing", "", 200, `{}`, false},
		{"unknown path refused", "GET /v1/projects/p/nothing", "", 404, wrong, true},
		{"unknown parameter", "GET /v1/projects/p/apps?page_size=1", "", 200, `{"apps":[]}`, false},
		{"parameter of another type", "GET /v1/projects/p/contacts?page_size=ten", "", 200, `{"contacts":[],"next_page_token":""}`, false},
		{"parameter of no value", "GET /v1/projects/p/contacts?channel=PIGEON", "", 200, `{"contacts":[],"next_page_token":""}`, false},
		{"a body where there is none", "GET /v1/projects/p/apps", `{"a":1}`, 200, `{"apps":[]}`, false},
		{"not empty", "DELETE /v1/projects/p/apps/a", "", 200, `{"id":"a"}`, false},
		{"both messages", "GET /v1/projects/p/messages/m", "", 200, `{"id":"m","direction":"TO_APP","app_message":{"text_message":{"text":"a"}},"contact_message":{"text_message":{"text":"a"}},` +
			`"channel_identity":{"channel":"SMS","identity":"1","app_id":""},"conversation_id":"","contact_id":"","metadata":"","accept_time":"2026-01-02T03:04:05Z","sender_id":"","processing_mode":"DISPATCH","injected":false}`, false},
	} {
		method, address, _ := strings.Cut(tc.request, " ")
		u, err := url.ParseRequestURI(address)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Check(Exchange{
			Method: method, URL: u, Body: []byte(tc.body), Status: tc.status, Answer: []byte(tc.answer),
			Reply: http.Header{"Content-Type": {"application/json"}},
		})
		if fits := err == nil; fits != tc.fits {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
