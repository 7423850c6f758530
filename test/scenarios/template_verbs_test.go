package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

// template is: template greet "Hi ${name}". It adds a translation to a
// template, or replaces it.
func (st *stage) template(l *line) {
	ctx, e, id := context.Background(), st.process.engine, l.word(1)
	text, _ := unquote(l.word(2))
	one := convapi.TemplateTranslation{LanguageCode: "en", Version: l.option("version"), TextMessage: &convapi.TextMessage{Text: text}}
	if language := l.option("language"); language != "" {
		one.LanguageCode = language
	}
	for _, key := range l.list("variables") {
		one.Variables = append(one.Variables, convapi.TemplateVariable{Key: key})
	}
	resource, err := e.Template(ctx, projectID, id)
	if refused, ok := errors.AsType[*gateway.Error](err); ok && refused.Code == gateway.NotFound {
		_, err = e.CreateTemplate(ctx, projectID, convapi.Template{ID: id, DefaultTranslation: one.LanguageCode, Translations: []convapi.TemplateTranslation{one}})
		st.check(l, err)
		return
	}
	st.check(l, err)
	var kept []convapi.TemplateTranslation
	for _, old := range resource.Translations {
		if old.Version != "latest" && (old.LanguageCode != one.LanguageCode || old.Version != one.Version) {
			kept = append(kept, old)
		}
	}
	resource.Translations = append(kept, one)
	_, err = e.ReplaceTemplate(ctx, projectID, id, resource)
	st.check(l, err)
}

// templateMessage puts references to templates into a message, where a line has
// any: template=greet, or for one channel override=SMS:greet.
func (st *stage) templateMessage(l *line, m *convapi.AppMessage) {
	reference := convapi.TemplateReference{Version: l.option("version"), LanguageCode: l.option("language")}
	if reference.Version == "" {
		reference.Version = "latest"
	}
	if text := l.option("parameters"); text != "" {
		st.check(l, json.Unmarshal([]byte(text), &reference.Parameters))
	}
	if id := l.option("template"); id != "" {
		reference.TemplateID = id
		m.TextMessage, m.TemplateMessage = nil, &convapi.TemplateMessage{OmniTemplate: &reference}
	}
	if ch, id, ok := strings.Cut(l.option("channel_template"), ":"); ok {
		if m.TemplateMessage == nil {
			m.TextMessage, m.TemplateMessage = nil, new(convapi.TemplateMessage)
		}
		m.TemplateMessage.ChannelTemplate = map[convapi.Channel]convapi.TemplateReference{convapi.Channel(ch): {TemplateID: id}}
	}
	if ch, id, ok := strings.Cut(l.option("override"), ":"); ok {
		own := reference
		own.TemplateID = id
		m.ExplicitChannelOmniMessage = map[convapi.Channel]convapi.OmniMessageOverride{convapi.Channel(ch): {TemplateReference: &own}}
	}
}
