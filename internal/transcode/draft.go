package transcode

import (
	"encoding/json"
	"strings"
	"unicode"

	"switchyard/convapi"
)

// maxPieces is how many messages one text may become: as many as an SMS may
// have parts by default.
const maxPieces = 10

// style is how one channel writes messages. A member that is nil says that the
// channel has no such thing of its own: then it is written as text or, a
// carousel, card by card.
type style struct {
	limits  limits
	written bool // choices are answered by a text

	text     func(text string) any // one message of text that fits
	media    func(m *convapi.MediaMessage, kind, caption string) any
	block    func(d *draft, b block)
	carousel func(d *draft, cards []block, outer []option)
	list     func(d *draft, l *list)
	location func(d *draft, m *convapi.LocationMessage)
	contact  func(d *draft, m *convapi.ContactInfoMessage)
	template func(r convapi.TemplateReference) (any, error)
	specific func(m convapi.ChannelSpecificMessage) (any, error)
	// pack puts messages into requests; nil: each is a request of its own.
	pack func(d *draft) []any
}

// limits are a channel's figures for what its style has. Their source is the
// channel's own documentation; they shift there, so each is one figure to
// correct.
type limits struct {
	text     limit // a message of text
	caption  limit // text with media; with most 0 media has none
	body     limit // text with buttons
	label    limit // of a button
	title    limit // of a card
	detail   limit // text of a card below its title
	postback limit // what a button answers with
	address  limit // URL of a button

	replies     int // buttons that answer, in one message
	buttons     int // buttons of any kind, in one message
	cards       int // of a carousel
	cardButtons int // of one card
	rows        int // of a list

	// media is the channel's word for what it shows, by file ending; other is
	// for endings that say nothing, unlisted for those that are not in the
	// table. "" is sent as a link.
	media           map[string]string
	other, unlisted string
	uncaptioned     map[string]bool // kinds that have no caption where others have
	secure          bool            // only https
}

// kind is the channel's word for a file; "" if it can only be a link.
func (l *limits) kind(m *convapi.MediaMessage) string {
	if m == nil || !web(m.URL) || l.secure && !strings.HasPrefix(m.URL, "https:") {
		return ""
	}
	ext := extension(m)
	if ext == "" {
		return l.other
	}
	if kind, ok := l.media[ext]; ok {
		return kind
	}
	return l.unlisted
}

// draft is a message being written for a channel.
type draft struct {
	*style
	id       string // ours, of the message
	subject  string // its title, for channels that have a subject
	messages []any
	over     bool // a text needs more than maxPieces
}

// add appends a message.
func (d *draft) add(message any) { d.messages = append(d.messages, message) }

// form gives what was written.
func (d *draft) form(ch convapi.Channel) (Form, error) {
	if d.over {
		return Form{}, refuse(convapi.ReasonMessageSplitRequired, "the text needs more than %d messages on %s", maxPieces, ch)
	}
	if len(d.messages) == 0 {
		return Form{}, nothing(ch)
	}
	requests := d.messages
	if d.pack != nil {
		requests = d.pack(d)
	}
	if len(requests) > MaxBodies {
		return Form{}, tooMany(ch)
	}
	bodies := make([]json.RawMessage, len(requests))
	for i, request := range requests {
		var err error
		if bodies[i], err = encode(request); err != nil {
			return Form{}, err
		}
	}
	return Form{Bodies: bodies}, nil
}

func tooMany(ch convapi.Channel) error {
	return refuse(convapi.ReasonMessageSplitRequired, "the message needs more than %d requests on %s", MaxBodies, ch)
}

// write writes a message of one type.
func (d *draft) write(m *convapi.AppMessage) {
	c := read(m, d.id)
	d.subject = c.subject()
	switch {
	case m.TextMessage != nil:
		d.say(m.TextMessage.Text)
	case m.MediaMessage != nil:
		d.illustrate(m.MediaMessage, "")
	case m.CardMessage != nil, m.ChoiceMessage != nil:
		d.show(c.blocks[0])
	case m.CarouselMessage != nil:
		d.turn(c)
	case m.ListMessage != nil && d.list != nil:
		d.list(d, c.list)
	case m.LocationMessage != nil && d.location != nil && m.LocationMessage.Coordinates != nil:
		d.location(d, m.LocationMessage)
	case m.ContactInfoMessage != nil && d.contact != nil:
		d.contact(d, m.ContactInfoMessage)
	default:
		d.say(render(m))
	}
}

