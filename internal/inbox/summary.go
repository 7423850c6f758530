package inbox

import (
	"encoding/json"
	"fmt"
	"strings"

	"switchyard/convapi"
)

// summary is what a line says of a callback.
type summary struct {
	trigger convapi.Trigger
	channel convapi.Channel
	status  string
	id      string // of what the callback is about: a message, a contact …
	about   string
}

// what is the channel and, where there is one, the status.
func (s summary) what() string { return strings.TrimSpace(string(s.channel) + " " + s.status) }

func summarize(body []byte) summary {
	var c convapi.Callback
	if err := json.Unmarshal(body, &c); err != nil {
		return summary{trigger: "?", about: fmt.Sprintf("not a callback: %.60q", body)}
	}
	s := summaryOf(&c)
	s.trigger = c.Trigger()
	if s.trigger == "" {
		s.trigger = "?"
	}
	s.about = oneLine(s.about)
	return s
}

// summaryOf knows the callbacks that the gateway sends; of others the trigger
// is enough.
func summaryOf(c *convapi.Callback) summary {
	switch {
	case c.MessageDeliveryReport != nil:
		m := c.MessageDeliveryReport
		return summary{channel: m.ChannelIdentity.Channel, status: string(m.Status), id: m.MessageID, about: reason(m.Reason)}
	case c.MessageSubmitNotification != nil:
		m := c.MessageSubmitNotification
		return summary{channel: m.ChannelIdentity.Channel, id: m.MessageID, about: "to " + m.ChannelIdentity.Identity}
	case c.Message != nil:
		m := c.Message
		return summary{channel: m.ChannelIdentity.Channel, id: m.ID, about: "from " + m.ChannelIdentity.Identity + ": " + said(m.ContactMessage)}
	case c.Event != nil:
		return summary{channel: c.Event.ChannelIdentity.Channel, id: c.Event.ID, about: "from " + c.Event.ChannelIdentity.Identity}
	case c.EventDeliveryReport != nil:
		e := c.EventDeliveryReport
		return summary{channel: e.ChannelIdentity.Channel, status: string(e.Status), id: e.EventID, about: reason(e.Reason)}
	case c.OptInNotification != nil:
		return opt(c.OptInNotification)
	case c.OptOutNotification != nil:
		return opt(c.OptOutNotification)
	}
	return summaryOfRecord(c)
}

func opt(o *convapi.OptNotification) summary {
	return summary{channel: o.Channel, status: string(o.Status), about: o.Identity}
}

// summaryOfRecord is about conversations and contacts.
func summaryOfRecord(c *convapi.Callback) summary {
	for _, n := range []*convapi.ConversationNotification{c.ConversationStartNotification, c.ConversationStopNotification, c.ConversationDeleteNotification} {
		if n != nil {
			return summary{channel: n.Conversation.ActiveChannel, id: n.Conversation.ID, about: "with contact " + short(n.Conversation.ContactID)}
		}
	}
	for _, n := range []*convapi.ContactNotification{c.ContactCreateNotification, c.ContactUpdateNotification, c.ContactDeleteNotification} {
		if n != nil {
			return summary{id: n.Contact.ID, about: n.Contact.DisplayName}
		}
	}
	return summary{}
}

// reason is why something failed, or nothing.
func reason(r *convapi.Reason) string {
	if r == nil {
		return ""
	}
	return string(r.Code) + ": " + r.Description
}

// said is the text of an inbound message, or the kind of what is no text.
func said(m *convapi.ContactMessage) string {
	switch {
	case m == nil:
		return ""
	case m.TextMessage != nil:
		return m.TextMessage.Text
	case m.MediaMessage != nil, m.MediaCardMessage != nil:
		return "(media)"
	case m.LocationMessage != nil:
		return "(location)"
	case m.ChoiceResponseMessage != nil:
		return "(choice)"
	}
	return "(other)"
}

// oneLine keeps what other people wrote from taking the terminal over.
func oneLine(text string) string {
	const longest = 120 // runes
	var out strings.Builder
	for n, r := range []rune(text) {
		if n == longest {
			out.WriteRune('…')
			break
		}
		if r < ' ' || r >= 0x7F && r < 0xA0 {
			r = ' '
		}
		out.WriteRune(r)
	}
	return out.String()
}
