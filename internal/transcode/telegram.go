package transcode

import (
	"encoding/json"
	"strings"

	"switchyard/convapi"
)

// telegram writes for the Bot API. The method stands in the body, as in an
// answer to a webhook.
var telegram = &style{
	// Bot API 10.1: sendMessage, sendPhoto and its kin, "Sending files" (by URL
	// only these), InlineKeyboardButton. The number of buttons is Telegram's own.
	limits: limits{
		text: limit{most: 4096}, caption: limit{most: 1024}, body: limit{most: 4096}, postback: limit{most: 64, unit: octets},
		buttons: 100,
		media: map[string]string{
			"jpg": image, "jpeg": image, "png": image, "webp": image, "mp4": video, "mp3": audio, "m4a": audio,
			"ogg": voice, "gif": anim, "pdf": document, "zip": document,
		},
	},
	text:     func(text string) any { return telegramMessage{Method: "sendMessage", ChatID: To, Text: text} },
	media:    func(m *convapi.MediaMessage, kind, caption string) any { return telegramFile(m, kind, caption) },
	block:    telegramBlock,
	list:     telegramList,
	location: telegramLocation,
	contact:  telegramContact,
}

type telegramMessage struct {
	Method          string           `json:"method"`
	ChatID          string           `json:"chat_id"`
	Text            string           `json:"text,omitempty"`
	Entities        []telegramEntity `json:"entities,omitempty"`
	Photo           string           `json:"photo,omitempty"`
	Video           string           `json:"video,omitempty"`
	Audio           string           `json:"audio,omitempty"`
	Voice           string           `json:"voice,omitempty"`
	Animation       string           `json:"animation,omitempty"`
	Document        string           `json:"document,omitempty"`
	Caption         string           `json:"caption,omitempty"`
	CaptionEntities []telegramEntity `json:"caption_entities,omitempty"`
	Latitude        json.Number      `json:"latitude,omitempty"`
	Longitude       json.Number      `json:"longitude,omitempty"`
	Title           string           `json:"title,omitempty"`
	Address         string           `json:"address,omitempty"`
	PhoneNumber     string           `json:"phone_number,omitempty"`
	FirstName       string           `json:"first_name,omitempty"`
	LastName        string           `json:"last_name,omitempty"`
	VCard           string           `json:"vcard,omitempty"`
	ReplyMarkup     any              `json:"reply_markup,omitempty"`
}

// telegramEntity marks a part of a text; it counts in UTF-16 code units. Unlike
// markup it needs no escapes.
type telegramEntity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

type telegramKeyboard struct {
	Rows [][]telegramButton `json:"inline_keyboard"`
}

type telegramButton struct {
	Text string `json:"text"`
	Data string `json:"callback_data,omitempty"`
	URL  string `json:"url,omitempty"`
}

// telegramRequest is the keyboard that asks for the location; only one in the
// place of the phone's own keyboard can.
type telegramRequest struct {
	Rows    [][]telegramRequestButton `json:"keyboard"`
	OneTime bool                      `json:"one_time_keyboard"`
	Resize  bool                      `json:"resize_keyboard"`
}

type telegramRequestButton struct {
	Text     string `json:"text"`
	Location bool   `json:"request_location"`
}

func telegramFile(m *convapi.MediaMessage, kind, caption string) telegramMessage {
	message := telegramMessage{ChatID: To, Caption: caption}
	switch kind {
	case image:
		message.Method, message.Photo = "sendPhoto", m.URL
	case video:
		message.Method, message.Video = "sendVideo", m.URL
	case audio:
		message.Method, message.Audio = "sendAudio", m.URL
	case voice:
		message.Method, message.Voice = "sendVoice", m.URL
	case anim:
		message.Method, message.Animation = "sendAnimation", m.URL
	default:
		message.Method, message.Document = "sendDocument", m.URL
	}
	return message
}

// telegramBlock is a text or a captioned picture above a keyboard. A button
// cannot dial: calls stand in the text.
func telegramBlock(d *draft, b block) {
	if len(b.options) == 1 && b.options[0].kind == share {
		button := telegramRequestButton{oneLine(b.options[0].label), true}
		markup := telegramRequest{Rows: [][]telegramRequestButton{{button}}, OneTime: true, Resize: true}
		telegramMarked(d, b, prompt(b.words(), b.options), markup)
		return
	}
	tapped, rest := pick(b.options, func(o option) bool { return o.kind == reply || web(o.url) })
	if len(tapped) == 0 || len(tapped) > d.limits.buttons {
		d.plainly(b)
		return
	}
	telegramMarked(d, b, prompt(b.wordsWith(rest), tapped), telegramButtons(d, tapped))
}

func telegramButtons(d *draft, options []option) telegramKeyboard {
	var keyboard telegramKeyboard
	labels := d.limits.label.labels(options)
	for i, o := range options {
		button := telegramButton{Text: labels[i]}
		if o.kind == reply {
			button.Data = d.postback(o)
		} else {
			button.URL = o.url
		}
		keyboard.Rows = append(keyboard.Rows, []telegramButton{button})
	}
	return keyboard
}

// telegramMarked writes a block's media and text with a keyboard below; the
// title is bold.
func telegramMarked(d *draft, b block, text string, markup any) {
	kind := d.limits.kind(b.media)
	if kind != "" && d.captioned(kind, text) {
		message := telegramFile(b.media, kind, text)
		message.CaptionEntities, message.ReplyMarkup = bold(b.title, text), markup
		d.add(message)
		return
	}
	if kind != "" {
		d.illustrate(b.media, "")
	} else if b.media != nil {
		text = lines(text, b.media.URL)
	}
	text = d.lead(text, d.limits.body)
	d.add(telegramMessage{Method: "sendMessage", ChatID: To, Text: text, Entities: bold(b.title, text), ReplyMarkup: markup})
}

// bold marks the title that a text begins with.
func bold(title, text string) []telegramEntity {
	if title == "" || !strings.HasPrefix(text, title) {
		return nil
	}
	return []telegramEntity{{Type: "bold", Length: limit{unit: units16}.length(title)}}
}

// telegramList is a keyboard with a row for each item.
func telegramList(d *draft, l *list) {
	options := l.options()
	if len(options) == 0 || len(options) > d.limits.buttons {
		d.listAsText(l)
		return
	}
	b := block{card: true, title: l.title, text: l.text, media: l.media}
	text := l.head()
	if l.detailed() {
		text = lines(text, itemsText(l.message.ListMessage))
	}
	telegramMarked(d, b, text, telegramButtons(d, options))
}

func telegramLocation(d *draft, m *convapi.LocationMessage) {
	latitude, longitude := degrees(m.Coordinates.Latitude), degrees(m.Coordinates.Longitude)
	address := m.Label
	if address == "" {
		address = latitude + ", " + longitude // a venue has to have one
	}
	d.add(telegramMessage{
		Method: "sendVenue", ChatID: To, Latitude: json.Number(latitude), Longitude: json.Number(longitude), Title: m.Title, Address: address,
	})
}

// telegramVCard is how long a vCard may be (sendContact).
var telegramVCard = limit{most: 2048, unit: octets}

func telegramContact(d *draft, m *convapi.ContactInfoMessage) {
	message := telegramMessage{Method: "sendContact", ChatID: To, PhoneNumber: m.PhoneNumbers[0].PhoneNumber, FirstName: m.Name.FullName}
	if m.Name.FirstName != "" {
		message.FirstName, message.LastName = m.Name.FirstName, m.Name.LastName
	}
	if card := vCard(m); telegramVCard.fits(card) {
		message.VCard = card
	}
	d.add(message)
}
