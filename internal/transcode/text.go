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

func render(m *convapi.AppMessage) string {
	switch {
	case m.TextMessage != nil:
		return m.TextMessage.Text
	case m.MediaMessage != nil:
		return m.MediaMessage.URL
	case m.CardMessage != nil:
		return cardText(m.CardMessage)
	case m.CarouselMessage != nil:
		return carouselText(m.CarouselMessage)
	case m.ChoiceMessage != nil:
		return choiceMessageText(m.ChoiceMessage)
	case m.ListMessage != nil:
		return listText(m.ListMessage)
	case m.LocationMessage != nil:
		return locationText(m.LocationMessage)
	case m.ContactInfoMessage != nil:
		return contactInfoText(m.ContactInfoMessage)
	}
	return ""
}

func cardText(m *convapi.CardMessage) string {
	return lines(m.Title, m.Description, mediaURL(m.MediaMessage), choices(m.Choices))
}

func carouselText(m *convapi.CarouselMessage) string {
	var blocks []string
	for i := range m.Cards {
		blocks = append(blocks, fmt.Sprintf("%d. %s", i+1, cardText(&m.Cards[i])))
	}
	return paragraphs(append(blocks, choices(m.Choices))...)
}

func choiceMessageText(m *convapi.ChoiceMessage) string {
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
		if text := choiceText(&list[i]); text != "" {
			rendered[i] = "> " + text
		}
	}
	return lines(rendered...)
}

// choiceText renders a choice; only a text choice, which is answered by typing it, is
// in upper case.
func choiceText(c *convapi.Choice) string {
	switch {
	case c.TextMessage != nil:
		return strings.ToUpper(c.TextMessage.Text)
	case c.URLMessage != nil:
		return c.URLMessage.Title + ": " + c.URLMessage.URL
	case c.CallMessage != nil:
		return c.CallMessage.Title + ": " + c.CallMessage.PhoneNumber
	case c.LocationMessage != nil:
		return placeText(c.LocationMessage)
	case c.CalendarMessage != nil:
		return c.CalendarMessage.Title + ": " + c.CalendarMessage.FallbackURL
	case c.ShareLocationMessage != nil:
		return c.ShareLocationMessage.Title + ": " + c.ShareLocationMessage.FallbackURL
	}
	return ""
}

func locationText(m *convapi.LocationMessage) string { return lines(placeText(m), m.Label) }

// placeText renders a place as its title and a link to a map.
func placeText(m *convapi.LocationMessage) string {
	if m.Coordinates == nil {
		return m.Title
	}
	return m.Title + ": " + mapURL + degrees(m.Coordinates.Latitude) + "," + degrees(m.Coordinates.Longitude)
}

// degrees prints a coordinate in single precision, as the vendor does.
func degrees(x float64) string { return strconv.FormatFloat(float64(float32(x)), 'f', -1, 32) }

func listText(m *convapi.ListMessage) string {
	return lines(m.Title, m.Description, mediaURL(m.Media), itemsText(m))
}

// itemsText numbers a list's items through all sections, so that a number is an
// answer.
func itemsText(m *convapi.ListMessage) string {
	var out []string
	number := 0
	for _, section := range m.Sections {
		out = append(out, section.Title)
		for _, item := range section.Items {
			number++
			out = append(out, fmt.Sprintf("%d. %s", number, listItemText(item)))
		}
	}
	return lines(out...)
}

// listItemText joins title and description by a hyphen rather than a dash: a dash
// would turn a GSM-7 text message into UCS-2 and halve what fits in a part.
func listItemText(item convapi.ListItem) string {
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

func contactInfoText(m *convapi.ContactInfoMessage) string {
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
