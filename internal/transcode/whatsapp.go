package transcode

import (
	"cmp"
	"slices"
	"strconv"

	"switchyard/convapi"
)

// whatsapp writes for Meta's Cloud API, POST /{phone number id}/messages.
var whatsapp = &style{
	// Cloud API reference v23: messages, interactive messages, media types.
	limits: limits{
		text: limit{most: 4096}, caption: limit{most: 1024}, body: limit{most: 1024}, label: limit{most: 20},
		postback: limit{most: 256}, address: limit{most: 2000},
		replies: 3, rows: 10,
		media: map[string]string{
			"jpg": image, "jpeg": image, "png": image, "mp4": video, "3gp": video, "webp": sticker,
			"aac": audio, "amr": audio, "mp3": audio, "m4a": audio, "ogg": audio,
		},
		other: document, unlisted: document,
		uncaptioned: map[string]bool{audio: true, sticker: true},
	},
	text:     func(text string) any { return whatsappMessage{Type: "text", Text: &whatsappText{text}}.addressed() },
	media:    whatsappMedia,
	block:    whatsappBlock,
	list:     whatsappList,
	location: whatsappLocation,
	contact:  whatsappContact,
	template: whatsappTemplate,
	specific: whatsappSpecific,
}

// The limits of a list's parts, and of the lines above and below a body.
var (
	whatsappHeaderText = limit{most: 60}
	whatsappFooterText = limit{most: 60}
	whatsappRow        = limit{most: 24}
	whatsappRowText    = limit{most: 72}
	whatsappRowID      = limit{most: 200}
	whatsappSection    = limit{most: 24}
)

const (
	whatsappProducts = 30 // of a list of products
	// whatsappMenu is on the button that opens a list, where the sender has no
	// word for it.
	whatsappMenu = "Menu"
)

// whatsappMessage has its members in the order in which the vendor's own preview
// shows them; clients compare the text.
type whatsappMessage struct {
	To               string               `json:"to"`
	Type             string               `json:"type"`
	RecipientType    string               `json:"recipient_type"`
	Text             *whatsappText        `json:"text,omitempty"`
	Image            *whatsappFile        `json:"image,omitempty"`
	Video            *whatsappFile        `json:"video,omitempty"`
	Audio            *whatsappFile        `json:"audio,omitempty"`
	Document         *whatsappFile        `json:"document,omitempty"`
	Sticker          *whatsappFile        `json:"sticker,omitempty"`
	Location         *whatsappPlace       `json:"location,omitempty"`
	Contacts         []whatsappCard       `json:"contacts,omitempty"`
	Interactive      *whatsappInteractive `json:"interactive,omitempty"`
	Template         *whatsappTemplateRef `json:"template,omitempty"`
	MessagingProduct string               `json:"messaging_product"`
	// Opaque comes back in the reports: who sends puts our message id there.
	Opaque *string `json:"biz_opaque_callback_data"`
}

type whatsappText struct {
	Body string `json:"body"`
}

type whatsappFile struct {
	Link     string `json:"link"`
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"`
}

// whatsappPlace has its degrees as text.
type whatsappPlace struct {
	Longitude string `json:"longitude"`
	Latitude  string `json:"latitude"`
	Name      string `json:"name"`
	Address   string `json:"address"`
}

type whatsappInteractive struct {
	Type   string          `json:"type"`
	Header *whatsappHeader `json:"header,omitempty"`
	Body   *whatsappBody   `json:"body,omitempty"`
	Footer *whatsappBody   `json:"footer,omitempty"`
	Action whatsappAction  `json:"action"`
}

type whatsappHeader struct {
	Type     string        `json:"type"`
	Text     string        `json:"text,omitempty"`
	Image    *whatsappFile `json:"image,omitempty"`
	Video    *whatsappFile `json:"video,omitempty"`
	Document *whatsappFile `json:"document,omitempty"`
}

type whatsappBody struct {
	Text string `json:"text"`
}

type whatsappAction struct {
	Name       string            `json:"name,omitempty"`
	Parameters any               `json:"parameters,omitempty"`
	Button     string            `json:"button,omitempty"`
	Buttons    []whatsappButton  `json:"buttons,omitempty"`
	CatalogID  string            `json:"catalog_id,omitempty"`
	Product    string            `json:"product_retailer_id,omitempty"`
	Sections   []whatsappRowList `json:"sections,omitempty"`
}

