package template

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

// stored are the templates of the tests.
var stored = map[string]string{
	"greet": `{"default_translation":"en-US","translations":[
		{"language_code":"en-US","version":"1","variables":[{"key":"name"}],"text_message":{"text":"Hi ${name}"}},
		{"language_code":"en-US","version":"2","variables":[{"key":"name"}],"text_message":{"text":"Hello ${name}"}},
		{"language_code":"fr","version":"10","text_message":{"text":"Bonjour ${name}"}},
		{"language_code":"fr","version":"9","text_message":{"text":"Salut ${name}"}}]}`,
	"native": `{"default_translation":"en","translations":[
		{"language_code":"en","version":"1","variables":[{"key":"name"},{"key":"code"}],"text_message":{"text":"${name}: ${code}"},
		"channel_template_overrides":{"WHATSAPP":{"template_reference":{"template_id":"w","language_code":"en_US","parameters":{"body[1]text":"you","body[3]text":"bye"}},
			"parameter_mappings":{"name":"body[1]text","body[2]text":"code"}}}}]}`,
	"onlynative": `{"default_translation":"en","translations":[
		{"language_code":"en","version":"1","template_message":{"channel_template":{"WHATSAPP":{"template_id":"w","parameters":{"a":"${name}"}}}}}]}`,
}

var storedV1 = map[string]string{
	"plain": `{"default_translation":"en","translations":[{"language_code":"en","version":"1","content":"Hi ${name}"}]}`,
	"full": `{"default_translation":"en","translations":[{"language_code":"en","version":"","content":
		"{\"text_message\":{\"text\":\"Hi ${name}\"},\"explicit_channel_omni_message\":{\"SMS\":{\"text_message\":{\"text\":\"SMS ${name}\"}}},\"explicit_channel_message\":{\"RCS\":\"{}\"}}"}]}`,
}

func templates(t *testing.T) map[string]*Template {
	t.Helper()
	out := make(map[string]*Template)
	for id, text := range stored {
		var resource convapi.Template
		if err := convapi.Decode([]byte(text), &resource); err != nil || resource.Validate() != nil {
			t.Fatal(id, err, resource.Validate())
		}
		out[id] = Of(&resource)
	}
	for id, text := range storedV1 {
		var resource convapi.TemplateV1
		if err := convapi.Decode([]byte(text), &resource); err != nil || resource.Validate() != nil {
			t.Fatal(id, err, resource.Validate())
		}
		out[id] = OfV1(&resource)
	}
	return out
}

// all are the channels that the tests send over.
var all = []convapi.Channel{"WHATSAPP", "SMS", "RCS"}

func omni(id, version, language, parameters string) string {
	return `{"template_id":"` + id + `","version":"` + version + `","language_code":"` + language + `","parameters":{` + parameters + `}}`
}

