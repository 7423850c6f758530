package convapi

import (
	"regexp"
	"strings"
)

// Forms of what a template is named by. The contract asks only that an id is
// unique in its project; it stands in URLs, so it has the form of other ids.
// Language codes are BCP-47 with hyphens or underscores.
var (
	templateID  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,8}([-_][0-9A-Za-z]{1,8})*$`)
)

// ValidTemplateID reports whether a template can have that id: 1 to 64 letters,
// digits, hyphens and underscores.
func ValidTemplateID(id string) bool { return templateID.MatchString(id) }

// CanonicalTag is the form in which language codes are compared: en-US, en_US
// and EN-us name the same language.
func CanonicalTag(code string) string { return strings.ToLower(strings.ReplaceAll(code, "_", "-")) }

// translationKey is what tells a template's translations apart.
type translationKey struct{ tag, version string }

// Validate checks a template to be created or replaced; it returns FieldErrors or
// nil.
func (t *Template) Validate() error {
	var p fieldProblems
	var keys []translationKey
	for i := range t.Translations {
		one := &t.Translations[i]
		p.translation(at("translations", i), one)
		keys = append(keys, translationKey{CanonicalTag(one.LanguageCode), one.Version})
	}
	p.template(t.ID, t.DefaultTranslation, keys)
	return p.err()
}

// Validate checks a template to be created or changed; it returns FieldErrors or
// nil.
func (t *TemplateV1) Validate() error {
	var p fieldProblems
	var keys []translationKey
	for i, one := range t.Translations {
		path := at("translations", i)
		p.languageTag(path+".language_code", one.LanguageCode)
		p.required(path+".content", one.Content)
		p.variables(path+".variables", one.Variables)
		keys = append(keys, translationKey{CanonicalTag(one.LanguageCode), one.Version})
	}
	p.template(t.ID, t.DefaultTranslation, keys)
	return p.err()
}

// template checks what both versions of the API have in common.
func (p *fieldProblems) template(id, defaultTranslation string, translations []translationKey) {
	if id != "" && !ValidTemplateID(id) {
		p.add("id", "must be 1 to 64 letters, digits, hyphens and underscores")
	}
	p.required("default_translation", defaultTranslation)
	if len(translations) == 0 {
		p.add("translations", "is required")
	}
	seen := make(map[translationKey]bool)
	found := defaultTranslation == ""
	for i, key := range translations {
		if seen[key] && key.version != "" {
			p.add(at("translations", i)+".version", "is there twice for this language")
		}
		seen[key] = true
		found = found || key.tag == CanonicalTag(defaultTranslation)
	}
	if !found {
		p.add("default_translation", "must be the language_code of one of the translations")
	}
}

func (p *fieldProblems) languageTag(path, code string) {
	p.required(path, code)
	if code != "" && !languageTag.MatchString(code) {
		p.add(path, "must be a BCP-47 language code like en-US or en_US")
	}
}

// variables checks that every key can be written as ${key}.
func (p *fieldProblems) variables(path string, list []TemplateVariable) {
	seen := make(map[string]bool)
	for i, variable := range list {
		key := at(path, i) + ".key"
		switch {
		case variable.Key == "":
			p.add(key, "is required")
		case strings.Contains(variable.Key, "}") || strings.Contains(variable.Key, "${"):
			p.add(key, "must not contain } or ${")
		case seen[variable.Key]:
			p.add(key, "is there twice")
		}
		seen[variable.Key] = true
	}
}

func (p *fieldProblems) translation(path string, t *TemplateTranslation) {
	p.languageTag(path+".language_code", t.LanguageCode)
	p.variables(path+".variables", t.Variables)
	p.oneOf(path,
		option{"text_message", t.TextMessage != nil}, option{"card_message", t.CardMessage != nil},
		option{"carousel_message", t.CarouselMessage != nil}, option{"choice_message", t.ChoiceMessage != nil},
		option{"location_message", t.LocationMessage != nil}, option{"media_message", t.MediaMessage != nil},
		option{"template_message", t.TemplateMessage != nil}, option{"list_message", t.ListMessage != nil},
		option{"contact_info_message", t.ContactInfoMessage != nil},
	)
	p.genericTypes(path, genericTypes{
		t.TextMessage, t.MediaMessage, t.CardMessage, t.CarouselMessage, t.ChoiceMessage,
		t.ListMessage, t.LocationMessage, t.ContactInfoMessage,
	})
	p.templateMessage(path+".template_message", t.TemplateMessage)
	if t.TemplateMessage != nil && t.TemplateMessage.OmniTemplate != nil {
		p.add(path+".template_message.omni_template", "must not be set: a template cannot refer to another omni template")
	}
	for _, ch := range sortedKeys(t.ChannelTemplateOverrides) {
		key := join(path+".channel_template_overrides", string(ch))
		if ch != ChannelWhatsApp && ch != ChannelKakaoTalk {
			p.add(key, "must be WHATSAPP or KAKAOTALK")
		}
		if ref := t.ChannelTemplateOverrides[ch].TemplateReference; ref == nil {
			p.add(key+".template_reference", "is required")
		} else {
			p.required(key+".template_reference.template_id", ref.TemplateID)
		}
	}
}