type whatsappButton struct {
	Type  string        `json:"type"`
	Reply whatsappReply `json:"reply"`
}

type whatsappReply struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type whatsappRowList struct {
	Title    string            `json:"title,omitempty"`
	Rows     []whatsappRowItem `json:"rows,omitempty"`
	Products []whatsappProduct `json:"product_items,omitempty"`
}

type whatsappRowItem struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

type whatsappProduct struct {
	ID string `json:"product_retailer_id"`
}

type whatsappLink struct {
	Text string `json:"display_text"`
	URL  string `json:"url"`
}

func (m whatsappMessage) addressed() whatsappMessage {
	m.To, m.RecipientType, m.MessagingProduct = To, "individual", "whatsapp"
	return m
}

func whatsappMedia(m *convapi.MediaMessage, kind, caption string) any {
	message := whatsappMessage{Type: kind}
	file := &whatsappFile{Link: m.URL, Caption: caption}
	switch kind {
	case image:
		message.Image = file
	case video:
		message.Video = file
	case audio:
		message.Audio = file
	case sticker:
		message.Sticker = file
	default:
		file.Filename = fileName(m)
		message.Document = file
	}
	return message.addressed()
}

// whatsappBlock: up to three text choices are buttons, up to ten a list, one URL
// and one request for the location have forms of their own. Choices of other
// kinds stand in the text.
func whatsappBlock(d *draft, b block) {
	replies, rest := pick(b.options, isReply)
	switch n := len(replies); {
	case n == 0 && len(rest) == 1 && whatsappOwn(d, b, rest[0]):
	case n == 0 || n > d.limits.rows:
		d.plainly(b)
	case n <= d.limits.replies:
		d.add(whatsappButtons(d, b, replies, rest))
	default:
		whatsappChoices(d, b, replies, rest)
	}
}

// whatsappOwn writes a block whose one choice is not a text.
func whatsappOwn(d *draft, b block, o option) bool {
	message := whatsappInteractive{Footer: whatsappFooter(b)}
	switch {
	case o.kind == link && web(o.url) && d.limits.address.fits(o.url):
		message.Type = "cta_url"
		message.Action = whatsappAction{Name: "cta_url", Parameters: whatsappLink{d.limits.label.cut(oneLine(o.label)), o.url}}
		message.Header = whatsappHead(d, b)
	case o.kind == share:
		d.illustrate(b.media, "")
		message.Type, message.Action = "location_request_message", whatsappAction{Name: "send_location"}
	default:
		return false
	}
	message.Body = &whatsappBody{d.lead(prompt(b.words(), b.options), d.limits.body)}
	d.add(message.message())
	return true
}

func (i whatsappInteractive) message() any {
	return whatsappMessage{Type: "interactive", Interactive: &i}.addressed()
}

func whatsappButtons(d *draft, b block, replies, rest []option) any {
	message := whatsappInteractive{Type: "button", Header: whatsappHead(d, b), Footer: whatsappFooter(b)}
	for i, label := range d.limits.label.labels(replies) {
		message.Action.Buttons = append(message.Action.Buttons, whatsappButton{"reply", whatsappReply{d.postback(replies[i]), label}})
	}
	message.Body = &whatsappBody{d.lead(prompt(b.wordsWith(rest), replies), d.limits.body)}
	return message.message()
}

// whatsappHead is what stands above the body: a picture, a video or a document,
// or the text that the sender has for this place. Media that cannot stand there
// goes ahead.
func whatsappHead(d *draft, b block) *whatsappHeader {
	file := &whatsappFile{}
	if b.media != nil {
		file.Link = b.media.URL
	}
	switch kind := d.limits.kind(b.media); kind {
	case image:
		return &whatsappHeader{Type: kind, Image: file}
	case video:
		return &whatsappHeader{Type: kind, Video: file}
	case document:
		file.Filename = fileName(b.media)
		return &whatsappHeader{Type: kind, Document: file}
	}
	d.illustrate(b.media, "")
	if b.header == "" {
		return nil
	}
	return &whatsappHeader{Type: "text", Text: whatsappHeaderText.cut(oneLine(b.header))}
}

func whatsappFooter(b block) *whatsappBody {
	if b.footer == "" {
		return nil
	}
	return &whatsappBody{whatsappFooterText.cut(b.footer)}
}

