package transcode

import (
	"cmp"
	"strings"

	"switchyard/convapi"
)

// messengerTemplateForm is a message template of a Page; its components are
// those of WhatsApp's.
type messengerTemplateForm struct {
	Name       string              `json:"name"`
	Language   messengerLanguage   `json:"language"`
	Components []whatsappComponent `json:"components,omitempty"`
}

type messengerLanguage struct {
	Code string `json:"code"`
}

func messengerTemplate(r convapi.TemplateReference) (any, error) {
	components, err := templateComponents(r.Parameters, convapi.ChannelMessenger)
	if err != nil {
		return nil, err
	}
	return messengerBody(metaMessage{Template: &messengerTemplateForm{
		Name: r.TemplateID, Language: messengerLanguage{templateLanguage(r)}, Components: components,
	}}), nil
}

// templateLanguage is Meta's word for a template's language.
func templateLanguage(r convapi.TemplateReference) string {
	return strings.ReplaceAll(cmp.Or(r.LanguageCode, defaultLanguage), "-", "_")
}
