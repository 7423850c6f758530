package transcode

import (
	"encoding/json"

	"switchyard/convapi"
)

// line writes for the LINE Messaging API, POST /v2/bot/message/push, which takes
// up to five messages at once.
var line = &style{
	// LINE Messaging API reference: message objects, template messages, actions.
	// There are no outbound files; a video needs a picture and an audio its
	// length, which nobody knows here.
	limits: limits{
		text: limit{most: 5000, unit: units16}, body: limit{most: 160, unit: units16}, label: limit{most: 20, unit: units16},
		title: limit{most: 40, unit: units16}, detail: limit{most: 60, unit: units16}, postback: limit{most: 300, unit: units16},
		address: limit{most: 1000, unit: units16},
		replies: 13, buttons: 4, cards: 10, cardButtons: 3,
		media: map[string]string{"jpg": image, "jpeg": image, "png": image, "mp4": video}, secure: true,
	},
	text:     func(text string) any { return lineMessage{Type: "text", Text: text} },
	media:    lineMedia,
	block:    lineBlock,
	carousel: lineCarousel,
	list:     lineList,
	location: lineLocation,
	specific: lineSpecific,
	pack:     linePack,
}

const (
	linePush        = 5  // messages of one request
	lineFlexBubbles = 12 // of a flex carousel
)

var (
	lineColumnText = limit{most: 120, unit: units16} // without title and picture
	lineAltText    = limit{most: 1500, unit: units16}
	linePlaceText  = limit{most: 100, unit: units16}
)

type lineRequest struct {
	To       string `json:"to"`
	Messages []any  `json:"messages"`
}

type lineMessage struct {
	Type       string          `json:"type"`
	Text       string          `json:"text,omitempty"`
	Original   string          `json:"originalContentUrl,omitempty"`
	Preview    string          `json:"previewImageUrl,omitempty"`
	Title      string          `json:"title,omitempty"`
	Address    string          `json:"address,omitempty"`
	Latitude   json.Number     `json:"latitude,omitempty"`
	Longitude  json.Number     `json:"longitude,omitempty"`
	AltText    string          `json:"altText,omitempty"`
	Template   *lineTemplate   `json:"template,omitempty"`
	Contents   any             `json:"contents,omitempty"`
	QuickReply *lineQuickReply `json:"quickReply,omitempty"`
}

type lineTemplate struct {
	Type      string       `json:"type"`
	Thumbnail string       `json:"thumbnailImageUrl,omitempty"`
	Title     string       `json:"title,omitempty"`
	Text      string       `json:"text,omitempty"`
	Actions   []lineAction `json:"actions,omitempty"`
	Columns   []lineColumn `json:"columns,omitempty"`
}

type lineColumn struct {
	Thumbnail string       `json:"thumbnailImageUrl,omitempty"`
	Title     string       `json:"title,omitempty"`
	Text      string       `json:"text"`
	Actions   []lineAction `json:"actions"`
}

type lineQuickReply struct {
	Items []lineQuickReplyItem `json:"items"`
}

type lineQuickReplyItem struct {
	Type   string     `json:"type"`
	Action lineAction `json:"action"`
}

type lineAction struct {
	Type        string `json:"type"`
	Label       string `json:"label"`
	Data        string `json:"data,omitempty"`
	DisplayText string `json:"displayText,omitempty"`
	URI         string `json:"uri,omitempty"`
}

// linePack puts messages into as few requests as there can be.
func linePack(d *draft) []any {
	var out []any
	for len(d.messages) > 0 {
		n := min(len(d.messages), linePush)
		out = append(out, lineRequest{To, d.messages[:n]})
		d.messages = d.messages[n:]
	}
	return out
}

func lineMedia(m *convapi.MediaMessage, kind, _ string) any {
	preview := m.ThumbnailURL
	switch {
	case kind == image && preview == "":
		preview = m.URL
	case kind == video && preview == "":
		return lineMessage{Type: "text", Text: m.URL}
	}
	return lineMessage{Type: kind, Original: m.URL, Preview: preview}
}

// lineAble says whether an option can be an action; asking for the location can
// only a quick reply.
func lineAble(d *draft) func(option) bool {
	return func(o option) bool {
		switch o.kind {
		case reply:
			return true
		case call:
			return dialled(o.phone) != ""
		}
		return web(o.url) && d.limits.address.fits(o.url)
	}
}

func lineActions(d *draft, options []option, quick bool) []lineAction {
	out := make([]lineAction, len(options))
	for i, label := range d.limits.label.labels(options) {
		o := options[i]
		switch {
		case o.kind == reply:
			out[i] = lineAction{Type: "postback", Label: label, Data: d.postback(o), DisplayText: lineDisplay.cut(oneLine(o.label))}
		case o.kind == call:
			out[i] = lineAction{Type: "uri", Label: label, URI: "tel:" + dialled(o.phone)}
		case o.kind == share && quick:
			out[i] = lineAction{Type: "location", Label: label}
		default:
			out[i] = lineAction{Type: "uri", Label: label, URI: o.url}
		}
	}
	return out
}

