package transcode

import (
	"strings"

	"switchyard/convapi"
)

// messenger and instagram write for Meta's Send API, POST /{page id}/messages.
// The two have the same messages; Instagram has fewer buttons and no such thing
// as a messaging type.
var (
	// Send API: text, quick replies, button and generic template.
	messenger = &style{
		limits: limits{
			text: limit{most: 2000}, body: limit{most: 640}, label: limit{most: 20}, title: limit{most: 80}, detail: limit{most: 80},
			postback: limit{most: 1000}, address: limit{most: 2000},
			replies: 13, buttons: 3, cards: 10, cardButtons: 3,
			media: metaMedia, other: metaFile, unlisted: metaFile,
		},
		text:     func(text string) any { return messengerBody(metaMessage{Text: text}) },
		media:    metaAttach(messengerBody),
		block:    metaBlock(messengerBody, messengerAble),
		carousel: metaCarousel(messengerBody, messengerAble),
		list:     messengerList,
		location: messengerLocation,
		template: messengerTemplate,
	}
	// Instagram messaging: a text counts in octets; no calls; media by format.
	instagram = &style{
		limits: limits{
			text: limit{most: 1000, unit: octets}, body: limit{most: 640}, label: limit{most: 20}, title: limit{most: 80},
			detail: limit{most: 80}, postback: limit{most: 1000}, address: limit{most: 2000},
			replies: 13, buttons: 3, cards: 10, cardButtons: 3,
			media: instagramMedia,
		},
		text:     func(text string) any { return instagramBody(metaMessage{Text: text}) },
		media:    metaAttach(instagramBody),
		block:    metaBlock(instagramBody, instagramAble),
		carousel: metaCarousel(instagramBody, instagramAble),
		list:     metaList(instagramBody, instagramAble),
	}
)

// metaFile is Meta's word for what is neither image, video nor audio.
const metaFile = "file"

var metaMedia = map[string]string{
	"jpg": image, "jpeg": image, "png": image, "gif": image, "mp4": video, "mov": video, "webm": video,
	"mp3": audio, "m4a": audio, "aac": audio, "ogg": audio, "wav": audio,
}

var instagramMedia = map[string]string{
	"jpg": image, "jpeg": image, "png": image, "gif": image,
	"mp4": video, "ogg": video, "avi": video, "mov": video, "webm": video,
	"aac": audio, "m4a": audio, "wav": audio, "pdf": metaFile,
}

type metaBody struct {
	Recipient     metaRecipient `json:"recipient"`
	MessagingType string        `json:"messaging_type,omitempty"`
	Message       metaMessage   `json:"message"`
}

type metaRecipient struct {
	ID string `json:"id"`
}

type metaMessage struct {
	Text         string                 `json:"text,omitempty"`
	Attachment   *metaAttachment        `json:"attachment,omitempty"`
	QuickReplies []metaQuickReply       `json:"quick_replies,omitempty"`
	Template     *messengerTemplateForm `json:"template,omitempty"`
}

type metaAttachment struct {
	Type    string      `json:"type"`
	Payload metaPayload `json:"payload"`
}

type metaPayload struct {
	URL      string        `json:"url,omitempty"`
	Template string        `json:"template_type,omitempty"`
	Text     string        `json:"text,omitempty"`
	Buttons  []metaButton  `json:"buttons,omitempty"`
	Elements []metaElement `json:"elements,omitempty"`
}

type metaElement struct {
	ID       string       `json:"id,omitempty"` // of a product
	Title    string       `json:"title,omitempty"`
	Subtitle string       `json:"subtitle,omitempty"`
	ImageURL string       `json:"image_url,omitempty"`
	Buttons  []metaButton `json:"buttons,omitempty"`
}

type metaButton struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	URL     string `json:"url,omitempty"`
	Payload string `json:"payload,omitempty"`
}

type metaQuickReply struct {
	ContentType string `json:"content_type"`
	Title       string `json:"title"`
	Payload     string `json:"payload"`
}

func messengerBody(m metaMessage) any {
	return metaBody{Recipient: metaRecipient{To}, MessagingType: "RESPONSE", Message: m}
}

func instagramBody(m metaMessage) any { return metaBody{Recipient: metaRecipient{To}, Message: m} }

func messengerAble(d *draft, o option) bool {
	return instagramAble(d, o) || o.kind == call && dialled(o.phone) != ""
}

func instagramAble(d *draft, o option) bool {
	return o.kind == reply || o.kind != call && web(o.url) && d.limits.address.fits(o.url)
}

type (
	metaWrap func(metaMessage) any
	metaAble func(*draft, option) bool
)

func metaAttach(wrap metaWrap) func(*convapi.MediaMessage, string, string) any {
	return func(m *convapi.MediaMessage, kind, _ string) any {
		return wrap(metaMessage{Attachment: &metaAttachment{kind, metaPayload{URL: m.URL}}})
	}
}

func metaTemplate(payload metaPayload) *metaAttachment { return &metaAttachment{"template", payload} }

func metaButtons(d *draft, options []option) []metaButton {
	var out []metaButton
	for i, label := range d.limits.label.labels(options) {
		switch o := options[i]; o.kind { //nolint:gosec // each option has a label
		case reply:
			out = append(out, metaButton{Type: "postback", Title: label, Payload: d.postback(o)})
		case call:
			out = append(out, metaButton{Type: "phone_number", Title: label, Payload: dialled(o.phone)})
		default:
			out = append(out, metaButton{Type: "web_url", Title: label, URL: o.url})
		}
	}
	return out
}