// say writes text, as several messages where it is long.
func (d *draft) say(text string) {
	if rest := d.lead(text, d.limits.text); strings.TrimSpace(rest) != "" {
		d.add(d.text(rest))
	}
}

// lead writes the beginning of a text that is too long for a place with a limit
// of its own, and gives the end, which fits there.
func (d *draft) lead(text string, place limit) string {
	if place.fits(text) {
		return text
	}
	pieces := place.split(text)
	if len(pieces) == 0 {
		return ""
	}
	end := pieces[len(pieces)-1]
	begin := d.limits.text.split(strings.TrimRightFunc(text[:len(text)-len(end)], unicode.IsSpace))
	if len(begin) >= maxPieces {
		d.over = true
		return end
	}
	for _, piece := range begin {
		d.add(d.text(piece))
	}
	return end
}

// illustrate writes media with a text: as its caption if it can be, else below
// it. Media that the channel does not take becomes a link.
func (d *draft) illustrate(m *convapi.MediaMessage, text string) {
	kind := d.limits.kind(m)
	switch {
	case m == nil && text == "":
	case m == nil:
		d.say(text)
	case kind == "" || d.media == nil:
		d.say(lines(text, m.URL))
	case text == "" || d.captioned(kind, text):
		d.add(d.media(m, kind, text))
	default:
		d.add(d.media(m, kind, ""))
		d.say(text)
	}
}

// captioned says whether a text can stand with media of a kind.
func (d *draft) captioned(kind, text string) bool {
	return d.limits.caption.most > 0 && d.limits.caption.fits(text) && !d.limits.uncaptioned[kind]
}

// listAsText writes a list as text.
func (d *draft) listAsText(l *list) { d.say(render(l.message)) }

// show writes a block.
func (d *draft) show(b block) {
	if d.block != nil && (len(b.options) > 0 || b.card && d.limits.cardButtons > 0) {
		d.block(d, b)
		return
	}
	d.plainly(b)
}

// plainly writes a block with its choices as text.
func (d *draft) plainly(b block) {
	if d.limits.kind(b.media) == "" || d.media == nil {
		d.say(b.plain()) // its link stands between the text and the choices
		return
	}
	d.illustrate(b.media, b.wordsWith(b.options))
}

// turn writes a carousel.
func (d *draft) turn(c content) {
	switch {
	case d.carousel != nil:
		d.carousel(d, c.blocks, c.outer)
	case d.block == nil:
		d.say(render(c.message))
	default:
		d.inTurn(c.blocks, c.outer)
	}
}

// inTurn writes one card after another and the outer choices below the last.
func (d *draft) inTurn(cards []block, outer []option) {
	for _, card := range cards {
		d.show(card)
	}
	if len(outer) > 0 {
		d.show(block{options: outer})
	}
}

// turnAsText writes a carousel as one text.
func (d *draft) turnAsText(cards []block, outer []option) {
	d.say(cardsText(cards, outer))
}

// prompt is the text that buttons stand below: a message of buttons alone
// repeats what they say, for channels want a text.
func prompt(text string, options []option) string {
	if strings.TrimSpace(text) != "" {
		return text
	}
	labels := make([]string, len(options))
	for i, o := range options {
		labels[i] = oneLine(o.label)
	}
	return strings.Join(labels, " / ")
}

// postback is what a button answers with: the sender's data or, where that is
// too long for the channel, a key that Postback knows.
func (d *draft) postback(o option) string { return within(o, d.limits.postback) }

// chunks parts things into as few groups of at most most as possible, of nearly
// the same size.
func chunks[T any](things []T, most int) [][]T {
	var out [][]T
	groups := (len(things) + most - 1) / most
	for i := range groups {
		out = append(out, things[i*len(things)/groups:(i+1)*len(things)/groups])
	}
	return out
}
