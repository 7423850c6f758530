package template

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"switchyard/convapi"
)

// References lists the ids of the omni templates that m refers to; nil if it
// refers to none.
func References(m *convapi.AppMessage) []string {
	var ids []string
	if m.TemplateMessage != nil && m.TemplateMessage.OmniTemplate != nil {
		ids = append(ids, m.TemplateMessage.OmniTemplate.TemplateID)
	}
	for _, override := range m.ExplicitChannelOmniMessage {
		if override.TemplateReference != nil {
			ids = append(ids, override.TemplateReference.TemplateID)
		}
	}
	return ids
}

// Fault is why a message has nothing to say on a channel.
type Fault struct {
	Reason convapi.Reason
	// Final: the message fails, and no other channel is tried. It is what the
	// contract has for omni templates. A template_reference in an override is
	// its channel's own.
	Final bool
}

// Resolve gives m as it is to be sent over channels, without references to omni
// templates: a valid message in which the content of a template has taken the
// place of the reference. Templates of channels stay references, those of a
// translation's channel_template_overrides among them. What goes before the
// generic type on a channel still does: raw and channel-specific messages, then
// overrides, then channel_template. m is not changed.
//
// templates has those of References that exist. faults tells of the channels
// for which a reference leads nowhere.
func Resolve(m *convapi.AppMessage, channels []convapi.Channel, templates map[string]*Template) (resolved *convapi.AppMessage, faults map[convapi.Channel]Fault) {
	r := resolver{message: *m, channels: channels, templates: templates, faults: make(map[convapi.Channel]Fault)}
	r.natives = make(map[convapi.Channel]convapi.TemplateReference)
	r.message.ExplicitChannelOmniMessage = maps.Clone(m.ExplicitChannelOmniMessage)
	if t := m.TemplateMessage; t != nil {
		maps.Copy(r.natives, t.ChannelTemplate)
		if t.OmniTemplate != nil {
			r.message.TemplateMessage = nil
			r.omniTemplate(t.OmniTemplate)
		}
	}
	for ch, override := range m.ExplicitChannelOmniMessage {
		if override.TemplateReference != nil {
			r.override(ch, override.TemplateReference)
		}
	}
	r.spread()
	return &r.message, r.faults
}

// resolver turns one message into what is sent.
type resolver struct {
	message   convapi.AppMessage
	channels  []convapi.Channel
	templates map[string]*Template
	natives   map[convapi.Channel]convapi.TemplateReference
	faults    map[convapi.Channel]Fault
}

// omniTemplate puts a template's content in the place of the generic type.
func (r *resolver) omniTemplate(ref *convapi.TemplateReference) {
	content, reason := r.render(ref)
	if reason != nil {
		for _, ch := range r.channels {
			if _, native := r.natives[ch]; !native && !r.overridden(ch) {
				r.faults[ch] = Fault{Reason: *reason, Final: true}
			}
		}
		return
	}
	for ch, native := range channelTemplates(content) {
		if _, own := r.natives[ch]; !own {
			r.natives[ch] = native
		}
	}
	setGeneric(&r.message, genericOf(content))
	r.message.ExplicitChannelMessage = supplement(r.message.ExplicitChannelMessage, content.ExplicitChannelMessage)
	r.message.ChannelSpecificMessage = supplement(r.message.ChannelSpecificMessage, content.ChannelSpecificMessage)
	r.message.ExplicitChannelOmniMessage = supplement(r.message.ExplicitChannelOmniMessage, content.ExplicitChannelOmniMessage)
}

// overridden says whether a channel has something that goes before the generic
// type.
func (r *resolver) overridden(ch convapi.Channel) bool {
	_, omni := r.message.ExplicitChannelOmniMessage[ch]
	return omni || r.raw(ch)
}

func (r *resolver) raw(ch convapi.Channel) bool {
	_, raw := r.message.ExplicitChannelMessage[ch]
	_, specific := r.message.ChannelSpecificMessage[ch]
	return raw || specific
}

// supplement adds the entries that own does not have.
func supplement[V any](own, more map[convapi.Channel]V) map[convapi.Channel]V {
	if len(more) == 0 {
		return own
	}
	out := maps.Clone(more)
	maps.Copy(out, own)
	return out
}

