package httpapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

const (
	templatesV1 = "/v1/projects/" + projectID + "/templates"
	templatesV2 = "/v2/projects/" + projectID + "/templates"
)

// english is the body of a template with one translation.
func english(more, translation string) string {
	return `{"default_translation":"en-US",` + more + `"translations":[{"language_code":"en-US",` + translation + `}]}`
}

var templateShape = kinds{
	"id": "s", "description": "s", "version": "n", "default_translation": "s", "translations": "l", "create_time": "t", "update_time": "t",
	"translations.0.language_code": "s", "translations.0.version": "s", "translations.0.variables": "l",
	"translations.0.channel_template_overrides": "o", "translations.0.create_time": "t", "translations.0.update_time": "t",
}

// versions lists the translations of an answer as "language version".
func versions(translations []convapi.TemplateTranslation) string {
	var out []string
	for _, one := range translations {
		out = append(out, one.LanguageCode+" "+one.Version)
	}
	return strings.Join(out, ", ")
}

// The values are those that the vendor's own tests of its clients want.
func TestTemplates(t *testing.T) {
	s := newServer(t)
	const id = "01HVN010MG3B9N6X323JAFN59P"
	body := english(`"id":"`+id+`","description":"d",`, `"version":"3","text_message":{"text":"Hello ${name}"},"variables":[{"key":"name","preview_value":"Jones"}]`)
	got := s.call(t, http.MethodPost, templatesV2, body)
	created := answerOf[convapi.Template](t, got)
	checkShape(t, got.body, templateShape)
	if created.ID != id || created.Version != 1 || versions(created.Translations) != "en-US 3" {
		t.Errorf("created %s", got.body)
	}
	if !strings.Contains(string(got.body), `"channel_template_overrides":{}`) {
		t.Errorf("no empty overrides in %s", got.body)
	}

	got = s.call(t, http.MethodGet, templatesV2+"/"+id, "")
	checkShape(t, got.body, templateShape)
	if one := answerOf[convapi.Template](t, got); versions(one.Translations) != "en-US 3, en-US latest" {
		t.Errorf("got %s", got.body)
	}
	all := answerOf[convapi.ListTemplatesResponse](t, s.call(t, http.MethodGet, templatesV2, "")).Templates
	if len(all) != 1 || versions(all[0].Translations) != "en-US 3, en-US latest" {
		t.Errorf("listed %v", all)
	}

	body = `{"version":1,"description":"new","default_translation":"sv","translations":[
		{"language_code":"en_US","version":"1","text_message":{"text":"a"}},{"language_code":"sv","text_message":{"text":"b"}}]}`
	replaced := answerOf[convapi.Template](t, s.call(t, http.MethodPut, templatesV2+"/"+id, body))
	if replaced.ID != id || replaced.Version != 2 || replaced.Description != "new" || versions(replaced.Translations) != "en_US 1, sv 1" || !replaced.CreateTime.Equal(created.CreateTime.Time) {
		t.Errorf("replaced by %+v", replaced)
	}
	for query, want := range map[string]string{
		"": "en_US 1, sv 1", "?language_code=&translation_version=": "en_US 1, sv 1", "?language_code=en-us": "en_US 1",
		"?translation_version=1": "en_US 1, sv 1", "?language_code=sv&translation_version=latest": "sv latest", "?translation_version=3": "",
	} {
		got := answerOf[convapi.ListTranslationsResponse](t, s.call(t, http.MethodGet, templatesV2+"/"+id+"/translations"+query, "")).Translations
		if versions(got) != want || got == nil {
			t.Errorf("%s: %s, want %s", query, versions(got), want)
		}
	}

	checkShape(t, s.call(t, http.MethodDelete, templatesV2+"/"+id, "").body, emptyShape)
	checkRefusal(t, s.call(t, http.MethodGet, templatesV2+"/"+id, ""), 404, "")
	if got := s.call(t, http.MethodGet, templatesV2, "").body; string(got) != `{"templates":[]}` {
		t.Errorf("listed %s", got)
	}
}

func TestATemplateIsReplacedByWhoeverKnowsItsVersion(t *testing.T) {
	s := newServer(t)
	created := answerOf[convapi.Template](t, s.call(t, http.MethodPost, templatesV2, english("", `"text_message":{"text":"a"}`)))
	if _, ok := gateway.ParseID(created.ID); !ok {
		t.Errorf("made up the id %q", created.ID)
	}
	path := templatesV2 + "/" + created.ID
	first := english(`"version":1,`, `"text_message":{"text":"b"}`)
	answerOf[convapi.Template](t, s.call(t, http.MethodPut, path, first))
	got := s.call(t, http.MethodPut, path, first)
	checkRefusal(t, got, 400, "version")
	if !strings.Contains(string(got.body), "FAILED_PRECONDITION") {
		t.Errorf("%s", got.body)
	}

	// What GET gives can be sent back.
	shown := s.call(t, http.MethodGet, path, "")
	again := answerOf[convapi.Template](t, s.call(t, http.MethodPut, path, string(shown.body)))
	if again.Version != 3 || versions(again.Translations) != "en-US 2" {
		t.Errorf("%+v", again)
	}
}

