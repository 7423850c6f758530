package transcode

import (
	"cmp"
	"encoding/json"

	"switchyard/convapi"
)

// kakaotalk writes for the dealer Solapi, POST /messages/v4/send-many/detail:
// AlimTalk from templates, and messages to friends of the channel. The sender's
// key is the account's and added by who sends.
var kakaotalk = &style{
	// Kakao's business messages as Solapi has them: a text, an image with a text,
	// up to five buttons; a carousel of two to six cards with links alone.
	limits: limits{
		text: limit{most: 1000}, caption: limit{most: 400}, body: limit{most: 1000}, label: limit{most: 14},
		title: limit{most: 20}, detail: limit{most: 180}, address: limit{most: 2000},
		buttons: 5, cards: 6, cardButtons: 2,
		media: map[string]string{"jpg": image, "jpeg": image, "png": image},
	},
	text:     func(text string) any { return kakaoOf(kakaoMessage{Type: "CTA", Text: text}) },
	media:    func(m *convapi.MediaMessage, _, caption string) any { return kakaoPicture(m, caption, nil) },
	block:    kakaoBlock,
	carousel: kakaoCarousel,
	location: kakaoLocation,
	template: kakaoTemplate,
	specific: kakaoSpecific,
}

type kakaoRequest struct {
	Messages []kakaoMessage `json:"messages"`
}

type kakaoMessage struct {
	To      string       `json:"to"`
	Type    string       `json:"type"`
	Text    string       `json:"text,omitempty"`
	Options kakaoOptions `json:"kakaoOptions"`
}

// kakaoOptions: the dealer's own fallback to SMS is off; ours is what counts.
type kakaoOptions struct {
	TemplateID string            `json:"templateId,omitempty"`
	Variables  map[string]string `json:"variables,omitempty"`
	DisableSMS bool              `json:"disableSms"`
	Buttons    []kakaoButton     `json:"buttons,omitempty"`
	ImageID    string            `json:"imageId,omitempty"`
	Brand      any               `json:"bms,omitempty"`
}

type kakaoButton struct {
	Name   string `json:"buttonName"`
	Type   string `json:"buttonType"`
	Mobile string `json:"linkMo,omitempty"`
	PC     string `json:"linkPc,omitempty"`
}

type kakaoBrand struct {
	Targeting string         `json:"targeting"`
	Bubble    string         `json:"chatBubbleType"`
	Carousel  kakaoBrandFeed `json:"carousel"`
}

type kakaoBrandFeed struct {
	List []kakaoBrandCard `json:"list"`
}

type kakaoBrandCard struct {
	Header  string             `json:"header"`
	Content string             `json:"content"`
	ImageID string             `json:"imageId"`
	Buttons []kakaoBrandButton `json:"buttons"`
}

type kakaoBrandButton struct {
	Name   string `json:"name"`
	Type   string `json:"linkType"`
	Mobile string `json:"linkMobile"`
}

func kakaoOf(m kakaoMessage) any {
	m.To, m.Options.DisableSMS = To, true
	return kakaoRequest{[]kakaoMessage{m}}
}

func kakaoPicture(m *convapi.MediaMessage, text string, buttons []kakaoButton) any {
	text = cmp.Or(text, fileName(m)) // there has to be one
	return kakaoOf(kakaoMessage{Type: "CTI", Text: text, Options: kakaoOptions{ImageID: upload(m.URL), Buttons: buttons}})
}

// kakaoButtons: a text choice is a keyword that comes back as a message (BK),
// everything else a link (WL).
func kakaoButtons(d *draft, options []option) []kakaoButton {
	out := make([]kakaoButton, len(options))
	for i, label := range d.limits.label.labels(options) {
		o := options[i]
		out[i] = kakaoButton{Name: label, Type: "WL", Mobile: o.url, PC: o.url}
		switch o.kind {
		case reply:
			out[i] = kakaoButton{Name: label, Type: "BK"}
		case call:
			out[i] = kakaoButton{Name: label, Type: "WL", Mobile: "tel:" + dialled(o.phone)}
		}
	}
	return out
}

