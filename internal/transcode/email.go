package transcode

import (
	"html"
	"net/url"
	"strings"

	"switchyard/convapi"
)

// email writes one mail: its HTML, the same as plain text, and attachments. Who
// sends it makes the MIME message, fetches the attachments, and puts the address
// for answers in the place of replyTo.
var email = &style{
	limits: limits{caption: limit{most: 1 << 20}, other: document, unlisted: document},
	text:   func(text string) any { return emailPart{text: text, html: paragraphHTML(text)} },
	media: func(m *convapi.MediaMessage, _, caption string) any {
		return emailPart{
			text: lines(caption, m.URL), html: emailMedia(m) + paragraphHTML(caption),
			file: &emailFile{Name: fileName(m), Type: mimeType(m), URL: m.URL},
		}
	},
	block:    emailBlock,
	list:     emailList,
	location: emailLocation,
	contact:  emailContact,
	pack:     emailPack,
}

// replyTo stands for the address that answers go to.
const replyTo = "{{reply_to}}"

var emailSubject = limit{most: 78} // RFC 5322 section 2.1.1, of a line

type emailPart struct {
	text, html string
	file       *emailFile
}

type emailMessage struct {
	To          string      `json:"to"`
	Subject     string      `json:"subject"`
	Text        string      `json:"text"`
	HTML        string      `json:"html"`
	Attachments []emailFile `json:"attachments,omitempty"`
}

type emailFile struct {
	Name string `json:"filename"`
	Type string `json:"content_type"`
	URL  string `json:"url,omitempty"`
	Data string `json:"content,omitempty"` // as it is, of text
}

// emailPack makes all parts one mail. Pictures are shown from where they are;
// other files are attached.
func emailPack(d *draft) []any {
	mail := emailMessage{To: To}
	var texts []string
	for _, message := range d.messages {
		part := message.(emailPart)
		texts = append(texts, part.text)
		mail.HTML += part.html
		if part.file != nil && !strings.HasPrefix(part.file.Type, image+"/") {
			mail.Attachments = append(mail.Attachments, *part.file)
		}
	}
	mail.Text = paragraphs(texts...)
	subject := d.subject
	if first := d.messages[0].(emailPart).file; subject == "" && first != nil && first.URL != "" {
		subject = first.Name
	}
	if subject == "" {
		subject, _, _ = strings.Cut(strings.TrimSpace(mail.Text), "\n")
	}
	mail.Subject = emailSubject.cut(oneLine(subject))
	return []any{mail}
}

// paragraphHTML is a text as HTML.
func paragraphHTML(text string) string {
	if text == "" {
		return ""
	}
	return "<p>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</p>"
}

func anchor(address, label string) string {
	return `<a href="` + html.EscapeString(address) + `">` + html.EscapeString(label) + "</a>"
}

func emailMedia(m *convapi.MediaMessage) string {
	if m == nil {
		return ""
	}
	if web(m.URL) && strings.HasPrefix(mimeType(m), image+"/") {
		return `<p><img src="` + html.EscapeString(m.URL) + `" alt="` + html.EscapeString(fileName(m)) + `"></p>`
	}
	if web(m.URL) {
		return "<p>" + anchor(m.URL, fileName(m)) + "</p>"
	}
	return paragraphHTML(m.URL)
}

// emailOption is a link: a text choice opens an answer that says it.
func emailOption(o option) string {
	target := o.url
	switch o.kind {
	case reply:
		target = "mailto:" + replyTo + "?subject=" + url.PathEscape(o.label)
	case call:
		target = "tel:" + dialled(o.phone)
		if dialled(o.phone) == "" {
			return paragraphHTML(o.line)
		}
	}
	if o.kind != reply && o.kind != call && !web(target) {
		return paragraphHTML(o.line)
	}
	return "<p>" + anchor(target, o.label) + "</p>"
}

func emailBlock(d *draft, b block) {
	part := emailPart{text: b.plain()}
	if b.title != "" {
		part.html = "<h2>" + html.EscapeString(b.title) + "</h2>"
	}
	part.html += emailMedia(b.media) + paragraphHTML(b.text)
	for _, o := range b.options {
		part.html += emailOption(o)
	}
	d.add(part)
}

func emailList(d *draft, l *list) {
	part := emailPart{text: render(l.message), html: "<h2>" + html.EscapeString(l.title) + "</h2>" + paragraphHTML(l.text) + emailMedia(l.media)}
	for _, s := range l.sections {
		if s.title != "" {
			part.html += "<h3>" + html.EscapeString(s.title) + "</h3>"
		}
		for _, o := range s.options {
			part.html += emailMedia(o.media) + emailOption(o) + paragraphHTML(o.text)
		}
		for _, id := range s.products {
			part.html += paragraphHTML(id)
		}
	}
	d.add(part)
}

func emailLocation(d *draft, m *convapi.LocationMessage) {
	d.add(emailPart{text: locationText(m), html: "<p>" + anchor(mapLink(m), m.Title) + "</p>" + paragraphHTML(m.Label)})
}

func emailContact(d *draft, m *convapi.ContactInfoMessage) {
	text := contactInfoText(m)
	d.add(emailPart{text: text, html: paragraphHTML(text), file: &emailFile{Name: "contact.vcf", Type: "text/vcard", Data: vCard(m)}})
}
