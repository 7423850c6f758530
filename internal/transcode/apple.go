package transcode

import (
	"cmp"

	"switchyard/convapi"
)

// apple writes for Apple Messages for Business, POST /v1/message. The ids of the
// message and of the business are added by who sends, who also encrypts and
// uploads attachments.
var apple = &style{
	// These figures come from public integrations; Apple's own manual is not
	// public.
	limits: limits{
		text: limit{most: 3000}, body: limit{most: 3000}, label: limit{most: 24}, title: limit{most: 512}, address: limit{most: 2000},
		replies: 5, rows: 100,
		media: map[string]string{
			"jpg": image, "jpeg": image, "png": image, "gif": image, "heic": image, "mp4": video, "mov": video,
			"mp3": audio, "m4a": audio, "pdf": document, "vcf": document, "csv": document, "txt": document,
		},
		other: document, unlisted: document,
	},
	text:     func(text string) any { return appleOf(appleMessage{Type: "text", Body: text}) },
	media:    appleMedia,
	block:    appleBlock,
	carousel: appleCarousel,
	list:     appleList,
	location: appleLocation,
}

const (
	appleVersion = 1
	// appleData is the version of interactive data.
	appleData = "1.0"
	// appleExtension shows interactive messages.
	appleExtension = "com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:com.apple.icloud.apps.messages.business.extension"
	// appleAttached stands in a text for an attachment.
	appleAttached = "\ufffc"
	// appleLeast is how many quick replies there must be.
	appleLeast = 2
)

type appleMessage struct {
	V           int               `json:"v"`
	Type        string            `json:"type"`
	Destination string            `json:"destinationId"`
	Body        string            `json:"body,omitempty"`
	Attachments []appleFile       `json:"attachments,omitempty"`
	RichLink    *appleRichLink    `json:"richLinkData,omitempty"`
	Interactive *appleInteractive `json:"interactiveData,omitempty"`
}

type appleFile struct {
	Name     string `json:"name"`
	MimeType string `json:"mimeType"`
	URL      string `json:"url"`
}

type appleRichLink struct {
	URL    string       `json:"url"`
	Title  string       `json:"title"`
	Assets *appleAssets `json:"assets,omitempty"`
}

type appleAssets struct {
	Image appleImage `json:"image"`
}

type appleImage struct {
	Data     string `json:"data"`
	MimeType string `json:"mimeType"`
}

type appleInteractive struct {
	BID      string            `json:"bid"`
	Data     appleInteractData `json:"data"`
	Received *appleBubble      `json:"receivedMessage,omitempty"`
	Reply    *appleBubble      `json:"replyMessage,omitempty"`
}

type appleInteractData struct {
	Version    string           `json:"version"`
	Request    string           `json:"requestIdentifier"`
	QuickReply *appleQuickReply `json:"quick-reply,omitempty"`
	ListPicker *appleListPicker `json:"listPicker,omitempty"`
}

type appleBubble struct {
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"`
	Style    string `json:"style"`
}

type appleQuickReply struct {
	Summary string      `json:"summaryText"`
	Items   []appleItem `json:"items"`
}

type appleListPicker struct {
	Sections []appleSection `json:"sections"`
}

type appleSection struct {
	Title    string      `json:"title"`
	Order    int         `json:"order"`
	Multiple bool        `json:"multipleSelection"`
	Items    []appleItem `json:"items"`
}

type appleItem struct {
	ID       string `json:"identifier"`
	Title    string `json:"title"`
	Subtitle string `json:"subtitle,omitempty"`
	Order    *int   `json:"order,omitempty"`
	Style    string `json:"style,omitempty"`
}

func appleOf(m appleMessage) any {
	m.V, m.Destination = appleVersion, To
	return m
}

func appleMedia(m *convapi.MediaMessage, _, _ string) any {
	file := appleFile{Name: fileName(m), MimeType: mimeType(m), URL: upload(m.URL)}
	return appleOf(appleMessage{Type: "text", Body: appleAttached, Attachments: []appleFile{file}})
}

