package transcode

import (
	"strings"

	"switchyard/convapi"
)

// mms writes one multimedia message of slides. MM7 is no JSON: this is the
// content that who sends it makes a SMIL presentation of, with the files fetched
// and embedded.
var mms = &style{
	// MM7 leaves sizes to the operators; these are what every one takes.
	limits: limits{
		text: limit{most: 1000}, caption: limit{most: 1000},
		media: map[string]string{
			"jpg": image, "jpeg": image, "png": image, "gif": image, "mp4": video, "3gp": video,
			"mp3": audio, "amr": audio, "m4a": audio, "vcf": document, "pdf": document,
		},
		other: image,
	},
	text: func(text string) any { return mmsSlide{Text: text} },
	media: func(m *convapi.MediaMessage, _, caption string) any {
		return mmsSlide{&mmsFile{m.URL, fileName(m)}, caption}
	},
	carousel: (*draft).inTurn, // a slide for each card
	contact:  mmsContact,
	written:  true,
	pack:     mmsPack,
}

var mmsSubject = limit{most: 40}

type mmsMessage struct {
	To      string `json:"to"`
	Subject string `json:"subject,omitempty"`
	Slides  []any  `json:"slides"`
}

type mmsSlide struct {
	Media *mmsFile `json:"media,omitempty"`
	Text  string   `json:"text,omitempty"`
}

type mmsFile struct {
	URL  string `json:"url"`
	Name string `json:"name"`
}

// mmsCard is a slide with the content of a file that we make ourselves.
type mmsCard struct {
	Content mmsContent `json:"content"`
	Text    string     `json:"text"`
}

type mmsContent struct {
	Type string `json:"type"`
	Data string `json:"data"`
}

// mmsPack makes all slides one message; a title is its subject.
func mmsPack(d *draft) []any {
	return []any{mmsMessage{To: To, Subject: mmsSubject.cut(oneLine(d.subject)), Slides: d.messages}}
}

func mmsContact(d *draft, m *convapi.ContactInfoMessage) {
	d.add(mmsCard{mmsContent{"text/vcard", vCard(m)}, strings.TrimSpace(d.limits.text.cut(contactInfoText(m)))})
}
