package transcode

import (
	"encoding/json"
	"slices"

	"switchyard/convapi"
)

// rcs writes for RCS Business Messaging, POST /v1/phones/{number}/agentMessages:
// the recipient stands in the URL.
var rcs = &style{
	// RBM API v1, AgentContentMessage and what it holds. Devices show four
	// suggestions on a card, though the API takes more.
	limits: limits{
		text: limit{most: 3072}, body: limit{most: 3072}, label: limit{most: 25}, title: limit{most: 200}, detail: limit{most: 2000},
		postback: limit{most: 2048}, address: limit{most: 2048},
		buttons: 11, cards: 10, cardButtons: 4,
		media: map[string]string{
			"jpg": image, "jpeg": image, "png": image, "gif": image,
			"mp4": video, "m4v": video, "mpeg": video, "mpg": video, "webm": video, "pdf": document,
		},
		other: image, // RBM looks at the file itself
	},
	text: func(text string) any { return rcsMessage{rcsContent{Text: text}} },
	media: func(m *convapi.MediaMessage, _, _ string) any {
		return rcsMessage{rcsContent{ContentInfo: rcsFileOf(m)}}
	},
	block:    rcsBlock,
	carousel: rcsCarousel,
	list:     rcsList,
	location: rcsLocation,
}

var (
	rcsEventTitle = limit{most: 100}
	rcsEventText  = limit{most: 500}
	rcsPlaceLabel = limit{most: 100}
)

type rcsMessage struct {
	Content rcsContent `json:"contentMessage"`
}

type rcsContent struct {
	Text        string          `json:"text,omitempty"`
	ContentInfo *rcsFile        `json:"contentInfo,omitempty"`
	RichCard    *rcsRichCard    `json:"richCard,omitempty"`
	Suggestions []rcsSuggestion `json:"suggestions,omitempty"`
}

type rcsFile struct {
	URL       string `json:"fileUrl"`
	Thumbnail string `json:"thumbnailUrl,omitempty"`
}

type rcsRichCard struct {
	Standalone *rcsStandalone   `json:"standaloneCard,omitempty"`
	Carousel   *rcsCarouselCard `json:"carouselCard,omitempty"`
}

type rcsStandalone struct {
	Orientation string  `json:"cardOrientation"`
	Content     rcsCard `json:"cardContent"`
}

type rcsCarouselCard struct {
	Width    string    `json:"cardWidth"`
	Contents []rcsCard `json:"cardContents"`
}

type rcsCard struct {
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	Media       *rcsCardMedia   `json:"media,omitempty"`
	Suggestions []rcsSuggestion `json:"suggestions,omitempty"`
}

type rcsCardMedia struct {
	Height string   `json:"height"`
	File   *rcsFile `json:"contentInfo"`
}

type rcsSuggestion struct {
	Reply  *rcsReply  `json:"reply,omitempty"`
	Action *rcsAction `json:"action,omitempty"`
}

type rcsReply struct {
	Text     string `json:"text"`
	Postback string `json:"postbackData"`
}

type rcsAction struct {
	Text     string    `json:"text"`
	Postback string    `json:"postbackData"`
	Fallback string    `json:"fallbackUrl,omitempty"`
	Dial     *rcsDial  `json:"dialAction,omitempty"`
	View     *rcsPlace `json:"viewLocationAction,omitempty"`
	Open     *rcsOpen  `json:"openUrlAction,omitempty"`
	Event    *rcsEvent `json:"createCalendarEventAction,omitempty"`
	Share    *struct{} `json:"shareLocationAction,omitempty"`
}

type rcsDial struct {
	Number string `json:"phoneNumber"`
}

type rcsPlace struct {
	LatLong rcsPoint `json:"latLong"`
	Label   string   `json:"label,omitempty"`
}

type rcsPoint struct {
	Latitude  json.Number `json:"latitude"`
	Longitude json.Number `json:"longitude"`
}

type rcsOpen struct {
	URL string `json:"url"`
}