func TestResolve(t *testing.T) {
	const name = `"name":"Kari"`
	byOmni := func(reference string) string { return `{"template_message":{"omni_template":` + reference + `}}` }
	text := func(text string) string { return `{"text_message":{"text":"` + text + `"}}` }
	for _, tc := range []struct {
		name, message, want string
		faults              map[string]string // channel to reason, with "!" if it is final
	}{
		{"a version", byOmni(omni("greet", "1", "en-US", name)), text("Hi Kari"), nil},
		{"the latest", byOmni(omni("greet", "latest", "en-US", name)), text("Hello Kari"), nil},
		{"the latest by number", byOmni(omni("greet", "latest", "fr", name)), text("Bonjour Kari"), nil},
		{"another spelling", byOmni(omni("greet", "latest", "EN_us", name)), text("Hello Kari"), nil},
		{"the base language", byOmni(omni("greet", "9", "fr-CA-x-a", name)), text("Salut Kari"), nil},
		{"no language", byOmni(omni("greet", "2", "", name)), text("Hello Kari"), nil},
		{"a language that is not there", byOmni(omni("greet", "2", "sv", name)), text("Hello Kari"), nil},
		{"a variable that nobody declared", byOmni(omni("greet", "9", "fr", "")), text("Salut ${name}"), nil},
		{"a parameter that nobody needs", byOmni(omni("greet", "1", "en-US", name+`,"x":"y"`)), text("Hi Kari"), nil},
		{"a value that looks like a placeholder", byOmni(omni("greet", "1", "en-US", `"name":"${name}"`)), text("Hi ${name}"), nil},
		{"what goes along", `{"template_message":{"omni_template":` + omni("greet", "1", "", name) + `},"agent":{"display_name":"${name}"},"reply_to":{"message_id":"m"}}`,
			`{"text_message":{"text":"Hi Kari"},"agent":{"display_name":"${name}"},"reply_to":{"message_id":"m"}}`, nil},

		{"no template", byOmni(omni("gone", "1", "", "")), `{}`, map[string]string{"WHATSAPP": "TEMPLATE_NOT_FOUND!", "SMS": "TEMPLATE_NOT_FOUND!", "RCS": "TEMPLATE_NOT_FOUND!"}},
		{"no version", `{"template_message":{"omni_template":` + omni("greet", "1", "fr", name) + `},"explicit_channel_message":{"RCS":"{}"},"explicit_channel_omni_message":{"WHATSAPP":{"text_message":{"text":"x"}}}}`,
			`{"explicit_channel_message":{"RCS":"{}"},"explicit_channel_omni_message":{"WHATSAPP":{"text_message":{"text":"x"}}}}`,
			map[string]string{"SMS": "TEMPLATE_NON_EXISTING_LANGUAGE_OR_VERSION!"}},
		{"no parameter", `{"template_message":{"omni_template":` + omni("greet", "1", "", "") + `,"channel_template":{"WHATSAPP":{"template_id":"own"}}}}`,
			`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"own"}}}}`,
			map[string]string{"SMS": "TEMPLATE_INSUFFICIENT_PARAMETERS!", "RCS": "TEMPLATE_INSUFFICIENT_PARAMETERS!"}},

		{"a channel's template wins", `{"template_message":{"omni_template":` + omni("greet", "1", "", name) + `,"channel_template":{"WHATSAPP":{"template_id":"own"}}}}`,
			`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"own"}}},"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"Hi Kari"}},"RCS":{"text_message":{"text":"Hi Kari"}}}}`, nil},
		{"also over the translation's", `{"template_message":{"omni_template":` + omni("native", "1", "", name+`,"code":"12"`) + `,"channel_template":{"WHATSAPP":{"template_id":"own"}}}}`,
			`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"own"}}},"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"Kari: 12"}},"RCS":{"text_message":{"text":"Kari: 12"}}}}`, nil},
		{"the translation's template of a channel", byOmni(omni("native", "1", "", name+`,"code":"${name}"`)),
			`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"w","language_code":"en_US","parameters":{"body[1]text":"Kari","body[2]text":"${name}","body[3]text":"bye"}}}},
			"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"Kari: ${name}"}},"RCS":{"text_message":{"text":"Kari: ${name}"}}}}`, nil},
		{"a translation with nothing else", byOmni(omni("onlynative", "latest", "", name)),
			`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"w","parameters":{"a":"Kari"}}}}}`, nil},

		{"an override", `{"text_message":{"text":"x"},"explicit_channel_omni_message":{"SMS":{"template_reference":` + omni("greet", "1", "", name) + `}}}`,
			`{"text_message":{"text":"x"},"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"Hi Kari"}}}}`, nil},
		{"an override by a channel's template", `{"text_message":{"text":"x"},"explicit_channel_omni_message":{"WHATSAPP":{"template_reference":` + omni("onlynative", "1", "", name) + `}}}`,
			`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"w","parameters":{"a":"Kari"}}}},"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"x"}},"RCS":{"text_message":{"text":"x"}}}}`, nil},
		{"an override that leads nowhere", `{"text_message":{"text":"x"},"explicit_channel_omni_message":{"SMS":{"template_reference":` + omni("gone", "1", "", "") + `}}}`,
			`{"text_message":{"text":"x"}}`, map[string]string{"SMS": "TEMPLATE_NOT_FOUND"}},
		{"an override without content", `{"text_message":{"text":"x"},"explicit_channel_omni_message":{"SMS":{"template_reference":` + omni("onlynative", "1", "", "") + `}}}`,
			`{"text_message":{"text":"x"}}`, map[string]string{"SMS": "TEMPLATE_NOT_FOUND"}},
		{"raw JSON goes before an override", `{"text_message":{"text":"x"},"explicit_channel_message":{"SMS":"{}"},"explicit_channel_omni_message":{"SMS":{"template_reference":` + omni("gone", "1", "", "") + `}}}`,
			`{"text_message":{"text":"x"},"explicit_channel_message":{"SMS":"{}"}}`, nil},
		{"both kinds", `{"template_message":{"omni_template":` + omni("greet", "1", "", name) + `},"explicit_channel_omni_message":{"SMS":{"template_reference":` + omni("greet", "latest", "fr", name) + `}}}`,
			`{"text_message":{"text":"Hi Kari"},"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"Bonjour Kari"}}}}`, nil},

		{"version 1, text", byOmni(omni("plain", "1", "", name)), text("Hi Kari"), nil},
		{"version 1, a message", `{"template_message":{"omni_template":` + omni("full", "latest", "", name) + `},"explicit_channel_message":{"RCS":"{\"own\":1}"}}`,
			`{"text_message":{"text":"Hi Kari"},"explicit_channel_message":{"RCS":"{\"own\":1}"},"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"SMS Kari"}}}}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := decode(t, tc.message)
			before := marshal(t, m)
			resolved, faults := Resolve(m, all, templates(t))
			if diff := cmp.Diff(marshal(t, decode(t, tc.want)), marshal(t, resolved)); diff != "" {
				t.Error(diff)
			}
			got := make(map[string]string)
			for ch, f := range faults {
				got[string(ch)] = string(f.Reason.Code)
				if f.Final {
					got[string(ch)] += "!"
				}
			}
			if !maps.Equal(got, tc.faults) {
				t.Errorf("faults %v, want %v", got, tc.faults)
			}
			if diff := cmp.Diff(before, marshal(t, m)); diff != "" {
				t.Errorf("the message itself was changed: %s", diff)
			}
			checkResolved(t, resolved, faults)
		})
	}
}

// checkResolved holds the laws of what comes out: no reference is left, it could
// have been sent as it is, and then nothing would be changed any more.
func checkResolved(t *testing.T, m *convapi.AppMessage, faults map[convapi.Channel]Fault) {
	t.Helper()
	if left := References(m); left != nil {
		t.Errorf("references to %v are left", left)
	}
	request := convapi.SendMessageRequest{AppID: "a", Recipient: &convapi.Recipient{ContactID: "c"}, Message: m}
	if err := request.Validate(); err != nil && len(faults) < len(all) {
		t.Errorf("%s: %v", marshal(t, m), err)
	}
	again, more := Resolve(m, all, nil)
	if diff := cmp.Diff(marshal(t, m), marshal(t, again)); diff != "" || len(more) > 0 {
		t.Errorf("resolved again: %s with faults %v", diff, more)
	}
}

func TestResolveKeepsTemplatesAsTheyAre(t *testing.T) {
	known := templates(t)
	for _, name := range []string{"Kari", "Ola"} {
		m := decode(t, `{"template_message":{"omni_template":`+omni("native", "1", "", `"name":"`+name+`","code":"1"`)+`}}`)
		resolved, _ := Resolve(m, all, known)
		if got := resolved.TemplateMessage.ChannelTemplate["WHATSAPP"].Parameters["body[1]text"]; got != name {
			t.Errorf("%q, want %q", got, name)
		}
	}
}

func TestReferences(t *testing.T) {
	m := decode(t, `{"template_message":{"omni_template":`+omni("a", "1", "", "")+`},"explicit_channel_omni_message":{"SMS":{"template_reference":`+omni("b", "1", "", "")+`},"RCS":{"text_message":{"text":"x"}}}}`)
	if got := References(m); !slices.Equal(got, []string{"a", "b"}) {
		t.Error(got)
	}
	m = decode(t, `{"template_message":{"channel_template":{"SMS":{"template_id":"x"}}}}`)
	if allocs := testing.AllocsPerRun(100, func() { References(m) }); References(m) != nil || allocs > 0 {
		t.Errorf("%v with %v allocations", References(m), allocs)
	}
}

func TestTooLongContentIsAFault(t *testing.T) {
	m := decode(t, `{"template_message":{"omni_template":`+omni("native", "1", "", `"name":"","code":""`)+`}}`)
	long := make([]byte, MaxFilled)
	for i := range long {
		long[i] = 'x'
	}
	m.TemplateMessage.OmniTemplate.Parameters["name"] = string(long)
	_, faults := Resolve(m, all, templates(t))
	if f := faults["SMS"]; f.Reason.Code != convapi.ReasonBadRequest || !f.Final {
		t.Errorf("%+v", f)
	}
}

func TestMissingParametersAreNamedBriefly(t *testing.T) {
	for want, names := range map[string][]string{"a, b": {"a", "b"}, "1, 2, 3, 4, 5 and 2 more": {"1", "2", "3", "4", "5", "6", "7"}} {
		if got := list(names); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := list([]string{string(make([]byte, 1000))}); len(got) > 120 {
		t.Errorf("%d octets", len(got))
	}
}

func decode(t *testing.T, text string) *convapi.AppMessage {
	t.Helper()
	m := new(convapi.AppMessage)
	if err := convapi.Decode([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	return m
}
