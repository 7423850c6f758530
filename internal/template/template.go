package template

import (
	"encoding/json"
	"maps"
	"slices"

	"switchyard/convapi"
)

// Template is an omni template as a message uses it, whatever version of the
// API has made it.
type Template struct {
	defaultLanguage string
	translations    []translation
}

// translation is a template's content in one language.
type translation struct {
	language, version string
	variables         []string
	// content has placeholders. Its template_message has templates of channels
	// only.
	content convapi.AppMessage
	natives map[convapi.Channel]convapi.ChannelTemplateOverride
}

// Of makes a Template of a resource.
func Of(t *convapi.Template) *Template {
	out := &Template{defaultLanguage: t.DefaultTranslation}
	for i := range t.Translations {
		one := &t.Translations[i]
		out.translations = append(out.translations, translation{
			language: one.LanguageCode, version: one.Version, variables: keys(one.Variables),
			content: convapi.AppMessage{
				TextMessage: one.TextMessage, MediaMessage: one.MediaMessage, CardMessage: one.CardMessage,
				CarouselMessage: one.CarouselMessage, ChoiceMessage: one.ChoiceMessage, ListMessage: one.ListMessage,
				LocationMessage: one.LocationMessage, ContactInfoMessage: one.ContactInfoMessage, TemplateMessage: one.TemplateMessage,
			},
			natives: one.ChannelTemplateOverrides,
		})
	}
	return out
}

// OfV1 makes a Template of a resource of version 1.
func OfV1(t *convapi.TemplateV1) *Template {
	out := &Template{defaultLanguage: t.DefaultTranslation}
	for _, one := range t.Translations {
		out.translations = append(out.translations, translation{
			language: one.LanguageCode, version: one.Version, variables: keys(one.Variables), content: contentV1(one.Content),
		})
	}
	return out
}

// contentV1 reads what version 1 keeps without looking at it. References in it
// are not followed.
func contentV1(text string) convapi.AppMessage {
	var content convapi.AppMessage
	if json.Valid([]byte(text)) && convapi.Decode([]byte(text), &content) == nil {
		return content
	}
	return convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: text}}
}

func keys(variables []convapi.TemplateVariable) []string {
	out := make([]string, len(variables))
	for i, v := range variables {
		out[i] = v.Key
	}
	return out
}

// pick finds the translation that a reference means; nil if there is none. The
// language is the one asked for, else one that is less particular (zh-Hant for
// zh-Hant-TW), else the template's default; the version has to be one of that
// language.
func (t *Template) pick(language, version string) *translation {
	for _, candidate := range append(ancestors(language), t.defaultLanguage) {
		inLanguage := func(one translation) bool {
			return convapi.CanonicalTag(one.language) == convapi.CanonicalTag(candidate)
		}
		if !slices.ContainsFunc(t.translations, inLanguage) {
			continue
		}
		key := func(i int) (string, string) { return t.translations[i].language, t.translations[i].version }
		if at := pick(len(t.translations), key, candidate, version); at >= 0 {
			return &t.translations[at]
		}
		return nil
	}
	return nil
}

// ancestors lists a language code and the codes that it begins with, the
// longest first; nothing for "".
func ancestors(code string) []string {
	var out []string
	for code = convapi.CanonicalTag(code); code != ""; {
		out = append(out, code)
		at := len(code) - 1
		for at >= 0 && code[at] != '-' {
			at--
		}
		code = code[:max(at, 0)]
	}
	return out
}

// missing lists the variables that have no parameter.
func (t *translation) missing(parameters map[string]string) []string {
	var out []string
	for _, key := range t.variables {
		if _, given := parameters[key]; !given {
			out = append(out, key)
		}
	}
	return out
}

// channelTemplates gives the templates of channels that stand in for the
// content there, with a placeholder for each parameter that is a variable's.
func (t *translation) channelTemplates(parameters map[string]string) map[convapi.Channel]convapi.TemplateReference {
	out := make(map[convapi.Channel]convapi.TemplateReference)
	if t.content.TemplateMessage != nil {
		maps.Copy(out, t.content.TemplateMessage.ChannelTemplate)
	}
	for ch, override := range t.natives {
		if override.TemplateReference == nil {
			continue
		}
		ref := *override.TemplateReference
		filled := make(map[string]string, len(ref.Parameters))
		maps.Copy(filled, ref.Parameters)
		for from, to := range override.ParameterMappings {
			variable, parameter := t.orient(from, to, parameters)
			if _, given := parameters[variable]; given {
				filled[parameter] = "${" + variable + "}"
			}
		}
		ref.Parameters = filled
		out[ch] = ref
	}
	return out
}

// orient tells which side of an entry of parameter_mappings is the variable. The
// vendor's clients write {"name": "body[1]text"}, its guides the other way round.
func (t *translation) orient(from, to string, parameters map[string]string) (variable, parameter string) {
	switch {
	case slices.Contains(t.variables, from):
		return from, to
	case slices.Contains(t.variables, to):
		return to, from
	}
	if _, given := parameters[to]; given {
		if _, both := parameters[from]; !both {
			return to, from
		}
	}
	return from, to
}
