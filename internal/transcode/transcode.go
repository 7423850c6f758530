package transcode

import (
	"fmt"
	"strconv"
	"strings"

	"switchyard/convapi"
)

// mapURL shows a place; latitude and longitude follow. The form is the one that
// the vendor's own SMS carry.
const mapURL = "https://www.google.com/maps/search/?api=1&query="

// Error says why a message has no plain text on a channel.
type Error struct {
	Reason      convapi.ReasonCode // TEMPLATE_NOT_FOUND, or BAD_REQUEST when nothing is left to show
	Description string
}

// Error renders "REASON: description".
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Description }

// Text renders m as plain text for ch. An explicit_channel_omni_message for ch
// goes before the generic type; the raw explicit_channel_message and
// channel_specific_message are the adapter's business and not looked at. The
// error is an *Error: templates have no text here (an omni template is to be
// resolved to its generic content before), and neither have empty messages.
func Text(m *convapi.AppMessage, ch convapi.Channel) (string, error) {
	content := contentFor(m, ch)
	if content.TemplateMessage != nil {
		return "", &Error{convapi.ReasonTemplateNotFound, "a template has no plain text on " + string(ch)}
	}
	text := render(content)
	if text == "" {
		return "", &Error{convapi.ReasonBadRequest, "the message has nothing to show on " + string(ch)}
	}
	return text, nil
}

// contentFor picks the types that are meant for ch.
func contentFor(m *convapi.AppMessage, ch convapi.Channel) convapi.AppMessage {
	if m == nil {
		return convapi.AppMessage{}
	}
	override, overridden := m.ExplicitChannelOmniMessage[ch]
	if !overridden {
		return *m
	}
	content := convapi.AppMessage{
		TextMessage: override.TextMessage, MediaMessage: override.MediaMessage, CardMessage: override.CardMessage,
		CarouselMessage: override.CarouselMessage, ChoiceMessage: override.ChoiceMessage,
		ListMessage: override.ListMessage, LocationMessage: override.LocationMessage,
		ContactInfoMessage: override.ContactInfoMessage,
	}
	if override.TemplateReference != nil {
		content.TemplateMessage = &convapi.TemplateMessage{OmniTemplate: override.TemplateReference}
	}
	return content
}

func render(m convapi.AppMessage) string {
	switch {
	case m.TextMessage != nil:
		return m.TextMessage.Text
	case m.MediaMessage != nil:
		return m.MediaMessage.URL
	case m.CardMessage != nil:
		return card(m.CardMessage)
	case m.CarouselMessage != nil:
		return carousel(m.CarouselMessage)
	case m.ChoiceMessage != nil:
		return choiceMessage(m.ChoiceMessage)
	case m.ListMessage != nil:
		return list(m.ListMessage)
	case m.LocationMessage != nil:
		return location(m.LocationMessage)
	case m.ContactInfoMessage != nil:
		return contactInfo(m.ContactInfoMessage)
	}
	return ""
}

func card(m *convapi.CardMessage) string {
	return lines(m.Title, m.Description, mediaURL(m.MediaMessage), choices(m.Choices))
}

func carousel(m *convapi.CarouselMessage) string {
	var blocks []string
	for i := range m.Cards {
		blocks = append(blocks, fmt.Sprintf("%d. %s", i+1, card(&m.Cards[i])))
	}
	return paragraphs(append(blocks, choices(m.Choices))...)
}

func choiceMessage(m *convapi.ChoiceMessage) string {
	var text string
	if m.TextMessage != nil {
		text = m.TextMessage.Text
	}
	return paragraphs(text, choices(m.Choices))
}

// choices renders one line per choice.
func choices(list []convapi.Choice) string {
	rendered := make([]string, len(list))
	for i := range list {
		if text := choice(&list[i]); text != "" {
			rendered[i] = "> " + text
		}
	}
	return lines(rendered...)
}

// choice renders a choice; only a text choice, which is answered by typing it, is
// in upper case.
func choice(c *convapi.Choice) string {
	switch {
	case c.TextMessage != nil:
		return strings.ToUpper(c.TextMessage.Text)
	case c.URLMessage != nil:
		return c.URLMessage.Title + ": " + c.URLMessage.URL
	case c.CallMessage != nil:
		return c.CallMessage.Title + ": " + c.CallMessage.PhoneNumber
	case c.LocationMessage != nil:
		return place(c.LocationMessage)
	case c.CalendarMessage != nil:
		return c.CalendarMessage.Title + ": " + c.CalendarMessage.FallbackURL
	case c.ShareLocationMessage != nil:
		return c.ShareLocationMessage.Title + ": " + c.ShareLocationMessage.FallbackURL
	}
	return ""
}

func location(m *convapi.LocationMessage) string { return lines(place(m), m.Label) }

// place renders a place as its title and a link to a map.
func place(m *convapi.LocationMessage) string {
	if m.Coordinates == nil {
		return m.Title
	}
	return m.Title + ": " + mapURL + degrees(m.Coordinates.Latitude) + "," + degrees(m.Coordinates.Longitude)
}

// degrees prints a coordinate in single precision, as the vendor does.
func degrees(x float64) string { return strconv.FormatFloat(float64(float32(x)), 'f', -1, 32) }

// list numbers its items through all sections, so that a number is an answer.
func list(m *convapi.ListMessage) string {
	out := []string{m.Title, m.Description, mediaURL(m.Media)}
	number := 0
	for _, section := range m.Sections {
		out = append(out, section.Title)
		for _, item := range section.Items {
			number++
			out = append(out, fmt.Sprintf("%d. %s", number, listItem(item)))
		}
	}
	return lines(out...)
}

// listItem joins title and description by a hyphen rather than a dash: a dash
// would turn a GSM-7 text message into UCS-2 and halve what fits in a part.
func listItem(item convapi.ListItem) string {
	switch {
	case item.Product != nil:
		return item.Product.ID
	case item.Choice == nil:
		return ""
	case item.Choice.Description == "":
		return item.Choice.Title
	}
	return item.Choice.Title + " - " + item.Choice.Description
}

func contactInfo(m *convapi.ContactInfoMessage) string {
	var out []string
	if m.Name != nil {
		out = append(out, m.Name.FullName)
	}
	for _, phone := range m.PhoneNumbers {
		out = append(out, phone.PhoneNumber)
	}
	for _, email := range m.EmailAddresses {
		out = append(out, email.EmailAddress)
	}
	return lines(out...)
}

func mediaURL(m *convapi.MediaMessage) string {
	if m == nil {
		return ""
	}
	return m.URL
}

// lines joins what is not empty by line breaks.
func lines(parts ...string) string { return joinFilled("\n", parts) }

// paragraphs joins what is not empty by blank lines.
func paragraphs(parts ...string) string { return joinFilled("\n\n", parts) }

func joinFilled(separator string, parts []string) string {
	var filled []string
	for _, part := range parts {
		if part != "" {
			filled = append(filled, part)
		}
	}
	return strings.Join(filled, separator)
}
