package convapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTemplates(t *testing.T) {
	const one = "translations[0]"
	v2 := func(translations string) string {
		return `{"default_translation":"en-US","translations":[` + translations + `]}`
	}
	cases := []struct {
		name, body string
		wrong      []string
	}{
		{"nothing", `{}`, []string{"default_translation", "translations"}},
		{"least", v2(`{"language_code":"en-US","text_message":{"text":"x"}}`), nil},
		{"spellings of a language", v2(`{"language_code":"EN_us","text_message":{"text":"x"}}`), nil},
		{"a long language code", `{"default_translation":"zh-Hant-TW","translations":[{"language_code":"zh_Hant_TW","text_message":{"text":"x"}}]}`, nil},
		{"no language codes", `{"default_translation":"é","translations":[{"language_code":"é","text_message":{"text":"x"}},{"language_code":"en--US","text_message":{"text":"x"}},{"text_message":{"text":"x"}}]}`,
			[]string{one + ".language_code", "translations[1].language_code", "translations[2].language_code"}},
		{"default that is not there", v2(`{"language_code":"en","text_message":{"text":"x"}}`), []string{"default_translation"}},
		{"ids", `{"id":"a/b","default_translation":"en","translations":[{"language_code":"en","text_message":{"text":"x"}}]}`, []string{"id"}},
		{"versions of a language", v2(`{"language_code":"en-US","version":"1","text_message":{"text":"x"}},{"language_code":"en-US","version":"2","text_message":{"text":"x"}}`), nil},
		{"one version twice", v2(`{"language_code":"en-US","version":"1","text_message":{"text":"x"}},{"language_code":"en_US","version":"1","text_message":{"text":"x"}}`), []string{"translations[1].version"}},
		{"no content", v2(`{"language_code":"en-US"}`), []string{one}},
		{"two contents", v2(`{"language_code":"en-US","text_message":{"text":"x"},"media_message":{"url":"u"}}`), []string{one}},
		{"bad content", v2(`{"language_code":"en-US","card_message":{"height":"TINY"}}`), []string{one + ".card_message.height"}},
		{"variables", v2(`{"language_code":"en-US","text_message":{"text":"x"},"variables":[{"key":"a"},{"key":""},{"key":"a"},{"key":"}"},{"key":"${"}]}`),
			[]string{one + ".variables[1].key", one + ".variables[2].key", one + ".variables[3].key", one + ".variables[4].key"}},
		{"overrides", v2(`{"language_code":"en-US","text_message":{"text":"x"},"channel_template_overrides":{"WHATSAPP":{"template_reference":{"template_id":"t"},"parameter_mappings":{"a":"b"}},"KAKAOTALK":{"template_reference":{"template_id":"t"}}}}`), nil},
		{"bad overrides", v2(`{"language_code":"en-US","text_message":{"text":"x"},"channel_template_overrides":{"WHATSAPP":{"template_reference":{}},"KAKAOTALK":{},"SMS":{"template_reference":{"template_id":"t"}}}}`),
			[]string{one + ".channel_template_overrides.KAKAOTALK.template_reference", one + ".channel_template_overrides.SMS", one + ".channel_template_overrides.WHATSAPP.template_reference.template_id"}},
		{"a channel's template", v2(`{"language_code":"en-US","template_message":{"channel_template":{"WHATSAPP":{"template_id":"t"}}}}`), nil},
		{"a template of a template", v2(`{"language_code":"en-US","template_message":{"omni_template":{"template_id":"t","version":"1"}}}`), []string{one + ".template_message.omni_template"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wrong, checked(t, tc.body, (*Template).Validate)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTemplatesV1(t *testing.T) {
	cases := []struct {
		name, body string
		wrong      []string
	}{
		{"nothing", `{}`, []string{"default_translation", "translations"}},
		{"least", `{"default_translation":"en","translations":[{"language_code":"en","content":"x"}]}`, nil},
		{"bad", `{"id":"ä","default_translation":"sv","translations":[{"language_code":"","variables":[{}]},{"language_code":"en","version":"1","content":"x"},{"language_code":"en","version":"1","content":"y"}]}`,
			[]string{"translations[0].language_code", "translations[0].content", "translations[0].variables[0].key", "id", "translations[2].version", "default_translation"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wrong, checked(t, tc.body, (*TemplateV1).Validate)); diff != "" {
				t.Error(diff)
			}
		})
	}
	text, err := Marshal(ListTemplatesV1Response{[]TemplateV1{{ID: "t", Channel: TemplateV1Channel, Translations: []TemplateTranslationV1{{LanguageCode: "en", Content: "x"}}}}})
	want := `{"templates":[{"id":"t","channel":"UNSPECIFIED","description":"","default_translation":"","translations":[{"language_code":"en","version":"","content":"x","variables":[],"create_time":"1970-01-01T00:00:00Z","update_time":"1970-01-01T00:00:00Z"}],"create_time":"1970-01-01T00:00:00Z","update_time":"1970-01-01T00:00:00Z"}]}`
	if diff := cmp.Diff(want, string(text)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