// whatsappChoices writes a list of text choices. A list has no picture: that
// goes ahead with the title.
func whatsappChoices(d *draft, b block, replies, rest []option) {
	if b.media != nil {
		above := b.title
		if b.text == "" && len(rest) == 0 {
			above = ""
		}
		d.illustrate(b.media, above)
		if above != "" {
			b.title = ""
		}
	}
	message := whatsappInteractive{Type: "list", Footer: whatsappFooter(b), Action: whatsappAction{Button: whatsappMenu}}
	if b.header != "" {
		message.Header = &whatsappHeader{Type: "text", Text: whatsappHeaderText.cut(oneLine(b.header))}
	}
	message.Action.Sections = []whatsappRowList{{Rows: whatsappRows(replies)}}
	message.Body = &whatsappBody{d.lead(prompt(b.wordsWith(rest), replies), d.limits.body)}
	d.add(message.message())
}

// whatsappRows are options as rows of a list. A title that is too long stands in
// the description as a whole, if that is free.
func whatsappRows(options []option) []whatsappRowItem {
	rows := make([]whatsappRowItem, len(options))
	for i, label := range whatsappRow.labels(options) {
		o := options[i]
		rows[i] = whatsappRowItem{ID: within(o, whatsappRowID), Title: label, Description: o.text}
		if o.text == "" && !whatsappRow.fits(oneLine(o.label)) {
			rows[i].Description = whatsappRowText.cut(oneLine(o.label))
		}
	}
	return rows
}

// whatsappList: up to ten rows of choices, or thirty products, have a form of
// their own.
func whatsappList(d *draft, l *list) {
	if products := l.products(); len(products) > 0 {
		whatsappProductList(d, l, products)
		return
	}
	options := l.options()
	long := slices.ContainsFunc(options, func(o option) bool { return !whatsappRowText.fits(o.text) })
	if len(options) > d.limits.rows || long {
		d.listAsText(l)
		return
	}
	d.illustrate(l.media, "")
	message := whatsappInteractive{Type: "list", Action: whatsappAction{Button: d.limits.label.cut(oneLine(cmp.Or(l.menu, whatsappMenu)))}}
	if l.header != "" {
		message.Header = &whatsappHeader{Type: "text", Text: whatsappHeaderText.cut(oneLine(l.header))}
	}
	rows := whatsappRows(options)
	for i, s := range l.sections {
		made := whatsappRowList{Rows: rows[:len(s.options)], Title: whatsappTitle(l, i)}
		rows = rows[len(s.options):]
		message.Action.Sections = append(message.Action.Sections, made)
	}
	message.Body = &whatsappBody{d.lead(l.head(), d.limits.body)}
	d.add(message.message())
}

// whatsappTitle is the title of section i. Of several each must have one.
func whatsappTitle(l *list, i int) string {
	title := whatsappSection.cut(oneLine(l.sections[i].title))
	if title == "" && len(l.sections) > 1 {
		title = strconv.Itoa(i + 1)
	}
	return title
}

func whatsappProductList(d *draft, l *list, products []string) {
	if len(products) > whatsappProducts {
		d.listAsText(l)
		return
	}
	d.illustrate(l.media, "")
	message := whatsappInteractive{Type: "product", Action: whatsappAction{CatalogID: l.catalog, Product: products[0]}}
	body := l.head()
	if len(products) > 1 {
		message.Type, message.Action.Product = "product_list", ""
		message.Header = &whatsappHeader{Type: "text", Text: whatsappHeaderText.cut(oneLine(cmp.Or(l.header, l.title)))}
		if l.header == "" && l.text != "" && whatsappHeaderText.fits(l.title) {
			body = l.text // the title stands above
		}
		for i, s := range l.sections {
			made := whatsappRowList{Title: whatsappTitle(l, i)}
			for _, id := range s.products {
				made.Products = append(made.Products, whatsappProduct{id})
			}
			message.Action.Sections = append(message.Action.Sections, made)
		}
	}
	message.Body = &whatsappBody{d.lead(body, d.limits.body)}
	d.add(message.message())
}

func whatsappLocation(d *draft, m *convapi.LocationMessage) {
	d.add(whatsappMessage{Type: "location", Location: &whatsappPlace{
		Longitude: degrees(m.Coordinates.Longitude), Latitude: degrees(m.Coordinates.Latitude), Name: m.Title, Address: m.Label,
	}}.addressed())
}