// override puts a template's content in the place of a channel's reference.
func (r *resolver) override(ch convapi.Channel, ref *convapi.TemplateReference) {
	delete(r.message.ExplicitChannelOmniMessage, ch)
	if r.raw(ch) {
		return
	}
	content, reason := r.render(ref)
	if reason == nil {
		if native, ok := channelTemplates(content)[ch]; ok {
			r.natives[ch] = native
			return
		}
		if generic := genericOf(content); generic != (convapi.OmniMessageOverride{}) {
			r.message.ExplicitChannelOmniMessage[ch] = generic
			return
		}
		reason = fault(convapi.ReasonTemplateNotFound, "the template has nothing for %s", ch)
	}
	r.faults[ch] = Fault{Reason: *reason}
}

// spread gives a message with templates of channels its final form: such a
// template is the generic type, so what the other channels get becomes theirs.
func (r *resolver) spread() {
	if len(r.natives) == 0 {
		return
	}
	generic := genericOf(&r.message)
	setGeneric(&r.message, convapi.OmniMessageOverride{})
	r.message.TemplateMessage = &convapi.TemplateMessage{ChannelTemplate: r.natives}
	if generic == (convapi.OmniMessageOverride{}) {
		return
	}
	own := maps.Clone(r.message.ExplicitChannelOmniMessage)
	if own == nil {
		own = make(map[convapi.Channel]convapi.OmniMessageOverride)
	}
	for _, ch := range r.channels {
		if _, native := r.natives[ch]; !native && !r.overridden(ch) {
			own[ch] = generic
		}
	}
	if len(own) > 0 {
		r.message.ExplicitChannelOmniMessage = own
	}
}

// render fills a template's translation in. Its result shares nothing that
// changes.
func (r *resolver) render(ref *convapi.TemplateReference) (*convapi.AppMessage, *convapi.Reason) {
	t := r.templates[ref.TemplateID]
	if t == nil {
		return nil, fault(convapi.ReasonTemplateNotFound, "there is no omni template with this template_id")
	}
	chosen := t.pick(ref.LanguageCode, ref.Version)
	if chosen == nil {
		return nil, fault(convapi.ReasonTemplateNonExistingLanguageOrVersion, "the omni template has no such version in the language")
	}
	if missing := chosen.missing(ref.Parameters); len(missing) > 0 {
		return nil, fault(convapi.ReasonTemplateInsufficientParameters, "the omni template needs more parameters: %s", list(missing))
	}
	content := chosen.content
	if natives := chosen.channelTemplates(ref.Parameters); len(natives) > 0 {
		content.TemplateMessage = &convapi.TemplateMessage{ChannelTemplate: natives}
	}
	filled, err := Fill(&content, ref.Parameters)
	if errors.Is(err, ErrTooLong) {
		return nil, fault(convapi.ReasonBadRequest, "%v", err)
	}
	return filled, nil
}

// list names the first few of names, and no more of them than fits a report.
func list(names []string) string {
	const most, longest = 5, 100
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	text := strings.Join(names, ", ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text + more
}

func fault(code convapi.ReasonCode, format string, args ...any) *convapi.Reason {
	return &convapi.Reason{Code: code, SubCode: convapi.SubCodeUnspecified, Description: fmt.Sprintf(format, args...)}
}

func channelTemplates(m *convapi.AppMessage) map[convapi.Channel]convapi.TemplateReference {
	if m.TemplateMessage == nil {
		return nil
	}
	return m.TemplateMessage.ChannelTemplate
}

// genericOf gives the generic type of a message as an override has it, which
// lacks templates.
func genericOf(m *convapi.AppMessage) convapi.OmniMessageOverride {
	return convapi.OmniMessageOverride{
		TextMessage: m.TextMessage, MediaMessage: m.MediaMessage, CardMessage: m.CardMessage,
		CarouselMessage: m.CarouselMessage, ChoiceMessage: m.ChoiceMessage, ListMessage: m.ListMessage,
		LocationMessage: m.LocationMessage, ContactInfoMessage: m.ContactInfoMessage,
	}
}

func setGeneric(m *convapi.AppMessage, g convapi.OmniMessageOverride) {
	m.TextMessage, m.MediaMessage, m.CardMessage = g.TextMessage, g.MediaMessage, g.CardMessage
	m.CarouselMessage, m.ChoiceMessage, m.ListMessage = g.CarouselMessage, g.ChoiceMessage, g.ListMessage
	m.LocationMessage, m.ContactInfoMessage = g.LocationMessage, g.ContactInfoMessage
}
