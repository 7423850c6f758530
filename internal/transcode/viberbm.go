package transcode

import "switchyard/convapi"

// viberBusiness writes for Viber Business Messages, POST /send_message. The
// service id and the number of the message are added by who sends.
var viberBusiness = &style{
	// Viber Business Messages: the types of message for all devices. Lists (801)
	// and carousels (901) are described in no document that we could read.
	limits: limits{
		text: limit{most: 1000}, body: limit{most: 1000}, label: limit{most: 30}, address: limit{most: 1000},
		media: map[string]string{"jpg": image, "jpeg": image, "png": image},
	},
	text: func(text string) any { return viberBusinessOf(viberText, viberBusinessContent{Text: text}) },
	media: func(m *convapi.MediaMessage, _, _ string) any {
		return viberBusinessOf(viberImage, viberBusinessContent{Image: m.URL})
	},
	block:   viberBusinessBlock,
	written: true,
}

// The types of messages.
const (
	viberText            = 206
	viberImage           = 107
	viberImageTextButton = 108
	viberTextButton      = 109
)

type viberBusinessMessage struct {
	Dest    string               `json:"dest"`
	Type    int                  `json:"type"`
	Message viberBusinessContent `json:"message"`
	Label   string               `json:"label"`
}

type viberBusinessContent struct {
	Text    string `json:"#txt,omitempty"`
	Image   string `json:"#img,omitempty"`
	Caption string `json:"#caption,omitempty"`
	Action  string `json:"#action,omitempty"`
}

func viberBusinessOf(kind int, content viberBusinessContent) any {
	return viberBusinessMessage{Dest: To, Type: kind, Message: content, Label: "transaction"}
}

// viberBusinessBlock: the first choice that opens something is the button, the
// others stand in the text.
func viberBusinessBlock(d *draft, b block) {
	var rest []option
	var button *option
	var action string
	for i, o := range b.options {
		target := o.url
		if o.kind == call && dialled(o.phone) != "" {
			target = "tel:" + dialled(o.phone)
		}
		usable := (o.kind == call || o.kind == link || o.kind == place) && target != "" && d.limits.address.fits(target)
		if button == nil && usable && (o.kind == call || web(target)) {
			button, action = &b.options[i], target
			continue
		}
		rest = append(rest, o)
	}
	if button == nil {
		d.plainly(b)
		return
	}
	content := viberBusinessContent{Caption: d.limits.label.cut(oneLine(button.label)), Action: action}
	kind := viberTextButton
	text := prompt(b.wordsWith(rest), []option{*button})
	switch {
	case d.limits.kind(b.media) == image:
		kind, content.Image = viberImageTextButton, b.media.URL
	case b.media != nil:
		text = lines(text, b.media.URL)
	}
	content.Text = d.lead(text, d.limits.body)
	d.add(viberBusinessOf(kind, content))
}