func badTemplateCalls() []badRequest {
	const one = "translations[0]"
	text := `"text_message":{"text":"x"}`
	v2 := []badRequest{
		{"POST ", ``, 400, "default_translation"},
		{"POST ", `{}`, 400, "translations"},
		{"POST ", `[]`, 400, ""},
		{"POST ", english(`"id":"taken",`, text), 400, "id"},
		{"POST ", english(`"id":"v1",`, text), 400, "id"},
		{"POST ", english(`"id":"a b",`, text), 400, "id"},
		{"POST ", english(`"version":"1",`, text), 400, "version"},
		{"POST ", english("", text+`,"version":1`), 400, one + ".version"},
		{"POST ", strings.Replace(english("", text), "en-US", "en-GB", 1), 400, "default_translation"},
		{"POST ", english("", `"version":"1"`), 400, one},
		{"POST ", english("", text+`,"variables":[{}]`), 400, one + ".variables[0].key"},
		{"POST ", english("", text+`,"channel_template_overrides":{"SMS":{"template_reference":{"template_id":"t"}}}`), 400, one + ".channel_template_overrides.SMS"},
		{"GET /gone", "", 404, ""},
		{"GET /%00", "", 404, ""},
		{"GET /v1", "", 404, ""},
		{"GET /gone/translations", "", 404, ""},
		{"GET /taken/translations?language_code=%00", "", 400, "language_code"},
		{"PUT /gone", english(`"version":1,`, text), 404, ""},
		{"PUT /v1", english(`"version":1,`, text), 404, ""},
		{"PUT /%FF", english(`"version":1,`, text), 404, ""},
		{"PUT /taken", english("", text), 400, "version"},
		{"PUT /taken", english(`"version":2,`, text), 400, "version"},
		{"PUT /taken", english(`"version":1,"id":"other",`, text), 400, "id"},
		{"PUT /taken", ``, 400, "translations"},
		{"PUT /taken", `{"version":1,"default_translation":"en","translations":[{"language_code":"en","version":"1",` + text + `},{"language_code":"en","version":"latest","text_message":{"text":"y"}}]}`, 400, "translations[1].version"},
		{"PATCH /taken", ``, 405, ""},
		{"DELETE /gone", "", 404, ""},
		{"DELETE /v1", "", 404, ""},
	}
	v1 := []badRequest{
		{"POST ", `{}`, 400, "translations"},
		{"POST ", `{"id":"taken","default_translation":"en","translations":[{"language_code":"en","content":"x"}]}`, 400, "id"},
		{"POST ", `{"default_translation":"en","translations":[{"language_code":"en"}]}`, 400, one + ".content"},
		{"POST ", `{"default_translation":"en","translations":[{"language_code":"en","content":{}}]}`, 400, one + ".content"},
		{"GET /taken", "", 404, ""},
		{"PATCH /gone", `{}`, 404, ""},
		{"PATCH /taken", `{}`, 404, ""},
		{"PATCH /%00", `{}`, 404, ""},
		{"PATCH /v1?update_mask=nonsense", `{}`, 400, "update_mask"},
		{"PATCH /v1?update_mask=translations", `{}`, 400, "translations"},
		{"PATCH /v1", `{"default_translation":"sv"}`, 400, "default_translation"},
		{"PUT /v1", `{}`, 405, ""},
		{"DELETE /taken", "", 404, ""},
	}
	return slices.Concat(below(templatesV2, v2), below(templatesV1, v1))
}

// below completes the paths of a table.
func below(path string, table []badRequest) []badRequest {
	for i, tc := range table {
		method, rest, _ := strings.Cut(tc.request, " ")
		table[i].request = method + " " + path + rest
	}
	return table
}

func TestTemplatesRefuse(t *testing.T) {
	s := newServer(t)
	answerOf[convapi.Template](t, s.call(t, http.MethodPost, templatesV2, english(`"id":"taken",`, `"version":"1","text_message":{"text":"x"}`)))
	answerOf[convapi.TemplateV1](t, s.call(t, http.MethodPost, templatesV1, english(`"id":"v1",`, `"content":"x"`)))
	for _, tc := range badTemplateCalls() {
		t.Run(tc.request+" "+shorten(tc.body), func(t *testing.T) {
			method, path, _ := strings.Cut(tc.request, " ")
			checkRefusal(t, s.call(t, method, path, tc.body), tc.status, tc.field)
		})
	}
}

