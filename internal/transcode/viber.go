package transcode

import (
	"encoding/json"

	"switchyard/convapi"
)

// viber writes for the Viber Bot API, POST /send_message. The sender's name is
// the account's and added by who sends.
var viber = &style{
	// Viber REST Bot API: message types, keyboards, rich media. A video and a
	// file need their size, which nobody knows here: they go as links.
	limits: limits{
		text: limit{most: 7000}, caption: limit{most: 768}, body: limit{most: 7000}, label: limit{most: 250}, postback: limit{most: 250},
		address: limit{most: 2000}, buttons: 24, cards: 6, cardButtons: 2, detail: limit{most: 250},
		media: map[string]string{"jpg": image, "jpeg": image, "png": image, "gif": image},
		other: document, unlisted: document,
		uncaptioned: map[string]bool{document: true},
	},
	text: func(text string) any {
		return viberMessage{Receiver: To, Type: "text", Text: text, MinVersion: viberVersion}
	},
	media:    func(m *convapi.MediaMessage, kind, caption string) any { return viberMedia(m, kind, caption) },
	block:    viberBlock,
	carousel: viberCarousel,
	list:     viberList,
	location: viberLocation,
	contact:  viberContact,
}

// viberVersion is that of the API whose clients have all that we use.
const viberVersion = 7

// Of rich media: each card has the full width and this many rows.
const (
	viberColumns   = 6
	viberRows      = 7
	viberImageRows = 3
)

var (
	viberContactName  = limit{most: 28}
	viberContactPhone = limit{most: 18}
)

type viberMessage struct {
	Receiver   string         `json:"receiver"`
	Type       string         `json:"type"`
	MinVersion int            `json:"min_api_version"`
	Text       string         `json:"text,omitempty"`
	Media      string         `json:"media,omitempty"`
	Thumbnail  string         `json:"thumbnail,omitempty"`
	Location   *viberPoint    `json:"location,omitempty"`
	Contact    *viberPerson   `json:"contact,omitempty"`
	RichMedia  *viberRich     `json:"rich_media,omitempty"`
	AltText    string         `json:"alt_text,omitempty"`
	Keyboard   *viberKeyboard `json:"keyboard,omitempty"`
}

type viberPoint struct {
	Latitude  json.Number `json:"lat"`
	Longitude json.Number `json:"lon"`
}

type viberPerson struct {
	Name  string `json:"name"`
	Phone string `json:"phone_number"`
}

type viberKeyboard struct {
	Type          string        `json:"Type"`
	DefaultHeight bool          `json:"DefaultHeight"`
	Buttons       []viberButton `json:"Buttons"`
}

type viberRich struct {
	Type    string        `json:"Type"`
	Columns int           `json:"ButtonsGroupColumns"`
	Rows    int           `json:"ButtonsGroupRows"`
	Buttons []viberButton `json:"Buttons"`
}

type viberButton struct {
	Columns    int    `json:"Columns"`
	Rows       int    `json:"Rows"`
	ActionType string `json:"ActionType"`
	ActionBody string `json:"ActionBody"`
	Text       string `json:"Text,omitempty"`
	Image      string `json:"Image,omitempty"`
}

func viberMedia(m *convapi.MediaMessage, kind, caption string) viberMessage {
	message := viberMessage{Receiver: To, Type: "url", Media: m.URL, MinVersion: viberVersion}
	if kind == image {
		message.Type, message.Text, message.Thumbnail = "picture", caption, m.ThumbnailURL
	}
	return message
}

// viberAble says whether an option can be a button. There is none that dials.
func viberAble(d *draft) func(option) bool {
	return func(o option) bool {
		return o.kind == reply || o.kind == share || o.kind != call && web(o.url) && d.limits.address.fits(o.url)
	}
}

func viberButtons(d *draft, options []option) []viberButton {
	var out []viberButton
	for i, label := range d.limits.label.labels(options) {
		o := options[i]
		button := viberButton{Columns: viberColumns, Rows: 1, ActionType: "open-url", ActionBody: o.url, Text: label}
		switch o.kind {
		case reply:
			button.ActionType, button.ActionBody = "reply", d.postback(o)
		case share:
			button.ActionType, button.ActionBody = "location-picker", d.postback(o)
		}
		out = append(out, button)
	}
	return out
}

