package convapi

import "encoding/json"

// TemplateV1 is a template of the Template Management API v1, which is
// deprecated: it keeps the content as text.
type TemplateV1 struct {
	ID                 string                  `json:"id"`
	Channel            string                  `json:"channel"` // means nothing any more; always UNSPECIFIED in answers
	Description        string                  `json:"description"`
	DefaultTranslation string                  `json:"default_translation"` // BCP-47; must be among the translations
	Translations       []TemplateTranslationV1 `json:"translations"`
	CreateTime         Time                    `json:"create_time"`
	UpdateTime         Time                    `json:"update_time"`
}

// TemplateV1Channel is what answers have for the channel.
const TemplateV1Channel = "UNSPECIFIED"

// MarshalJSON writes absent translations as an empty list.
func (t TemplateV1) MarshalJSON() ([]byte, error) {
	type plain TemplateV1
	t.Translations = orEmpty(t.Translations)
	return json.Marshal(plain(t))
}

// TemplateTranslationV1 is a template's content in one language.
type TemplateTranslationV1 struct {
	LanguageCode string             `json:"language_code"`
	Version      string             `json:"version"`
	Content      string             `json:"content"` // the JSON of an AppMessage; anything else is taken for plain text
	Variables    []TemplateVariable `json:"variables"`
	CreateTime   Time               `json:"create_time"`
	UpdateTime   Time               `json:"update_time"`
}

// MarshalJSON writes absent variables as an empty list.
func (t TemplateTranslationV1) MarshalJSON() ([]byte, error) {
	type plain TemplateTranslationV1
	t.Variables = orEmpty(t.Variables)
	return json.Marshal(plain(t))
}

// ListTemplatesV1Response lists the templates of a project; it is not paged.
type ListTemplatesV1Response struct {
	Templates []TemplateV1 `json:"templates"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListTemplatesV1Response) MarshalJSON() ([]byte, error) {
	type plain ListTemplatesV1Response
	r.Templates = orEmpty(r.Templates)
	return json.Marshal(plain(r))
}