func kakaoAble(d *draft) func(option) bool {
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

func kakaoBlock(d *draft, b block) {
	able, rest := pick(b.options, kakaoAble(d))
	if len(able) == 0 || len(able) > d.limits.buttons {
		d.plainly(b)
		return
	}
	text, buttons := prompt(b.wordsWith(rest), able), kakaoButtons(d, able)
	if kind := d.limits.kind(b.media); kind != "" && d.captioned(kind, text) {
		d.add(kakaoPicture(b.media, text, buttons))
		return
	}
	if d.limits.kind(b.media) == "" {
		text = lines(text, mediaURL(b.media))
	} else {
		d.illustrate(b.media, "")
	}
	d.add(kakaoOf(kakaoMessage{Type: "CTA", Text: d.lead(text, d.limits.body), Options: kakaoOptions{Buttons: buttons}}))
}

// kakaoCarousel is a feed, if every card is a picture with words and links.
func kakaoCarousel(d *draft, cards []block, outer []option) {
	var feed []kakaoBrandCard
	for _, b := range cards {
		links, rest := pick(b.options, func(o option) bool { return o.kind != reply && kakaoAble(d)(o) })
		fits := b.title != "" && b.text != "" && d.limits.title.fits(b.title) && d.limits.detail.fits(b.text)
		if len(rest) > 0 || len(links) == 0 || len(links) > d.limits.cardButtons || !fits || d.limits.kind(b.media) == "" {
			d.inTurn(cards, outer)
			return
		}
		card := kakaoBrandCard{Header: b.title, Content: b.text, ImageID: upload(b.media.URL)}
		for _, button := range kakaoButtons(d, links) {
			card.Buttons = append(card.Buttons, kakaoBrandButton{button.Name, button.Type, button.Mobile})
		}
		feed = append(feed, card)
	}
	if len(feed) < 2 {
		d.inTurn(cards, outer)
		return
	}
	for _, group := range chunks(feed, d.limits.cards) {
		brand := kakaoBrand{"I", "CAROUSEL_FEED", kakaoBrandFeed{group}}
		d.add(kakaoOf(kakaoMessage{Type: "BMS_FREE", Options: kakaoOptions{Brand: brand}}))
	}
	d.inTurn(nil, outer)
}

// kakaoLocation is a link to a map.
func kakaoLocation(d *draft, m *convapi.LocationMessage) {
	address := mapLink(m)
	buttons := []kakaoButton{{Name: d.limits.label.cut(oneLine(m.Title)), Type: "WL", Mobile: address, PC: address}}
	text := d.lead(lines(m.Title, m.Label), d.limits.body)
	d.add(kakaoOf(kakaoMessage{Type: "CTA", Text: text, Options: kakaoOptions{Buttons: buttons}}))
}

// kakaoTemplate is an AlimTalk; its variables are written #{name}.
func kakaoTemplate(r convapi.TemplateReference) (any, error) {
	variables := map[string]string{}
	for name, value := range r.Parameters {
		variables["#{"+name+"}"] = value
	}
	return kakaoOf(kakaoMessage{Type: "ATA", Options: kakaoOptions{TemplateID: r.TemplateID, Variables: variables}}), nil
}

// kakaoSpecific passes the members of a commerce message on.
func kakaoSpecific(m convapi.ChannelSpecificMessage) (any, error) {
	if m.MessageType != convapi.SpecificCommerce && m.MessageType != convapi.SpecificCarouselCommerce {
		return nil, refuse(convapi.ReasonUnsupportedOperation, "KAKAOTALK has no message of type %s", m.MessageType)
	}
	brand := map[string]json.RawMessage{}
	if err := json.Unmarshal(m.Message, &brand); err != nil {
		return nil, refuse(convapi.ReasonBadRequest, "the message of type %s is not of its form", m.MessageType)
	}
	brand["targeting"], brand["chatBubbleType"] = json.RawMessage(`"I"`), json.RawMessage(`"`+string(m.MessageType)+`"`)
	return kakaoOf(kakaoMessage{Type: "BMS_FREE", Options: kakaoOptions{Brand: brand}}), nil
}