// lineDisplay is what a tap writes into the chat.
var lineDisplay = limit{most: 300, unit: units16}

// lineBlock: a few choices are a buttons template, up to thirteen quick replies
// below the text; a card that does not fit a template is a flex bubble.
func lineBlock(d *draft, b block) {
	able, rest := pick(b.options, lineAble(d))
	asks := len(b.options) == 1 && b.options[0].kind == share
	switch {
	case b.card && len(rest) == 0 && !asks && lineCardFits(d, b, able):
		lineCard(d, b, able)
	case len(able) == 0 && !asks:
		d.plainly(b)
	case !b.card && !asks && len(able) <= d.limits.buttons && d.limits.body.fits(prompt(b.wordsWith(rest), able)):
		text := prompt(b.wordsWith(rest), able)
		d.add(lineMessage{Type: "template", AltText: lineAltText.cut(b.plain()), Template: &lineTemplate{
			Type: "buttons", Text: text, Actions: lineActions(d, able, false),
		}})
	case len(able) <= d.limits.replies:
		lineQuick(d, b, able, rest)
	default:
		d.plainly(b)
	}
}

// lineQuick writes a text with quick replies.
func lineQuick(d *draft, b block, able, rest []option) {
	if len(b.options) == 1 && b.options[0].kind == share {
		able, rest = b.options, nil
	}
	text := prompt(b.wordsWith(rest), able)
	if d.limits.kind(b.media) == "" {
		text = lines(text, mediaURL(b.media))
	} else {
		d.illustrate(b.media, "")
	}
	message := lineMessage{Type: "text", Text: d.lead(text, d.limits.text), QuickReply: &lineQuickReply{}}
	for _, action := range lineActions(d, able, true) {
		message.QuickReply.Items = append(message.QuickReply.Items, lineQuickReplyItem{"action", action})
	}
	d.add(message)
}

// lineCardFits says whether a card can be a template or a flex bubble.
func lineCardFits(d *draft, b block, able []option) bool {
	return (b.media == nil || d.limits.kind(b.media) == image) && len(able) <= d.limits.replies && b.words() != ""
}

func lineCard(d *draft, b block, able []option) {
	message := lineMessage{Type: "template", AltText: lineAltText.cut(b.plain())}
	column, ok := lineColumnOf(d, b, able, d.limits.buttons, d.limits.body)
	if !ok {
		message.Type, message.Contents = "flex", lineBubbleOf(d, b, able)
		d.add(message)
		return
	}
	message.Template = &lineTemplate{Type: "buttons", Thumbnail: column.Thumbnail, Title: column.Title, Text: column.Text, Actions: column.Actions}
	d.add(message)
}

// lineColumnOf makes a card a column of a template, whose text is required and
// short beside a title or a picture. wide is the text's limit without them.
func lineColumnOf(d *draft, b block, able []option, most int, wide limit) (lineColumn, bool) {
	column := lineColumn{Title: b.title, Text: b.text}
	if b.text == "" {
		column.Title, column.Text = "", b.title
	}
	if b.media != nil {
		column.Thumbnail = b.media.URL
	}
	if column.Title != "" || column.Thumbnail != "" {
		wide = d.limits.detail
	}
	if len(able) == 0 || len(able) > most || !d.limits.title.fits(column.Title) || !wide.fits(column.Text) {
		return column, false
	}
	column.Actions = lineActions(d, able, false)
	return column, true
}

// lineCarousel: columns of a template have all the same form and number of
// actions; other cards are flex bubbles.
func lineCarousel(d *draft, cards []block, outer []option) {
	var columns []lineColumn
	even := len(cards) <= d.limits.cards
	for _, b := range cards {
		able, rest := pick(b.options, lineAble(d))
		if len(rest) > 0 || !lineCardFits(d, b, able) {
			d.inTurn(cards, outer)
			return
		}
		column, ok := lineColumnOf(d, b, able, d.limits.cardButtons, lineColumnText)
		columns = append(columns, column)
		even = even && ok && len(column.Actions) == len(columns[0].Actions) &&
			(column.Title == "") == (columns[0].Title == "") && (column.Thumbnail == "") == (columns[0].Thumbnail == "")
	}
	if even {
		d.add(lineMessage{Type: "template", AltText: lineAltText.cut(cardsText(cards, nil)), Template: &lineTemplate{Type: "carousel", Columns: columns}})
	} else {
		for _, group := range chunks(cards, lineFlexBubbles) {
			lineFlexCarousel(d, group)
		}
	}
	d.inTurn(nil, outer)
}

func lineLocation(d *draft, m *convapi.LocationMessage) {
	latitude, longitude := degrees(m.Coordinates.Latitude), degrees(m.Coordinates.Longitude)
	address := m.Label
	if address == "" {
		address = latitude + ", " + longitude // required
	}
	if !linePlaceText.fits(m.Title) || !linePlaceText.fits(address) {
		d.say(locationText(m))
		return
	}
	d.add(lineMessage{
		Type: "location", Title: m.Title, Address: address,
		Latitude: json.Number(latitude), Longitude: json.Number(longitude),
	})
}
