package transcode

import (
	"strconv"

	"switchyard/convapi"
)

// wechat writes customer service messages of a WeChat official account, POST
// /cgi-bin/message/custom/send. Media has to be uploaded before.
var wechat = &style{
	// WeChat official accounts: customer service messages; a text counts in
	// octets. One article may be shown, with a URL.
	limits: limits{
		text: limit{most: 2048, unit: octets}, body: limit{most: 2048, unit: octets}, title: limit{most: 64}, detail: limit{most: 512, unit: octets},
		address: limit{most: 1024}, replies: 50,
		media: map[string]string{"jpg": image, "jpeg": image, "png": image, "gif": image, "amr": voice, "mp3": voice, "mp4": video},
	},
	text:     func(text string) any { return wechatMessage{ToUser: To, Type: "text", Text: &wechatText{text}} },
	media:    wechatMedia,
	block:    wechatBlock,
	carousel: (*draft).turnAsText,
	list:     wechatList,
	template: wechatTemplate,
}

type wechatMessage struct {
	ToUser string      `json:"touser"`
	Type   string      `json:"msgtype"`
	Text   *wechatText `json:"text,omitempty"`
	Image  *wechatFile `json:"image,omitempty"`
	Voice  *wechatFile `json:"voice,omitempty"`
	Video  *wechatFile `json:"video,omitempty"`
	Menu   *wechatMenu `json:"msgmenu,omitempty"`
	News   *wechatNews `json:"news,omitempty"`
}

type wechatText struct {
	Content string `json:"content"`
}

type wechatFile struct {
	MediaID string `json:"media_id"`
	ThumbID string `json:"thumb_media_id,omitempty"`
}

type wechatMenu struct {
	Head string           `json:"head_content"`
	List []wechatMenuItem `json:"list"`
	Tail string           `json:"tail_content"`
}

type wechatMenuItem struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

type wechatNews struct {
	Articles []wechatArticle `json:"articles"`
}

type wechatArticle struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	PicURL      string `json:"picurl,omitempty"`
}

func wechatMedia(m *convapi.MediaMessage, kind, _ string) any {
	message := wechatMessage{ToUser: To, Type: kind}
	file := &wechatFile{MediaID: upload(m.URL)}
	switch kind {
	case image:
		message.Image = file
	case voice:
		message.Voice = file
	default:
		if m.ThumbnailURL == "" { // required with a video
			return wechatMessage{ToUser: To, Type: "text", Text: &wechatText{m.URL}}
		}
		file.ThumbID = upload(m.ThumbnailURL)
		message.Video = file
	}
	return message
}

// wechatBlock: text choices are a menu; a card with a URL is an article. What is
// neither stands in the text.
func wechatBlock(d *draft, b block) {
	article := b.card && d.limits.title.fits(b.title) && d.limits.detail.fits(b.text) && b.title != "" && (b.media == nil || d.limits.kind(b.media) == image)
	for i, o := range b.options {
		if !article || o.kind != link || !web(o.url) || !d.limits.address.fits(o.url) {
			continue
		}
		d.add(wechatMessage{ToUser: To, Type: "news", News: &wechatNews{[]wechatArticle{{b.title, b.text, o.url, mediaURL(b.media)}}}})
		rest := append(append([]option(nil), b.options[:i]...), b.options[i+1:]...)
		if len(rest) > 0 {
			d.show(block{options: rest})
		}
		return
	}
	replies, rest := pick(b.options, isReply)
	if len(replies) == 0 || len(replies) > d.limits.replies {
		d.plainly(b)
		return
	}
	text := prompt(b.wordsWith(rest), replies)
	if d.limits.kind(b.media) == "" {
		text = lines(text, mediaURL(b.media))
	} else {
		d.illustrate(b.media, "")
	}
	d.add(wechatMenuOf(d, text, replies))
}

// wechatMenuOf makes a menu. What comes back of a tap is the item's id and its
// words: the number is what a text would answer.
func wechatMenuOf(d *draft, text string, options []option) any {
	menu := &wechatMenu{Head: d.lead(text, d.limits.body)}
	for i, label := range d.limits.label.labels(options) {
		menu.List = append(menu.List, wechatMenuItem{keyPrefix + strconv.Itoa(options[i].number), label})
	}
	return wechatMessage{ToUser: To, Type: "msgmenu", Menu: menu}
}

func wechatList(d *draft, l *list) {
	options := l.options()
	if len(options) == 0 || len(options) > d.limits.replies {
		d.listAsText(l)
		return
	}
	text := l.head()
	if l.detailed() {
		text = lines(text, itemsText(l.message.ListMessage))
	}
	d.illustrate(l.media, "")
	d.add(wechatMenuOf(d, text, options))
}

type wechatTemplateMessage struct {
	ToUser     string                   `json:"touser"`
	TemplateID string                   `json:"template_id"`
	Data       map[string]wechatDataFor `json:"data"`
}

type wechatDataFor struct {
	Value string `json:"value"`
}

// wechatTemplate goes to /cgi-bin/message/template/send.
func wechatTemplate(r convapi.TemplateReference) (any, error) {
	message := wechatTemplateMessage{ToUser: To, TemplateID: r.TemplateID, Data: map[string]wechatDataFor{}}
	for name, value := range r.Parameters {
		message.Data[name] = wechatDataFor{value}
	}
	return message, nil
}