func metaQuickReplies(d *draft, options []option) []metaQuickReply {
	var out []metaQuickReply
	for i, label := range d.limits.label.labels(options) {
		out = append(out, metaQuickReply{"text", label, d.postback(options[i])})
	}
	return out
}

// metaBlock: a card is an element; text choices are quick replies, and a few of
// any kind buttons. What is left stands in the text.
func metaBlock(wrap metaWrap, able metaAble) func(*draft, block) {
	return func(d *draft, b block) {
		if element, ok := metaCard(d, b, able); ok {
			d.add(wrap(metaMessage{Attachment: metaTemplate(metaPayload{Template: "generic", Elements: []metaElement{element}})}))
			return
		}
		replies, others := pick(b.options, isReply)
		buttons, rest := pick(b.options, func(o option) bool { return able(d, o) })
		switch {
		case len(others) > 0 && len(buttons) > 0 && len(buttons) <= d.limits.buttons:
			text := d.lead(metaPrompt(d, b, prompt(b.wordsWith(rest), buttons)), d.limits.body)
			d.add(wrap(metaMessage{Attachment: metaTemplate(metaPayload{Template: "button", Text: text, Buttons: metaButtons(d, buttons)})}))
		case len(replies) > 0 && len(replies) <= d.limits.replies:
			text := d.lead(metaPrompt(d, b, prompt(b.wordsWith(others), replies)), d.limits.text)
			d.add(wrap(metaMessage{Text: text, QuickReplies: metaQuickReplies(d, replies)}))
		default:
			d.plainly(b)
		}
	}
}

// metaPrompt writes a block's media ahead, or gives the text with a link to it.
func metaPrompt(d *draft, b block, text string) string {
	if d.limits.kind(b.media) == "" {
		return lines(text, mediaURL(b.media))
	}
	d.illustrate(b.media, "")
	return text
}

// metaCard makes a card an element of the generic template, if it all fits. An
// element must have a title and something beside it.
func metaCard(d *draft, b block, able metaAble) (metaElement, bool) {
	buttons, rest := pick(b.options, func(o option) bool { return able(d, o) })
	element := metaElement{Title: b.title, Subtitle: b.text, Buttons: metaButtons(d, buttons)}
	if b.title == "" {
		element.Title, element.Subtitle = b.text, ""
	}
	if b.media != nil {
		if d.limits.kind(b.media) != image {
			return element, false
		}
		element.ImageURL = b.media.URL
	}
	fits := b.card && len(rest) == 0 && len(buttons) <= d.limits.cardButtons &&
		d.limits.title.fits(element.Title) && d.limits.detail.fits(element.Subtitle)
	some := element.Subtitle != "" || element.ImageURL != "" || len(buttons) > 0
	return element, fits && some && strings.TrimSpace(element.Title) != ""
}

// metaCarousel is a generic template of up to ten cards, if all of them fit.
func metaCarousel(wrap metaWrap, able metaAble) func(*draft, []block, []option) {
	return func(d *draft, cards []block, outer []option) {
		if !metaElements(d, wrap, able, cards) {
			d.inTurn(cards, outer)
			return
		}
		d.inTurn(nil, outer)
	}
}

func metaElements(d *draft, wrap metaWrap, able metaAble, cards []block) bool {
	var elements []metaElement
	for _, b := range cards {
		element, ok := metaCard(d, b, able)
		if !ok {
			return false
		}
		elements = append(elements, element)
	}
	for _, group := range chunks(elements, d.limits.cards) {
		d.add(wrap(metaMessage{Attachment: metaTemplate(metaPayload{Template: "generic", Elements: group})}))
	}
	return true
}

// metaList is the list's head and a carousel with an element for each item, if
// all of them fit.
func metaList(wrap metaWrap, able metaAble) func(*draft, *list) {
	return func(d *draft, l *list) {
		trial := &draft{style: d.style, id: d.id}
		trial.illustrate(l.media, l.head())
		if len(l.options()) == 0 || !metaElements(trial, wrap, able, l.cards()) || trial.over {
			d.listAsText(l)
			return
		}
		d.messages = append(d.messages, trial.messages...)
	}
}

// messengerList shows products, too, which are of the Page's catalogue.
func messengerList(d *draft, l *list) {
	products := l.products()
	if len(products) == 0 || len(products) > d.limits.cards {
		metaList(messengerBody, messengerAble)(d, l)
		return
	}
	elements := make([]metaElement, len(products))
	for i, id := range products {
		elements[i].ID = id
	}
	d.illustrate(l.media, l.head())
	d.add(messengerBody(metaMessage{Attachment: metaTemplate(metaPayload{Template: "product", Elements: elements})}))
}

// messengerLocation is a button to a map.
func messengerLocation(d *draft, m *convapi.LocationMessage) {
	options := []option{{kind: place, number: 1, label: m.Title, url: mapLink(m)}}
	text := d.lead(lines(m.Title, m.Label), d.limits.body)
	d.add(messengerBody(metaMessage{Attachment: metaTemplate(metaPayload{Template: "button", Text: text, Buttons: metaButtons(d, options)})}))
}
