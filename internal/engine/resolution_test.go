package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/routing"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
	"switchyard/internal/template"
)

// resolved is what resolve makes of a message to SMS, RCS and WhatsApp, with
// one template in the store.
func resolved(t *testing.T, message, stored string) (*send, []routing.Hop) {
	t.Helper()
	s := &send{app: &app{project: "p"}, req: &convapi.SendMessageRequest{Message: new(convapi.AppMessage)}}
	if err := convapi.Decode([]byte(message), s.req.Message); err != nil {
		t.Fatal(err)
	}
	s.references = template.References(s.req.Message)
	hops := []routing.Hop{{Channel: convapi.ChannelSMS}, {Channel: convapi.ChannelRCS}, {Channel: convapi.ChannelWhatsApp}}
	db := storetest.Open(t, storetest.SQLite(t))
	err := db.Apply(t.Context(), store.Op{Run: func(tx *store.Tx) (err error) {
		tx.Templates.Put(store.Template{TemplateKey: store.TemplateKey{Project: "p", ID: "t"}, Body: []byte(stored)})
		tx.Templates.Put(store.Template{TemplateKey: store.TemplateKey{Project: "other", ID: "theirs"}, Body: []byte(stored)})
		hops, err = s.resolve(tx, hops)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s, hops
}

// faultsOf lists the hops with their faults.
func faultsOf(hops []routing.Hop) string {
	var out []string
	for _, h := range hops {
		text := string(h.Channel)
		if h.Fault != nil {
			text += " " + string(h.Fault.Code)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestAMessageIsResolvedForItsHops(t *testing.T) {
	const stored = `{"default_translation":"en","translations":[{"language_code":"en","version":"1","text_message":{"text":"Hi ${name}"},
		"channel_template_overrides":{"WHATSAPP":{"template_reference":{"template_id":"w"},"parameter_mappings":{"name":"body[1]text"}}}}]}`
	omni := func(id, more string) string {
		return `{"template_message":{"omni_template":{"template_id":"` + id + `","version":"1","parameters":{"name":"Kari"}}}` + more + `}`
	}
	const text = `{"text_message":{"text":"Hi Kari"}}`
	for _, tc := range []struct{ name, message, outgoing, hops string }{
		{"no reference", `{"text_message":{"text":"x"}}`, "", "SMS, RCS, WHATSAPP"},
		{"a template", omni("t", ""),
			`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"w","parameters":{"body[1]text":"Kari"}}}},"explicit_channel_omni_message":{"RCS":` + text + `,"SMS":` + text + `}}`,
			"SMS, RCS, WHATSAPP"},
		{"no template", omni("gone", ""), `{}`, "SMS TEMPLATE_NOT_FOUND"},
		{"another project's", omni("theirs", ""), `{}`, "SMS TEMPLATE_NOT_FOUND"},
		{"no id of a template", omni("../t", ""), `{}`, "SMS TEMPLATE_NOT_FOUND"},
		{"no template, where it is not needed", omni("gone", `,"explicit_channel_message":{"SMS":"{}"}`), `{"explicit_channel_message":{"SMS":"{}"}}`, "SMS, RCS TEMPLATE_NOT_FOUND"},
		{"an override without template", `{"text_message":{"text":"x"},"explicit_channel_omni_message":{"SMS":{"template_reference":{"template_id":"gone","version":"1"}}}}`,
			`{"text_message":{"text":"x"}}`, "SMS TEMPLATE_NOT_FOUND, RCS, WHATSAPP"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, hops := resolved(t, tc.message, stored)
			if diff := cmp.Diff(tc.outgoing, string(s.resolved)); diff != "" {
				t.Error(diff)
			}
			if tc.outgoing == "" && s.outgoing != s.req.Message {
				t.Error("a message without references is not sent as it is")
			}
			if got := faultsOf(hops); got != tc.hops {
				t.Errorf("hops %s, want %s", got, tc.hops)
			}
		})
	}
}

// Each channel's copy counts: what is stored of a message stays bounded.
func TestAResolvedMessageIsBounded(t *testing.T) {
	long := strings.Repeat("x", template.MaxFilled*2/3)
	s, hops := resolved(t, `{"template_message":{"omni_template":{"template_id":"t","version":"1"},"channel_template":{"WHATSAPP":{"template_id":"w"}}}}`,
		`{"default_translation":"en","translations":[{"language_code":"en","version":"1","text_message":{"text":"`+long+`"}}]}`)
	if got := faultsOf(hops); got != "SMS BAD_REQUEST" || s.resolved != nil {
		t.Errorf("hops %s with %d octets", got, len(s.resolved))
	}
}
