package graph

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"
)

// The platform's limits, in characters (Cloud API reference v23).
const (
	maxCaption       = 1024
	maxInteractive   = 1024 // its body
	maxFooter        = 60   // and header
	maxButtons       = 3
	maxButtonTitle   = 20
	maxButtonID      = 256
	maxRows          = 10 // of all sections
	maxSections      = 10
	maxRowTitle      = 24 // and section title
	maxRowText       = 72
	maxRowID         = 200
	maxProducts      = 30
	maxContacts      = 5
	maxCarouselCards = 10
)

// trouble is what the platform answers; the zero value is none.
type trouble struct {
	code    int
	details string
}

func missing(what string) trouble {
	return trouble{131008, fmt.Sprintf("The parameter %s is required.", what)}
}

func invalid(what string) trouble {
	return trouble{131009, fmt.Sprintf("Parameter value is not valid: %s", what)}
}

// checks look into the content of a type.
var checks = map[string]func(json.RawMessage) trouble{
	"text": checkText, "image": checkFile, "video": checkFile, "audio": checkBareFile, "sticker": checkBareFile, "document": checkFile,
	"location": checkLocation, "contacts": checkContacts, "interactive": checkInteractive, "template": checkTemplate,
}

// text checks a text of a limited length. One that is required is not empty.
func (t *trouble) text(what, value string, most int, required bool) {
	n := utf8.RuneCountInString(value)
	switch {
	case t.code != 0:
	case n == 0 && required:
		*t = missing(what)
	case n > most:
		*t = invalid(fmt.Sprintf("%s has %d characters, at most %d", what, n, most))
	}
}

func (t *trouble) must(ok bool, what string) {
	if t.code == 0 && !ok {
		*t = invalid(what)
	}
}

// parseAs reads content of a form; anything else is invalid.
func parseAs[T any](raw json.RawMessage, what string) (value T, t trouble) {
	if json.Unmarshal(raw, &value) != nil {
		t = invalid(what)
	}
	return value, t
}

func checkText(raw json.RawMessage) trouble {
	m, t := parseAs[struct {
		Body string `json:"body"`
	}](raw, "text")
	if n := utf8.RuneCountInString(m.Body); t.code == 0 && n > maxText {
		return trouble{100, fmt.Sprintf("Param text['body'] must be at most %d characters long.", maxText)}
	}
	t.text("text['body']", m.Body, maxText, true)
	return t
}

type file struct {
	ID      string `json:"id"`
	Link    string `json:"link"`
	Caption string `json:"caption"`
}

func (f *file) check(t *trouble) {
	u, err := url.Parse(f.Link)
	t.must((f.ID == "") != (f.Link == ""), "one of id and link")
	t.must(f.Link == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", "link")
	t.text("caption", f.Caption, maxCaption, false)
}

func checkFile(raw json.RawMessage) trouble {
	f, t := parseAs[file](raw, "media")
	f.check(&t)
	return t
}

func checkBareFile(raw json.RawMessage) trouble {
	f, t := parseAs[file](raw, "media")
	f.check(&t)
	t.must(f.Caption == "", "caption, which this type has not")
	return t
}

func checkLocation(raw json.RawMessage) trouble {
	m, t := parseAs[struct {
		Latitude  json.RawMessage `json:"latitude"`
		Longitude json.RawMessage `json:"longitude"`
		Name      string          `json:"name"`
		Address   string          `json:"address"`
	}](raw, "location")
	t.must(degrees(m.Latitude, 90), "latitude")
	t.must(degrees(m.Longitude, 180), "longitude")
	return t
}

// degrees takes a number, or a text that is one.
func degrees(raw json.RawMessage, most float64) bool {
	text := string(raw)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	value, err := strconv.ParseFloat(text, 64)
	return err == nil && value >= -most && value <= most
}

func checkContacts(raw json.RawMessage) trouble {
	cards, t := parseAs[[]struct {
		Name struct {
			Formatted string `json:"formatted_name"`
			First     string `json:"first_name"`
			Last      string `json:"last_name"`
			Middle    string `json:"middle_name"`
			Prefix    string `json:"prefix"`
			Suffix    string `json:"suffix"`
		} `json:"name"`
		Phones []struct {
			Phone string `json:"phone"`
		} `json:"phones"`
	}](raw, "contacts")
	t.must(len(cards) >= 1 && len(cards) <= maxContacts, "number of contacts")
	for _, c := range cards {
		t.text("name.formatted_name", c.Name.Formatted, maxText, true)
		t.text("one more part of the name", c.Name.First+c.Name.Last+c.Name.Middle+c.Name.Prefix+c.Name.Suffix, maxText, true)
		for _, p := range c.Phones {
			t.text("phones.phone", p.Phone, maxText, true)
		}
	}
	return t
}

func checkTemplate(raw json.RawMessage) trouble {
	m, t := parseAs[struct {
		Name     string `json:"name"`
		Language struct {
			Code string `json:"code"`
		} `json:"language"`
		Components []struct {
			Type       string `json:"type"`
			SubType    string `json:"sub_type"`
			Index      any    `json:"index"`
			Parameters []struct {
				Type string `json:"type"`
			} `json:"parameters"`
			Cards []json.RawMessage `json:"cards"`
		} `json:"components"`
	}](raw, "template")
	t.text("template['name']", m.Name, maxText, true)
	t.text("template['language']['code']", m.Language.Code, 20, true)
	for _, c := range m.Components {
		t.must(slices.Contains([]string{"header", "body", "button", "carousel", "limited_time_offer"}, c.Type), "type of a component")
		t.must(c.Type != "button" || c.SubType != "" && c.Index != nil, "sub_type and index of a button")
		t.must(len(c.Cards) <= maxCarouselCards, "number of cards")
		for _, p := range c.Parameters {
			t.must(p.Type != "", "type of a parameter")
		}
	}
	return t
}