func appleLink(title, address string, picture *convapi.MediaMessage) any {
	rich := &appleRichLink{URL: address, Title: title}
	if picture != nil {
		rich.Assets = &appleAssets{appleImage{Data: upload(picture.URL), MimeType: mimeType(picture)}}
	}
	return appleOf(appleMessage{Type: "richLink", RichLink: rich})
}

// appleBlock: a first choice that is a URL is a rich link; of the others, two to
// five text choices are quick replies and more a list to pick from. What is none
// of these stands in the text.
func appleBlock(d *draft, b block) {
	picture := b.media
	if picture != nil && d.limits.kind(picture) != image {
		d.illustrate(picture, "")
		picture = nil
	}
	first := b.options[0]
	if first.kind != link || !web(first.url) {
		d.illustrate(picture, "")
		appleChoices(d, b, b.options)
		return
	}
	appleChoices(d, b, b.options[1:])
	d.add(appleLink(first.label, first.url, picture))
}

// appleChoices writes a block's words with some of its options.
func appleChoices(d *draft, b block, options []option) {
	replies, rest := pick(options, isReply)
	switch n := len(replies); {
	case n == 0 || n > d.limits.rows:
		d.say(b.wordsWith(options))
	case n >= appleLeast && n <= d.limits.replies:
		appleQuick(d, prompt(b.wordsWith(rest), replies), replies)
	default:
		d.say(b.wordsWith(rest))
		applePick(d, b.title, []section{{options: replies}})
	}
}

func appleQuick(d *draft, text string, replies []option) {
	quick := &appleQuickReply{Summary: d.lead(text, d.limits.body)}
	for i, label := range d.limits.label.labels(replies) {
		quick.Items = append(quick.Items, appleItem{ID: d.postback(replies[i]), Title: label})
	}
	d.add(appleInteraction(d, appleInteractData{QuickReply: quick}, nil))
}

func appleInteraction(d *draft, data appleInteractData, received *appleBubble) any {
	data.Version, data.Request = appleData, d.id
	interactive := &appleInteractive{BID: appleExtension, Data: data, Received: received}
	if received != nil {
		interactive.Reply = &appleBubble{Title: received.Title, Style: "icon"}
	}
	return appleOf(appleMessage{Type: "interactive", Interactive: interactive})
}

// applePick is a list to pick one item from.
func applePick(d *draft, title string, sections []section) {
	if title == "" {
		title = prompt("", sections[0].options[:1])
	}
	picker := &appleListPicker{}
	for i, s := range sections {
		made := appleSection{Title: cmp.Or(s.title, title), Order: i}
		for n, o := range s.options {
			made.Items = append(made.Items, appleItem{ID: d.postback(o), Title: oneLine(o.label), Subtitle: o.text, Order: &n, Style: "default"})
		}
		picker.Sections = append(picker.Sections, made)
	}
	d.add(appleInteraction(d, appleInteractData{ListPicker: picker}, &appleBubble{Title: d.limits.title.cut(oneLine(title)), Style: "icon"}))
}

// appleCarousel: cards of words and text choices are sections of a list to pick
// from; others go one by one.
func appleCarousel(d *draft, cards []block, outer []option) {
	var sections []section
	total := 0
	for _, b := range cards {
		_, others := pick(b.options, isReply)
		if b.media != nil || len(others) > 0 || len(b.options) == 0 {
			d.inTurn(cards, outer)
			return
		}
		total += len(b.options)
		sections = append(sections, section{title: b.words(), options: b.options})
	}
	if total > d.limits.rows {
		d.inTurn(cards, outer)
		return
	}
	applePick(d, cards[0].title, sections)
	d.inTurn(nil, outer)
}

func appleList(d *draft, l *list) {
	options := l.options()
	if len(options) == 0 || len(options) > d.limits.rows {
		d.listAsText(l)
		return
	}
	d.illustrate(l.media, l.text)
	applePick(d, l.title, l.sections)
}

// appleLocation is a rich link to a map.
func appleLocation(d *draft, m *convapi.LocationMessage) {
	d.say(m.Label)
	d.add(appleLink(m.Title, mapLink(m), nil))
}