type rcsEvent struct {
	Start       string `json:"startTime"`
	End         string `json:"endTime"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

func rcsFileOf(m *convapi.MediaMessage) *rcsFile {
	return &rcsFile{URL: m.URL, Thumbnail: m.ThumbnailURL}
}

// rcsAble says whether an option can be a suggestion.
func rcsAble(d *draft) func(option) bool {
	return func(o option) bool {
		switch o.kind {
		case link:
			return web(o.url) && d.limits.address.fits(o.url)
		case call:
			return dialled(o.phone) != ""
		case place:
			return onEarth(o.place.Coordinates)
		}
		return true
	}
}

func onEarth(c *convapi.Coordinates) bool {
	return c != nil && c.Latitude >= -90 && c.Latitude <= 90 && c.Longitude >= -180 && c.Longitude <= 180
}

func rcsSuggestions(d *draft, options []option) []rcsSuggestion {
	out := make([]rcsSuggestion, len(options))
	for i, label := range d.limits.label.labels(options) {
		o := options[i] //nolint:gosec // each option has a label
		if o.kind == reply {
			out[i].Reply = &rcsReply{label, d.postback(o)}
			continue
		}
		action := &rcsAction{Text: label, Postback: d.postback(o)}
		switch o.kind {
		case link:
			action.Open = &rcsOpen{o.url}
		case call:
			action.Dial = &rcsDial{dialled(o.phone)}
		case place:
			action.View = rcsPlaceOf(o.place)
		case event:
			action.Event = &rcsEvent{
				Start: o.event.EventStart.UTC().Format(rcsTime), End: o.event.EventEnd.UTC().Format(rcsTime),
				Title: rcsEventTitle.cut(o.event.EventTitle), Description: rcsEventText.cut(o.event.EventDescription),
			}
		case share:
			action.Share = &struct{}{}
		}
		if o.kind == event || o.kind == share {
			if web(o.url) && d.limits.address.fits(o.url) {
				action.Fallback = o.url
			}
		}
		out[i].Action = action
	}
	return out
}

const rcsTime = "2006-01-02T15:04:05Z"

func rcsPlaceOf(m *convapi.LocationMessage) *rcsPlace {
	return &rcsPlace{
		LatLong: rcsPoint{json.Number(degrees(m.Coordinates.Latitude)), json.Number(degrees(m.Coordinates.Longitude))},
		Label:   rcsPlaceLabel.cut(m.Title),
	}
}

// rcsBlock is a rich card, or a text, with suggestions. What is too many for the
// card stands below the message, and what is too many there in the text.
func rcsBlock(d *draft, b block) {
	able, rest := pick(b.options, rcsAble(d))
	most := d.limits.buttons
	inCard := 0
	if b.card {
		inCard = min(len(able), d.limits.cardButtons)
	}
	if extra := inCard + most; len(able) > extra {
		able, rest = able[:extra], append(slices.Clone(able[extra:]), rest...)
	}
	if b.card {
		if card, ok := rcsCardOf(d, b, able[:inCard], rest); ok {
			d.add(rcsMessage{rcsContent{
				RichCard:    &rcsRichCard{Standalone: &rcsStandalone{"VERTICAL", card}},
				Suggestions: rcsSuggestions(d, able[inCard:]),
			}})
			return
		}
		if len(able) > most {
			able, rest = able[:most], append(slices.Clone(able[most:]), rest...)
		}
	}
	text := prompt(b.wordsWith(rest), able)
	if d.limits.kind(b.media) != "" {
		d.illustrate(b.media, "")
	} else {
		text = lines(text, mediaURL(b.media))
	}
	d.add(rcsMessage{rcsContent{Text: d.lead(text, d.limits.body), Suggestions: rcsSuggestions(d, able)}})
}

// rcsCardOf makes a card, if it all fits there.
func rcsCardOf(d *draft, b block, options, rest []option) (rcsCard, bool) {
	card := rcsCard{Title: b.title, Description: b.text, Suggestions: rcsSuggestions(d, options)}
	kind := d.limits.kind(b.media)
	if len(rest) > 0 {
		card.Description = lines(b.text, optionLines(rest))
	}
	switch {
	case kind == image || kind == video:
		height := string(b.height)
		if b.height == "" || b.height == convapi.HeightUnspecified {
			height = string(convapi.HeightMedium)
		}
		card.Media = &rcsCardMedia{height, rcsFileOf(b.media)}
	case b.media != nil:
		card.Description = lines(card.Description, b.media.URL)
	}
	some := card.Title != "" || card.Description != "" || card.Media != nil
	return card, some && d.limits.title.fits(card.Title) && d.limits.detail.fits(card.Description)
}

// rcsCarousel: a carousel has at least two cards; a card that does not fit makes
// all of them messages of their own.
func rcsCarousel(d *draft, cards []block, outer []option) {
	var made []rcsCard
	for _, b := range cards {
		able, rest := pick(b.options, rcsAble(d))
		card, ok := rcsCardOf(d, b, able[:min(len(able), d.limits.cardButtons)], rest)
		if !ok || len(able) > d.limits.cardButtons {
			d.inTurn(cards, outer)
			return
		}
		made = append(made, card)
	}
	able, rest := pick(outer, rcsAble(d))
	if len(made) == 1 || len(able) > d.limits.buttons || len(rest) > 0 {
		d.inTurn(cards, outer)
		return
	}
	groups := chunks(made, d.limits.cards)
	for i, group := range groups {
		content := rcsContent{RichCard: &rcsRichCard{Carousel: &rcsCarouselCard{"MEDIUM", group}}}
		if i == len(groups)-1 {
			content.Suggestions = rcsSuggestions(d, able)
		}
		d.add(rcsMessage{content})
	}
}

// rcsList: as many items as there may be suggestions stand below the text; more
// are a carousel.
func rcsList(d *draft, l *list) {
	options := l.options()
	switch {
	case len(options) == 0:
		d.listAsText(l)
	case len(options) <= d.limits.buttons:
		d.illustrate(l.media, "")
		text := l.head()
		if l.detailed() {
			text = lines(text, itemsText(l.message.ListMessage))
		}
		d.add(rcsMessage{rcsContent{Text: d.lead(text, d.limits.body), Suggestions: rcsSuggestions(d, options)}})
	default:
		d.illustrate(l.media, l.head())
		rcsCarousel(d, l.cards(), nil)
	}
}

func rcsLocation(d *draft, m *convapi.LocationMessage) {
	if !onEarth(m.Coordinates) {
		d.say(locationText(m))
		return
	}
	options := []option{{kind: place, number: 1, label: m.Title, place: m, postback: d.id + "_" + m.Title}}
	d.add(rcsMessage{rcsContent{Text: d.lead(lines(m.Title, m.Label), d.limits.body), Suggestions: rcsSuggestions(d, options)}})
}