// The values are those that the vendor's own tests of its clients want.
func TestTemplatesV1(t *testing.T) {
	s := newServer(t)
	content, err := json.Marshal(`{"text_message":{"text":"Hello ${name}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	body := english(`"channel":"MESSENGER","description":"d",`, `"version":"1","content":`+string(content)+`,"variables":[{"key":"name","preview_value":"Jones"}]`)
	got := s.call(t, http.MethodPost, templatesV1, body)
	created := answerOf[convapi.TemplateV1](t, got)
	checkShape(t, got.body, kinds{
		"id": "s", "channel": "s", "description": "s", "default_translation": "s", "create_time": "t", "update_time": "t",
		"translations.0.content": "s", "translations.0.version": "s", "translations.0.variables.0.preview_value": "s", "translations.0.create_time": "t",
	})
	if created.Channel != "UNSPECIFIED" || created.Translations[0].Content != `{"text_message":{"text":"Hello ${name}"}}` {
		t.Errorf("created %s", got.body)
	}
	path := templatesV1 + "/" + created.ID
	if one := s.call(t, http.MethodGet, path, ""); string(one.body) != string(got.body) {
		t.Errorf("got %s, want %s", one.body, got.body)
	}
	for _, mask := range []string{"?update_mask=description,translations", "?update_mask.paths=description&update_mask.paths=translations", "?update_mask.paths=description,translations", ""} {
		change := `{"id":"other","channel":"SMS","description":"new","translations":[{"language_code":"en-US","version":"2","content":"b"},{"language_code":"fr-FR","content":"c"}]}`
		changed := answerOf[convapi.TemplateV1](t, s.call(t, http.MethodPatch, path+mask, change))
		if changed.ID != created.ID || changed.Channel != "UNSPECIFIED" || changed.Description != "new" || len(changed.Translations) != 2 || changed.DefaultTranslation != "en-US" ||
			!changed.CreateTime.Equal(created.CreateTime.Time) || changed.UpdateTime.Before(created.UpdateTime.Time) {
			t.Errorf("%q: changed to %+v", mask, changed)
		}
	}
	cleared := answerOf[convapi.TemplateV1](t, s.call(t, http.MethodPatch, path+"?update_mask=description", `{}`))
	if cleared.Description != "" || len(cleared.Translations) != 2 {
		t.Errorf("cleared to %+v", cleared)
	}
	all := answerOf[convapi.ListTemplatesV1Response](t, s.call(t, http.MethodGet, templatesV1, ""))
	if len(all.Templates) != 1 || all.Templates[0].ID != created.ID {
		t.Errorf("listed %+v", all)
	}
	if got := s.call(t, http.MethodGet, templatesV2, "").body; string(got) != `{"templates":[]}` {
		t.Errorf("version 2 lists %s", got)
	}
	checkShape(t, s.call(t, http.MethodDelete, path, "").body, emptyShape)
	checkRefusal(t, s.call(t, http.MethodGet, path, ""), 404, "")
}

// What is wrong with a template is told as a report: the message was accepted,
// and is shown as it was sent.
func TestAMessageWithAMissingTemplateIsAccepted(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	const message = `{"template_message":{"omni_template":{"template_id":"gone","version":"latest","parameters":{"name":"Kari"}}}}`
	sent := answerOf[convapi.SendMessageResponse](t, s.call(t, http.MethodPost, "messages:send", s.expand(send("message", message))))
	got := answerOf[struct {
		AppMessage json.RawMessage `json:"app_message"`
	}](t, s.call(t, http.MethodGet, "messages/"+sent.MessageID, ""))
	if string(got.AppMessage) != message {
		t.Errorf("shown as %s", got.AppMessage)
	}
}

// The preview says what a template says now, on each channel.
func TestTranscodeFillsTemplates(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	answerOf[convapi.Template](t, s.call(t, http.MethodPost, templatesV2, english(`"id":"greet",`,
		`"text_message":{"text":"Hi ${name}"},"variables":[{"key":"name"}],"channel_template_overrides":{"WHATSAPP":{"template_reference":{"template_id":"hello","language_code":"en_US"},"parameter_mappings":{"name":"body[1]text"}}}`)))
	reference := func(id, parameters string) string {
		return s.expand(transcode("app_message", `{"template_message":{"omni_template":{"template_id":"`+id+`","version":"latest","parameters":`+parameters+`}}}`))
	}
	got := answerOf[convapi.TranscodeMessageResponse](t, s.call(t, http.MethodPost, "messages:transcode", reference("greet", `{"name":"Kari"}`))).TranscodedMessage
	if sms := got[convapi.ChannelSMS]; !strings.Contains(sms, "Hi Kari") {
		t.Errorf("SMS: %s", sms)
	}
	if whatsapp := got[convapi.ChannelWhatsApp]; !strings.Contains(whatsapp, `"name":"hello"`) || !strings.Contains(whatsapp, `"text":"Kari"`) {
		t.Errorf("WHATSAPP: %s", whatsapp)
	}
	for body, reason := range map[string]convapi.ReasonCode{
		reference("gone", `{}`): convapi.ReasonTemplateNotFound, reference("greet", `{}`): convapi.ReasonTemplateInsufficientParameters,
	} {
		got := s.call(t, http.MethodPost, "messages:transcode", body)
		checkRefusal(t, got, 400, "channels[0]")
		if !strings.Contains(string(got.body), string(reason)) {
			t.Errorf("%s, want %s", got.body, reason)
		}
	}
}
