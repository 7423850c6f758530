package transcode

import "switchyard/convapi"

// kakaochat writes the answers of a KakaoTalk chat bot (skill response 2.0): up
// to three things to show, and quick replies below them. There is no recipient:
// the answer goes to who asked.
var kakaochat = &style{
	// Kakao i Open Builder, skill response: simpleText, simpleImage, textCard,
	// basicCard, listCard, carousel, quickReplies.
	limits: limits{
		text: limit{most: 1000}, body: limit{most: 1000}, label: limit{most: 14}, title: limit{most: 50}, detail: limit{most: 230},
		address: limit{most: 1000},
		replies: 10, cards: 10, cardButtons: 3, rows: 5,
		media: map[string]string{"jpg": image, "jpeg": image, "png": image, "gif": image},
	},
	text: func(text string) any { return chatItem{output: chatOutput{SimpleText: &chatText{text}}} },
	media: func(m *convapi.MediaMessage, _, _ string) any {
		return chatItem{output: chatOutput{SimpleImage: &chatImage{m.URL, fileName(m)}}}
	},
	block:    chatBlock,
	carousel: chatCarousel,
	list:     chatList,
	location: chatLocation,
	pack:     chatPack,
	written:  true,
}

// chatOutputs is how many things one answer may show.
const chatOutputs = 3

// chatItem is one thing to show with the quick replies that belong to it.
type chatItem struct {
	output  chatOutput
	replies []chatReply
}

type chatResponse struct {
	Version  string       `json:"version"`
	Template chatTemplate `json:"template"`
}

type chatTemplate struct {
	Outputs []chatOutput `json:"outputs"`
	Replies []chatReply  `json:"quickReplies,omitempty"`
}

type chatOutput struct {
	SimpleText  *chatText         `json:"simpleText,omitempty"`
	SimpleImage *chatImage        `json:"simpleImage,omitempty"`
	TextCard    *chatCard         `json:"textCard,omitempty"`
	BasicCard   *chatCard         `json:"basicCard,omitempty"`
	ListCard    *chatListCard     `json:"listCard,omitempty"`
	Carousel    *chatCarouselCard `json:"carousel,omitempty"`
}

type chatText struct {
	Text string `json:"text"`
}

type chatImage struct {
	URL string `json:"imageUrl"`
	Alt string `json:"altText"`
}

type chatCard struct {
	Title       string         `json:"title,omitempty"`
	Description string         `json:"description,omitempty"`
	Thumbnail   *chatThumbnail `json:"thumbnail,omitempty"`
	Buttons     []chatAction   `json:"buttons,omitempty"`
}

type chatThumbnail struct {
	URL string `json:"imageUrl"`
}

type chatAction struct {
	Label   string `json:"label"`
	Action  string `json:"action"`
	Message string `json:"messageText,omitempty"`
	Link    string `json:"webLinkUrl,omitempty"`
	Phone   string `json:"phoneNumber,omitempty"`
}

type chatReply struct {
	Label   string `json:"label"`
	Action  string `json:"action"`
	Message string `json:"messageText"`
}

type chatListCard struct {
	Header chatListHeader `json:"header"`
	Items  []chatListItem `json:"items"`
}

type chatListHeader struct {
	Title string `json:"title"`
}

type chatListItem struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	ImageURL    string `json:"imageUrl,omitempty"`
	Action      string `json:"action"`
	Message     string `json:"messageText"`
}

type chatCarouselCard struct {
	Type  string     `json:"type"`
	Items []chatCard `json:"items"`
}

// chatPack puts what is to be shown into answers; quick replies end one, for
// they stand below everything in it.
func chatPack(d *draft) []any {
	var out []any
	var open chatTemplate
	flush := func() {
		if len(open.Outputs) > 0 {
			out = append(out, chatResponse{"2.0", open})
		}
		open = chatTemplate{}
	}
	for _, message := range d.messages {
		item := message.(chatItem)
		open.Outputs, open.Replies = append(open.Outputs, item.output), item.replies
		if len(open.Outputs) == chatOutputs || len(item.replies) > 0 {
			flush()
		}
	}
	flush()
	return out
}

