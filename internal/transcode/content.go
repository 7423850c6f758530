package transcode

import (
	"cmp"
	"strconv"

	"switchyard/convapi"
)

// content is a message made ready for any channel: its choices have numbers,
// labels and postback data.
type content struct {
	message *convapi.AppMessage // of one type
	blocks  []block             // a choice message, a card, or the cards of a carousel
	outer   []option            // below a carousel
	list    *list
}

// block is what shows choices: a choice message or a card.
type block struct {
	card    bool
	title   string
	text    string
	media   *convapi.MediaMessage
	options []option

	height convapi.CardHeight
	header string // WhatsApp's, of a card
	footer string // WhatsApp's, of a choice message
}

// list is a list message.
type list struct {
	message      *convapi.AppMessage // that it was made of
	title, text  string
	media        *convapi.MediaMessage
	sections     []section
	menu, header string
	catalog      string // of products
}

type section struct {
	title    string
	options  []option
	products []string // ids; a list has either
}

// option is something to tap.
type option struct {
	kind     optionKind
	number   int // within the message, from 1
	label    string
	postback string
	twin     bool   // an earlier choice has the same postback data
	line     string // how it reads as text
	url      string // what a link opens; of a place the map, of an event and a share the fallback
	phone    string
	place    *convapi.LocationMessage
	event    *convapi.CalendarMessage

	text  string // the description of an item of a list
	media *convapi.MediaMessage
}

type optionKind int

const (
	reply optionKind = iota // answers with the postback data
	link
	call
	place // shows a place
	event // adds to the calendar
	share // asks for the location
)

// read makes a message ready. id is our id of the message.
func read(m *convapi.AppMessage, id string) content {
	c := content{message: m}
	n := numbers{id: id}
	switch {
	case m.CardMessage != nil:
		c.blocks = []block{n.card(m.CardMessage)}
	case m.CarouselMessage != nil:
		for i := range m.CarouselMessage.Cards {
			c.blocks = append(c.blocks, n.card(&m.CarouselMessage.Cards[i]))
		}
		c.outer = n.options(m.CarouselMessage.Choices)
	case m.ChoiceMessage != nil:
		c.blocks = []block{n.choice(m.ChoiceMessage)}
	case m.ListMessage != nil:
		c.list = n.list(m.ListMessage)
		c.list.message = m
	}
	return c
}

// subject is what a message is about, in a line: the title that it begins with.
func (c *content) subject() string {
	switch {
	case len(c.blocks) > 0:
		return c.blocks[0].title
	case c.list != nil:
		return c.list.title
	}
	return ""
}

// options gives all choices of a message, in the order of their numbers.
func (c *content) options() []option {
	var all []option
	for _, b := range c.blocks {
		all = append(all, b.options...)
	}
	all = append(all, c.outer...)
	if c.list != nil {
		all = append(all, c.list.options()...)
	}
	return all
}

func (l *list) options() []option {
	var all []option
	for _, s := range l.sections {
		all = append(all, s.options...)
	}
	return all
}

func (l *list) products() []string {
	var all []string
	for _, s := range l.sections {
		all = append(all, s.products...)
	}
	return all
}

// numbers numbers the choices of one message.
type numbers struct {
	id   string
	last int
	seen map[string]bool // postback data
}

func (n *numbers) card(m *convapi.CardMessage) block {
	b := block{card: true, title: m.Title, text: m.Description, media: m.MediaMessage, options: n.options(m.Choices), height: m.Height}
	if m.MessageProperties != nil {
		b.header = m.MessageProperties.WhatsAppHeader
	}
	return b
}

func (n *numbers) choice(m *convapi.ChoiceMessage) block {
	b := block{options: n.options(m.Choices)}
	if m.TextMessage != nil {
		b.text = m.TextMessage.Text
	}
	if m.MessageProperties != nil {
		b.footer = m.MessageProperties.WhatsAppFooter
	}
	return b
}