// viberBlock: a card is rich media if it fits; else a text or a captioned
// picture stands above a keyboard.
func viberBlock(d *draft, b block) {
	if buttons, ok := viberCard(d, b); ok {
		d.add(viberRichMedia(buttons, b.plain()))
		return
	}
	able, rest := pick(b.options, viberAble(d))
	if len(able) == 0 || len(able) > d.limits.buttons {
		d.plainly(b)
		return
	}
	viberKeyed(d, b.media, prompt(b.wordsWith(rest), able), able)
}

func viberKeyed(d *draft, media *convapi.MediaMessage, text string, options []option) {
	keyboard := &viberKeyboard{Type: "keyboard", Buttons: viberButtons(d, options)}
	if kind := d.limits.kind(media); kind != "" && d.captioned(kind, text) {
		message := viberMedia(media, kind, text)
		message.Keyboard = keyboard
		d.add(message)
		return
	}
	d.illustrate(media, "")
	text = d.lead(text, d.limits.body)
	d.add(viberMessage{Receiver: To, Type: "text", Text: text, MinVersion: viberVersion, Keyboard: keyboard})
}

// viberCard fills the rows of one card: the picture, the words, the buttons.
func viberCard(d *draft, b block) ([]viberButton, bool) {
	able, rest := pick(b.options, func(o option) bool { return o.kind != share && viberAble(d)(o) })
	kind := d.limits.kind(b.media)
	words := b.words()
	if !b.card || words == "" || len(rest) > 0 || len(able) > d.limits.cardButtons || !d.limits.detail.fits(words) || b.media != nil && kind != image {
		return nil, false
	}
	var buttons []viberButton
	textRows := viberRows - len(able)
	if kind == image {
		buttons = append(buttons, viberButton{Columns: viberColumns, Rows: viberImageRows, ActionType: "none", Image: b.media.URL})
		textRows -= viberImageRows
	}
	buttons = append(buttons, viberButton{Columns: viberColumns, Rows: textRows, ActionType: "none", Text: words})
	return append(buttons, viberButtons(d, able)...), true
}

func viberRichMedia(buttons []viberButton, alternative string) viberMessage {
	return viberMessage{
		Receiver: To, Type: "rich_media", MinVersion: viberVersion, AltText: limit{most: 7000}.cut(alternative),
		RichMedia: &viberRich{Type: "rich_media", Columns: viberColumns, Rows: viberRows, Buttons: buttons},
	}
}

func viberCarousel(d *draft, cards []block, outer []option) {
	filled := make([][]viberButton, len(cards))
	for i, b := range cards {
		var ok bool
		if filled[i], ok = viberCard(d, b); !ok {
			d.inTurn(cards, outer)
			return
		}
	}
	at := 0
	for _, group := range chunks(filled, d.limits.cards) {
		var buttons []viberButton
		var words []string
		for _, card := range group {
			buttons = append(buttons, card...)
			words = append(words, cards[at].plain())
			at++
		}
		d.add(viberRichMedia(buttons, paragraphs(words...)))
	}
	d.inTurn(nil, outer)
}

func viberList(d *draft, l *list) {
	options := l.options()
	if len(options) == 0 || len(options) > d.limits.buttons {
		d.listAsText(l)
		return
	}
	text := l.head()
	if l.detailed() {
		text = lines(text, itemsText(l.message.ListMessage))
	}
	viberKeyed(d, l.media, text, options)
}

// viberLocation: the place itself has no name.
func viberLocation(d *draft, m *convapi.LocationMessage) {
	d.say(lines(m.Title, m.Label))
	point := &viberPoint{json.Number(degrees(m.Coordinates.Latitude)), json.Number(degrees(m.Coordinates.Longitude))}
	d.add(viberMessage{Receiver: To, Type: "location", Location: point, MinVersion: viberVersion})
}

// viberContact: a contact has one number; more of it stands in a text.
func viberContact(d *draft, m *convapi.ContactInfoMessage) {
	phone := m.PhoneNumbers[0].PhoneNumber
	if !viberContactPhone.fits(phone) || len(m.PhoneNumbers)+len(m.EmailAddresses) > 1 || !viberContactName.fits(m.Name.FullName) {
		d.say(contactInfoText(m))
	}
	if viberContactPhone.fits(phone) {
		person := &viberPerson{viberContactName.cut(m.Name.FullName), phone}
		d.add(viberMessage{Receiver: To, Type: "contact", Contact: person, MinVersion: viberVersion})
	}
}
