package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// messageTypes are the types of which the body is the member of that name.
func messageTypes() []string {
	return []string{"text", "image", "video", "audio", "document", "sticker", "location", "contacts", "interactive", "template", "reaction"}
}

// parse reads and checks a request; a code other than 0 is the platform's error.
func parse(r io.Reader) (m submission, code int, details string) {
	text, err := io.ReadAll(r)
	if err != nil {
		return m, 100, "Request body is too long"
	}
	if json.Unmarshal(text, &m) != nil || json.Unmarshal(text, &m.body) != nil {
		return m, 100, "Request body is not valid JSON for this endpoint"
	}
	if m.MessagingProduct != "whatsapp" {
		return m, 100, "The parameter messaging_product is required."
	}
	if m.Status != "" {
		if m.Status != "read" || m.MessageID == "" {
			return m, 100, "Invalid status or message_id"
		}
		if m.Typing != nil && m.Typing.Type != "text" {
			return m, 100, "Param typing_indicator['type'] must be one of {TEXT}"
		}
		return m, 0, ""
	}
	if m.Type == "" {
		m.Type = "text" // the platform's default
	}
	if code, details = checkRecipient(m); code != 0 {
		return m, code, details
	}
	code, details = checkContent(m)
	return m, code, details
}

func checkRecipient(m submission) (int, string) {
	switch {
	case m.RecipientType != "" && m.RecipientType != "individual":
		return 100, "Param recipient_type must be individual"
	case m.To == "" && m.Recipient == "":
		return 100, "The parameter to is required."
	case m.To != "" && !phoneNumber.MatchString(m.To):
		return 131009, "Parameter to is not a phone number"
	case m.To == "" && !userID.MatchString(m.Recipient):
		return 131009, "Parameter recipient is not a user id"
	case m.Context != nil && m.Context.MessageID == "":
		return 131009, "Parameter context has no message_id"
	case len(m.Opaque) > maxOpaque:
		return 131009, fmt.Sprintf("Param biz_opaque_callback_data must be at most %d characters long", maxOpaque)
	}
	return 0, ""
}

func checkContent(m submission) (int, string) {
	if !slices.Contains(messageTypes(), m.Type) {
		return 131009, "Param type must be one of " + fmt.Sprint(messageTypes())
	}
	body := m.body[m.Type]
	if len(body) == 0 || (body[0] != '{' && (m.Type != "contacts" || body[0] != '[')) {
		return 131008, fmt.Sprintf("Parameter %s is mandatory for type %s", m.Type, m.Type)
	}
	if check := checks[m.Type]; check != nil {
		t := check(body)
		return t.code, t.details
	}
	return 0, ""
}