func (n *numbers) list(m *convapi.ListMessage) *list {
	l := &list{title: m.Title, text: m.Description, media: m.Media}
	if p := m.MessageProperties; p != nil {
		l.menu, l.header, l.catalog = p.Menu, p.WhatsAppHeader, p.CatalogID
	}
	for _, s := range m.Sections {
		made := section{title: s.Title}
		for _, item := range s.Items {
			if item.Product != nil {
				made.products = append(made.products, item.Product.ID)
			}
			if c := item.Choice; c != nil {
				o := option{kind: reply, label: c.Title, postback: c.PostbackData, text: c.Description, media: c.Media}
				made.options = append(made.options, n.finish(o))
			}
		}
		l.sections = append(l.sections, made)
	}
	return l
}

func (n *numbers) options(choices []convapi.Choice) []option {
	var all []option
	for i := range choices {
		c := &choices[i]
		o := option{postback: c.PostbackData, line: choiceText(c)}
		switch {
		case c.TextMessage != nil:
			o.kind, o.label = reply, c.TextMessage.Text
		case c.URLMessage != nil:
			o.kind, o.label, o.url = link, c.URLMessage.Title, c.URLMessage.URL
		case c.CallMessage != nil:
			o.kind, o.label, o.phone = call, c.CallMessage.Title, c.CallMessage.PhoneNumber
		case c.LocationMessage != nil:
			o.kind, o.label, o.place = place, c.LocationMessage.Title, c.LocationMessage
			o.url = mapLink(c.LocationMessage)
		case c.CalendarMessage != nil:
			o.kind, o.label, o.event, o.url = event, c.CalendarMessage.Title, c.CalendarMessage, c.CalendarMessage.FallbackURL
		case c.ShareLocationMessage != nil:
			o.kind, o.label, o.url = share, c.ShareLocationMessage.Title, c.ShareLocationMessage.FallbackURL
		default:
			continue
		}
		all = append(all, n.finish(o))
	}
	return all
}

// finish gives an option its number and, as the contract has it, the message id
// and the title as postback data where the sender named none.
func (n *numbers) finish(o option) option {
	n.last++
	o.number = n.last
	o.postback = cmp.Or(o.postback, n.id+"_"+o.label)
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	o.twin, n.seen[o.postback] = n.seen[o.postback], true
	return o
}

// words is a block's text without its choices.
func (b block) words() string { return lines(b.title, b.text) }

// wordsWith is a block's text with some of its choices as lines below it: of a
// choice message after a blank line.
func (b block) wordsWith(rest []option) string {
	if b.card {
		return lines(b.title, b.text, optionLines(rest))
	}
	return paragraphs(b.text, optionLines(rest))
}

// plain is the whole block as text.
func (b block) plain() string {
	if b.card {
		return lines(b.title, b.text, mediaURL(b.media), optionLines(b.options))
	}
	return b.wordsWith(b.options)
}

// cardsText is a carousel as text, with numbers.
func cardsText(cards []block, outer []option) string {
	texts := make([]string, 0, len(cards)+1)
	for i, b := range cards {
		texts = append(texts, strconv.Itoa(i+1)+". "+b.plain())
	}
	return paragraphs(append(texts, optionLines(outer))...)
}

func optionLines(options []option) string {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = "> " + o.line
	}
	return lines(out...)
}

// head is a list's text above its items.
func (l *list) head() string { return lines(l.title, l.text) }

// detailed says whether the items have more than their titles.
func (l *list) detailed() bool {
	if len(l.sections) > 1 {
		return true
	}
	for _, s := range l.sections {
		if s.title != "" {
			return true
		}
		for _, o := range s.options {
			if o.text != "" {
				return true
			}
		}
	}
	return false
}

// pick parts options by a condition, in their order.
func pick(options []option, wanted func(option) bool) (picked, rest []option) {
	for _, o := range options {
		if wanted(o) {
			picked = append(picked, o)
		} else {
			rest = append(rest, o)
		}
	}
	return picked, rest
}

func isReply(o option) bool { return o.kind == reply }

// cards makes each item of a list a card of its own.
func (l *list) cards() []block {
	var out []block
	for _, s := range l.sections {
		for i, o := range s.options {
			text := o.text
			if i == 0 {
				text = lines(s.title, o.text)
			}
			out = append(out, block{card: true, title: o.label, text: text, media: o.media, options: []option{o}})
		}
	}
	return out
}
