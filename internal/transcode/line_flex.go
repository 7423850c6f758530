package transcode

import (
	"encoding/json"

	"switchyard/convapi"
)

type lineBubble struct {
	Type   string   `json:"type"`
	Hero   *lineBox `json:"hero,omitempty"`
	Body   *lineBox `json:"body,omitempty"`
	Footer *lineBox `json:"footer,omitempty"`
}

// lineBox is a box or one of the things in it.
type lineBox struct {
	Type        string      `json:"type"`
	Layout      string      `json:"layout,omitempty"`
	Contents    []lineBox   `json:"contents,omitempty"`
	URL         string      `json:"url,omitempty"`
	Size        string      `json:"size,omitempty"`
	AspectRatio string      `json:"aspectRatio,omitempty"`
	AspectMode  string      `json:"aspectMode,omitempty"`
	Text        string      `json:"text,omitempty"`
	Weight      string      `json:"weight,omitempty"`
	Wrap        bool        `json:"wrap,omitempty"`
	Action      *lineAction `json:"action,omitempty"`
}

type lineBubbles struct {
	Type     string       `json:"type"`
	Contents []lineBubble `json:"contents"`
}

func lineTexts(texts ...lineBox) *lineBox {
	box := &lineBox{Type: "box", Layout: "vertical"}
	for _, t := range texts {
		if t.Text != "" {
			t.Type, t.Wrap = "text", true
			box.Contents = append(box.Contents, t)
		}
	}
	if len(box.Contents) == 0 {
		return nil
	}
	return box
}

func lineBubbleOf(d *draft, b block, able []option) lineBubble {
	bubble := lineBubble{Type: "bubble", Hero: lineHero(b.media), Body: lineTexts(lineBox{Text: b.title, Weight: "bold"}, lineBox{Text: b.text})}
	if len(able) > 0 {
		bubble.Footer = &lineBox{Type: "box", Layout: "vertical", Contents: lineButtons(lineActions(d, able, false))}
	}
	return bubble
}

func lineHero(m *convapi.MediaMessage) *lineBox {
	if m == nil {
		return nil
	}
	return &lineBox{Type: "image", URL: m.URL, Size: "full", AspectRatio: "20:13", AspectMode: "cover"}
}

func lineButtons(actions []lineAction) []lineBox {
	out := make([]lineBox, len(actions))
	for i := range actions {
		out[i] = lineBox{Type: "button", Action: &actions[i]}
	}
	return out
}

func lineFlexCarousel(d *draft, cards []block) {
	flex := lineBubbles{Type: "carousel"}
	for _, b := range cards {
		able, _ := pick(b.options, lineAble(d))
		flex.Contents = append(flex.Contents, lineBubbleOf(d, b, able))
	}
	d.add(lineMessage{Type: "flex", AltText: lineAltText.cut(cardsText(cards, nil)), Contents: flex})
}

// lineBubbleSize is how many octets one bubble may have.
const lineBubbleSize = 30 << 10

// lineList is one bubble with a button for each item.
func lineList(d *draft, l *list) {
	if len(l.options()) == 0 || l.media != nil && d.limits.kind(l.media) != image {
		d.listAsText(l)
		return
	}
	actions := lineActions(d, l.options(), false)
	bubble := lineBubble{Type: "bubble", Hero: lineHero(l.media), Body: lineTexts(lineBox{Text: l.title, Weight: "bold"}, lineBox{Text: l.text})}
	for _, s := range l.sections {
		if s.title != "" {
			bubble.Body.Contents = append(bubble.Body.Contents, lineBox{Type: "text", Text: s.title, Weight: "bold", Wrap: true})
		}
		for _, o := range s.options {
			bubble.Body.Contents = append(bubble.Body.Contents, lineButtons(actions[:1])...)
			actions = actions[1:]
			if o.text != "" {
				bubble.Body.Contents = append(bubble.Body.Contents, lineBox{Type: "text", Text: o.text, Wrap: true})
			}
		}
	}
	message := lineMessage{Type: "flex", AltText: lineAltText.cut(render(l.message)), Contents: bubble}
	if size, err := encode(bubble); err != nil || len(size) > lineBubbleSize {
		d.listAsText(l)
		return
	}
	d.add(message)
}

// lineNotice is a LINE notification message by a template, POST
// /v2/bot/message/pnp/templated/push.
type lineNotice struct {
	To          string          `json:"to"`
	TemplateKey string          `json:"templateKey"`
	Body        *lineNoticeBody `json:"body,omitempty"`
}

type lineNoticeBody struct {
	Emphasized *lineNoticeItem    `json:"emphasizedItem,omitempty"`
	Items      []lineNoticeItem   `json:"items,omitempty"`
	Buttons    []lineNoticeButton `json:"buttons,omitempty"`
}

type lineNoticeItem struct {
	Key     string `json:"itemKey"`
	Content string `json:"content"`
}

type lineNoticeButton struct {
	Key string `json:"buttonKey"`
	URL string `json:"url"`
}

// lineSpecific writes NOTIFICATION_MESSAGE_TEMPLATE, whose members the contract
// spells in its own way.
func lineSpecific(m convapi.ChannelSpecificMessage) (any, error) {
	if m.MessageType != convapi.SpecificNotificationMessageTemplate {
		return nil, refuse(convapi.ReasonUnsupportedOperation, "LINE has no message of type %s", m.MessageType)
	}
	type item struct {
		Key     string `json:"item_key"`
		Content string `json:"content"`
	}
	var notice struct {
		TemplateKey string `json:"template_key"`
		Body        *struct {
			Emphasized *item  `json:"emphasized_item"`
			Items      []item `json:"items"`
			Buttons    []struct {
				Key string `json:"button_key"`
				URL string `json:"url"`
			} `json:"buttons"`
		} `json:"body"`
	}
	if err := json.Unmarshal(m.Message, &notice); err != nil {
		return nil, refuse(convapi.ReasonBadRequest, "the message of type %s is not of its form", m.MessageType)
	}
	out := lineNotice{To: To, TemplateKey: notice.TemplateKey}
	if b := notice.Body; b != nil {
		out.Body = &lineNoticeBody{}
		if b.Emphasized != nil {
			out.Body.Emphasized = &lineNoticeItem{b.Emphasized.Key, b.Emphasized.Content}
		}
		for _, i := range b.Items {
			out.Body.Items = append(out.Body.Items, lineNoticeItem(i))
		}
		for _, button := range b.Buttons {
			out.Body.Buttons = append(out.Body.Buttons, lineNoticeButton(button))
		}
	}
	return out, nil
}
