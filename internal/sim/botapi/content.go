package botapi

import (
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The platform's limits (Bot API 10.1).
const (
	maxText     = 4096 // characters of a text
	maxCaption  = 1024 // characters
	maxData     = 64   // octets of callback_data
	maxVCard    = 2048 // octets
	maxButtons  = 100  // of one keyboard
	maxEntities = 100
)

// checkContent says what is wrong with a message, in the platform's words; "" if
// nothing is.
func (s *Server) checkContent(method string, p params) string {
	for _, check := range []func() string{
		func() string { return checkWords(method, p) },
		func() string { return checkFile(p) },
		func() string { return checkPlace(method, p) },
		func() string { return checkMarkup(p["reply_markup"]) },
		func() string { return s.checkReply(p["reply_parameters"]) },
	} {
		if problem := check(); problem != "" {
			return problem
		}
	}
	return ""
}

func checkWords(method string, p params) string {
	text, caption := p.text("text"), p.text("caption")
	switch {
	case method == "sendMessage" && text == "":
		return "message text is empty"
	case utf8.RuneCountInString(text) > maxText:
		return "message is too long"
	case utf8.RuneCountInString(caption) > maxCaption:
		return "message caption is too long"
	case len(p.text("vcard")) > maxVCard:
		return "vCard is too long"
	}
	if problem := checkEntities(p["entities"], text); problem != "" {
		return problem
	}
	return checkEntities(p["caption_entities"], caption)
}

// checkEntities wants every entity within its text, which counts in UTF-16.
func checkEntities(raw json.RawMessage, text string) string {
	var entities []struct {
		Type   string `json:"type"`
		Offset int    `json:"offset"`
		Length int    `json:"length"`
	}
	if len(raw) == 0 {
		return ""
	}
	if json.Unmarshal(raw, &entities) != nil || len(entities) > maxEntities {
		return "can't parse entities"
	}
	units := len(utf16.Encode([]rune(text)))
	for _, e := range entities {
		if e.Type == "" || e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > units {
			return "can't parse entities: entity is outside of the text"
		}
	}
	return ""
}

// files are the parameters that name a file.
var files = []string{"photo", "video", "audio", "voice", "document", "animation", "sticker"}

// checkFile takes an URL or the id of a file that the platform has.
func checkFile(p params) string {
	for _, name := range files {
		value := p.text(name)
		if p[name] == nil {
			continue
		}
		if u, err := url.Parse(value); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
			continue
		}
		if value == "" || slices.ContainsFunc([]rune(value), func(r rune) bool { return r > 0x7e || r <= ' ' || r == ':' }) {
			return "wrong file identifier/HTTP URL specified"
		}
	}
	return ""
}

func checkPlace(method string, p params) string {
	if method != "sendVenue" && method != "sendLocation" {
		return ""
	}
	latitude, err := strconv.ParseFloat(string(p["latitude"]), 64)
	longitude, err2 := strconv.ParseFloat(string(p["longitude"]), 64)
	if err != nil || err2 != nil || math.Abs(latitude) > 90 || math.Abs(longitude) > 180 {
		return "invalid location specified"
	}
	if method == "sendVenue" && (p.text("title") == "" || p.text("address") == "") {
		return "VENUE_TITLE_EMPTY"
	}
	return ""
}

// markup is a keyboard below a message, or one in the place of the phone's.
type markup struct {
	Inline   [][]button `json:"inline_keyboard"`
	Keyboard [][]button `json:"keyboard"`
}

type button struct {
	Text     string  `json:"text"`
	Data     *string `json:"callback_data"`
	URL      *string `json:"url"`
	Location bool    `json:"request_location"`
	Contact  bool    `json:"request_contact"`
}

func checkMarkup(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	var m markup
	if json.Unmarshal(raw, &m) != nil {
		return "can't parse reply keyboard markup JSON object"
	}
	total := 0
	for _, row := range m.Inline {
		for _, b := range row {
			total++
			if problem := b.check(); problem != "" {
				return problem
			}
		}
	}
	for _, row := range m.Keyboard {
		for _, b := range row {
			if total++; b.Text == "" {
				return "can't parse keyboard button: Text must be non-empty"
			}
		}
	}
	if total > maxButtons {
		return "reply markup is too long"
	}
	return ""
}

// check wants an inline button to do exactly one thing.
func (b button) check() string {
	switch {
	case b.Text == "":
		return "can't parse inline keyboard button: Text must be non-empty"
	case (b.Data == nil) == (b.URL == nil):
		return "can't parse inline keyboard button: exactly one of its actions must be used"
	case b.Data != nil && (*b.Data == "" || len(*b.Data) > maxData):
		return "BUTTON_DATA_INVALID"
	case b.URL != nil:
		if u, err := url.Parse(*b.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "tg") {
			return "BUTTON_URL_INVALID"
		}
	}
	return ""
}

// checkReply wants the message that is answered to exist, unless the sender does
// not mind.
func (s *Server) checkReply(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	var reply struct {
		MessageID int64 `json:"message_id"`
		Anyway    bool  `json:"allow_sending_without_reply"`
	}
	if json.Unmarshal(raw, &reply) != nil {
		return "can't parse reply parameters"
	}
	if exists := reply.MessageID >= 1 && reply.MessageID <= s.serial.Load(); !exists && !reply.Anyway {
		return "message to be replied not found"
	}
	return ""
}
