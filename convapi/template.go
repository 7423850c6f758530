package convapi

import "encoding/json"

// Template is an omni template of the Template Management API v2.
type Template struct {
	ID                 string                `json:"id"`
	Description        string                `json:"description"`
	Version            int                   `json:"version"`             // a number here, counting from 1; a PUT must carry the current one
	DefaultTranslation string                `json:"default_translation"` // BCP-47; must be among the translations
	Translations       []TemplateTranslation `json:"translations"`
	CreateTime         Time                  `json:"create_time"`
	UpdateTime         Time                  `json:"update_time"`
}

// MarshalJSON writes absent translations as an empty list.
func (t Template) MarshalJSON() ([]byte, error) {
	type plain Template
	t.Translations = orEmpty(t.Translations)
	return json.Marshal(plain(t))
}

// TemplateTranslation is a template's content in one language; exactly one
// message member is set. Placeholders are written ${key}.
type TemplateTranslation struct {
	LanguageCode             string                              `json:"language_code"`
	Version                  string                              `json:"version"` // text here: a number or "latest"
	Variables                []TemplateVariable                  `json:"variables"`
	ChannelTemplateOverrides map[Channel]ChannelTemplateOverride `json:"channel_template_overrides"` // WHATSAPP and KAKAOTALK
	CreateTime               Time                                `json:"create_time"`
	UpdateTime               Time                                `json:"update_time"`

	TextMessage        *TextMessage        `json:"text_message,omitempty"`
	CardMessage        *CardMessage        `json:"card_message,omitempty"`
	CarouselMessage    *CarouselMessage    `json:"carousel_message,omitempty"`
	ChoiceMessage      *ChoiceMessage      `json:"choice_message,omitempty"`
	LocationMessage    *LocationMessage    `json:"location_message,omitempty"`
	MediaMessage       *MediaMessage       `json:"media_message,omitempty"`
	TemplateMessage    *TemplateMessage    `json:"template_message,omitempty"`
	ListMessage        *ListMessage        `json:"list_message,omitempty"`
	ContactInfoMessage *ContactInfoMessage `json:"contact_info_message,omitempty"`
}

// MarshalJSON writes absent variables and overrides as empty ones.
func (t TemplateTranslation) MarshalJSON() ([]byte, error) {
	type plain TemplateTranslation
	t.Variables = orEmpty(t.Variables)
	if t.ChannelTemplateOverrides == nil {
		t.ChannelTemplateOverrides = map[Channel]ChannelTemplateOverride{}
	}
	return json.Marshal(plain(t))
}

// TemplateVariable is a placeholder of a translation.
type TemplateVariable struct {
	Key          string `json:"key"`
	PreviewValue string `json:"preview_value"`
}

// ChannelTemplateOverride uses a channel's own template in place of the content.
type ChannelTemplateOverride struct {
	TemplateReference *TemplateReference `json:"template_reference,omitempty"`
	ParameterMappings map[string]string  `json:"parameter_mappings,omitempty"`
}

// ListTemplatesResponse lists the templates of a project; it is not paged.
type ListTemplatesResponse struct {
	Templates []Template `json:"templates"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListTemplatesResponse) MarshalJSON() ([]byte, error) {
	type plain ListTemplatesResponse
	r.Templates = orEmpty(r.Templates)
	return json.Marshal(plain(r))
}

// ListTranslationsResponse lists the translations of a template.
type ListTranslationsResponse struct {
	Translations []TemplateTranslation `json:"translations"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListTranslationsResponse) MarshalJSON() ([]byte, error) {
	type plain ListTranslationsResponse
	r.Translations = orEmpty(r.Translations)
	return json.Marshal(plain(r))
}