func chatAble(d *draft) func(option) bool {
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

// chatActions: a tap on a text choice says its title.
func chatActions(d *draft, options []option) []chatAction {
	out := make([]chatAction, len(options))
	for i, label := range d.limits.label.labels(options) {
		o := options[i]
		switch o.kind {
		case reply:
			out[i] = chatAction{Label: label, Action: "message", Message: oneLine(o.label)}
		case call:
			out[i] = chatAction{Label: label, Action: "phone", Phone: dialled(o.phone)}
		default:
			out[i] = chatAction{Label: label, Action: "webLink", Link: o.url}
		}
	}
	return out
}

func chatReplies(d *draft, options []option) []chatReply {
	out := make([]chatReply, len(options))
	for i, label := range d.limits.label.labels(options) {
		out[i] = chatReply{label, "message", oneLine(options[i].label)}
	}
	return out
}

// chatBlock: a few choices are the buttons of a card; text choices, also many,
// are quick replies below a text.
func chatBlock(d *draft, b block) {
	if card, ok := chatCardOf(d, b); ok {
		output := chatOutput{TextCard: &card}
		if card.Thumbnail != nil {
			output = chatOutput{BasicCard: &card}
		}
		d.add(chatItem{output: output})
		return
	}
	replies, rest := pick(b.options, isReply)
	if len(replies) == 0 || len(replies) > d.limits.replies {
		d.plainly(b)
		return
	}
	text := prompt(b.wordsWith(rest), replies)
	if d.limits.kind(b.media) == "" {
		text = lines(text, mediaURL(b.media))
	} else {
		d.illustrate(b.media, "")
	}
	text = d.lead(text, d.limits.body)
	d.add(chatItem{chatOutput{SimpleText: &chatText{text}}, chatReplies(d, replies)})
}

func chatCardOf(d *draft, b block) (chatCard, bool) {
	able, rest := pick(b.options, chatAble(d))
	card := chatCard{Title: b.title, Description: b.text, Buttons: chatActions(d, able)}
	if d.limits.kind(b.media) == image {
		card.Thumbnail = &chatThumbnail{b.media.URL}
	} else if b.media != nil {
		return card, false
	}
	fits := d.limits.title.fits(b.title) && d.limits.detail.fits(b.text)
	return card, fits && len(rest) == 0 && len(able) <= d.limits.cardButtons && b.words() != ""
}

func chatCarousel(d *draft, cards []block, outer []option) {
	kind := "textCard"
	var items []chatCard
	for i, b := range cards {
		card, ok := chatCardOf(d, b)
		if card.Thumbnail != nil && i == 0 {
			kind = "basicCard"
		}
		if !ok || (card.Thumbnail != nil) != (kind == "basicCard") { // all of one kind
			d.inTurn(cards, outer)
			return
		}
		items = append(items, card)
	}
	for _, group := range chunks(items, d.limits.cards) {
		d.add(chatItem{output: chatOutput{Carousel: &chatCarouselCard{kind, group}}})
	}
	d.inTurn(nil, outer)
}

// The texts of a list card.
var (
	chatListTitle = limit{most: 15}
	chatItemTitle = limit{most: 36}
	chatItemText  = limit{most: 40}
)

// chatList is a list card of up to five items in one section, or a text with
// quick replies.
func chatList(d *draft, l *list) {
	options := l.options()
	fits := len(options) > 0 && len(options) <= d.limits.rows && len(l.sections) == 1 && l.media == nil && l.text == "" && chatListTitle.fits(l.title)
	card := chatListCard{Header: chatListHeader{l.title}}
	for _, o := range options {
		fits = fits && chatItemTitle.fits(o.label) && chatItemText.fits(o.text)
		card.Items = append(card.Items, chatListItem{
			Title: o.label, Description: o.text, ImageURL: mediaURL(o.media), Action: "message", Message: oneLine(o.label),
		})
	}
	switch {
	case fits && l.sections[0].title == "":
		d.add(chatItem{output: chatOutput{ListCard: &card}})
	case len(options) > 0 && len(options) <= d.limits.replies:
		text := d.lead(render(l.message), d.limits.body)
		d.add(chatItem{chatOutput{SimpleText: &chatText{text}}, chatReplies(d, options)})
	default:
		d.listAsText(l)
	}
}

// chatLocation is a card with a link to a map.
func chatLocation(d *draft, m *convapi.LocationMessage) {
	options := []option{{kind: place, number: 1, label: m.Title, url: mapLink(m)}}
	d.show(block{card: true, title: m.Title, text: m.Label, options: withLines(options)})
}

func withLines(options []option) []option {
	for i := range options {
		options[i].line = options[i].label + ": " + options[i].url
	}
	return options
}
