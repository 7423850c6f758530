package transcode

import (
	"bytes"
	"encoding/json"
	"fmt"

	"switchyard/convapi"
)

// To stands for the recipient where a body names one; who sends it fills it in.
const To = "{{to}}"

// MaxBodies is how many requests one message may become: as many parts as the
// reports of one message are told apart by.
const MaxBodies = 64

// Form is a message as a channel takes it. Exactly one of the members is set.
type Form struct {
	// Text is the whole message, for channels that have only text.
	Text string
	// Bodies are the JSON bodies of the requests to the provider, to be sent in
	// this order.
	Bodies []json.RawMessage
}

// JSON gives the form as one JSON text: the body, or an array of several. A
// plain text is shown in the form of the contract's vendor's own SMS API.
func (f Form) JSON() (string, error) {
	switch {
	case f.Text != "":
		body, err := encode(smsBatch{To: []string{To}, Type: "mt_text", Body: f.Text})
		return string(body), err
	case len(f.Bodies) == 1:
		return string(f.Bodies[0]), nil
	}
	return "[" + string(bytes.Join(raws(f.Bodies), []byte(","))) + "]", nil
}

func raws(bodies []json.RawMessage) [][]byte {
	out := make([][]byte, len(bodies))
	for i, body := range bodies {
		out[i] = body
	}
	return out
}

// smsBatch is a text to be sent.
type smsBatch struct {
	To   []string `json:"to"`
	Type string   `json:"type"`
	Body string   `json:"body"`
}

// Error says why a message has no form on a channel.
type Error struct {
	// Reason is TEMPLATE_NOT_FOUND, TEMPLATE_NON_EXISTING_LANGUAGE_OR_VERSION,
	// MESSAGE_SPLIT_REQUIRED, UNSUPPORTED_OPERATION or BAD_REQUEST.
	Reason      convapi.ReasonCode
	Description string
}

// Error renders "REASON: description".
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Description }

func refuse(reason convapi.ReasonCode, format string, args ...any) error {
	return &Error{reason, fmt.Sprintf(format, args...)}
}

// Native gives m in the form of ch. The first of these that m has for ch is
// taken: explicit_channel_message, as it is; channel_specific_message;
// explicit_channel_omni_message; a channel_template; the generic type. An omni
// template counts as not found: it is to be resolved before. messageID is our id
// of the message, which the contract's default of postback_data holds. The error
// is an *Error.
func Native(m *convapi.AppMessage, ch convapi.Channel, messageID string) (Form, error) {
	if m == nil {
		return Form{}, nothing(ch)
	}
	if raw, ok := m.ExplicitChannelMessage[ch]; ok {
		return rawForm(raw, ch)
	}
	s := styles[ch]
	if specific, ok := m.ChannelSpecificMessage[ch]; ok {
		return specificForm(s, specific, ch)
	}
	generic := contentFor(m, ch)
	if t := generic.TemplateMessage; t != nil {
		if reference, ok := t.ChannelTemplate[ch]; ok {
			return templateForm(s, reference, ch)
		}
		if !hasContent(&generic) {
			return Form{}, refuse(convapi.ReasonTemplateNotFound, "the template has no form on %s", ch)
		}
	}
	if s == nil { // the channel has only text
		text := render(&generic)
		if text == "" {
			return Form{}, nothing(ch)
		}
		return Form{Text: text}, nil
	}
	d := &draft{style: s, id: messageID}
	d.write(&generic)
	return d.form(ch)
}

func nothing(ch convapi.Channel) error {
	return refuse(convapi.ReasonBadRequest, "the message has nothing to show on %s", ch)
}

// contentFor picks the types that are meant for ch.
func contentFor(m *convapi.AppMessage, ch convapi.Channel) convapi.AppMessage {
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

// hasContent says whether there is something to show beside a template.
func hasContent(m *convapi.AppMessage) bool {
	return m.TextMessage != nil || m.MediaMessage != nil || m.CardMessage != nil || m.CarouselMessage != nil ||
		m.ChoiceMessage != nil || m.ListMessage != nil || m.LocationMessage != nil || m.ContactInfoMessage != nil
}

// rawForm passes the customer's own JSON through: an object, or an array of
// objects that are sent one after the other. A channel of text takes it in the
// form in which Form.JSON shows one.
func rawForm(raw string, ch convapi.Channel) (Form, error) {
	var bodies []json.RawMessage
	if object([]byte(raw)) {
		bodies = []json.RawMessage{json.RawMessage(raw)}
	} else if json.Unmarshal([]byte(raw), &bodies) != nil || len(bodies) == 0 {
		return Form{}, refuse(convapi.ReasonBadRequest, "explicit_channel_message.%s is neither a JSON object nor an array of them", ch)
	}
	if len(bodies) > MaxBodies {
		return Form{}, tooMany(ch)
	}
	for _, body := range bodies {
		if !object(body) {
			return Form{}, refuse(convapi.ReasonBadRequest, "explicit_channel_message.%s has an element that is not a JSON object", ch)
		}
	}
	if styles[ch] != nil {
		return Form{Bodies: bodies}, nil
	}
	var batch struct {
		Body string `json:"body"`
	}
	if err := json.Unmarshal(bodies[0], &batch); err != nil || batch.Body == "" || len(bodies) > 1 {
		return Form{}, refuse(convapi.ReasonBadRequest, "explicit_channel_message.%s has no member body with a text", ch)
	}
	return Form{Text: batch.Body}, nil
}

// object says whether raw is a JSON object.
func object(raw []byte) bool {
	trimmed := bytes.TrimSpace(raw)
	return len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed)
}

func specificForm(s *style, m convapi.ChannelSpecificMessage, ch convapi.Channel) (Form, error) {
	if s == nil || s.specific == nil {
		return Form{}, refuse(convapi.ReasonUnsupportedOperation, "%s has no message of type %s", ch, m.MessageType)
	}
	body, err := s.specific(m)
	if err != nil {
		return Form{}, err
	}
	return single(body)
}

func templateForm(s *style, r convapi.TemplateReference, ch convapi.Channel) (Form, error) {
	if s == nil || s.template == nil {
		return Form{}, refuse(convapi.ReasonTemplateNotFound, "%s has no templates of its own", ch)
	}
	body, err := s.template(r)
	if err != nil {
		return Form{}, err
	}
	return single(body)
}

func single(body any) (Form, error) {
	raw, err := encode(body)
	return Form{Bodies: []json.RawMessage{raw}}, err
}

// encode writes JSON as it is meant to be read: without escapes for HTML.
func encode(v any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, refuse(convapi.ReasonBadRequest, "the message cannot be written as JSON")
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}
