package transcode

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"switchyard/convapi"
)

// whatsappTemplateRef is an approved template with its parameters.
type whatsappTemplateRef struct {
	Name       string              `json:"name"`
	Language   whatsappLanguage    `json:"language"`
	Components []whatsappComponent `json:"components,omitempty"`
}

type whatsappLanguage struct {
	Policy string `json:"policy"`
	Code   string `json:"code"`
}

type whatsappComponent struct {
	Type       string               `json:"type"`
	SubType    string               `json:"sub_type,omitempty"`
	Index      string               `json:"index,omitempty"`
	Parameters []whatsappParameter  `json:"parameters,omitempty"`
	Cards      []whatsappCardFilled `json:"cards,omitempty"`
}

type whatsappCardFilled struct {
	Index      int                 `json:"card_index"`
	Components []whatsappComponent `json:"components"`
}

// whatsappParameter is a JSON object: its type and the member of that name, or
// parameter_name beside them.
type whatsappParameter map[string]any

// defaultLanguage is the contract's.
const defaultLanguage = "en"

// The keys of a template's parameters are the vendor's, who has them after
// Meta's components:
//
//	header[1]text, header[1]image.link, body[2]text
//	button[0]url[1]text, button[1]quick_reply[1]payload
//	carousel[0]header[1]image.link, carousel[0]button[0]url[1]text
//
// Cards and buttons count from 0, parameters from 1; a named parameter has its
// name in the place of the number. A key that is nothing but a number or a name
// is a parameter of the body.
var (
	whatsappKey = regexp.MustCompile(
		`^(?:carousel\[([0-9]{1,2})\])?(header|body|limited_time_offer|button\[([0-9]{1,2})\]([a-z_]+))\[([0-9A-Za-z_]+)\]([a-z][a-z0-9_.]*)$`)
	whatsappBareKey = regexp.MustCompile(`^[0-9A-Za-z_]+$`)
)

// whatsappPlaceOf is where a parameter belongs.
type whatsappPlaceOf struct {
	card      int // -1: none
	component string
	button    int
	subType   string
}

func whatsappTemplate(r convapi.TemplateReference) (any, error) {
	components, err := templateComponents(r.Parameters, convapi.ChannelWhatsApp)
	if err != nil {
		return nil, err
	}
	return whatsappMessage{Type: "template", Template: &whatsappTemplateRef{
		Name: r.TemplateID, Language: whatsappLanguage{"deterministic", templateLanguage(r)}, Components: components,
	}}.addressed(), nil
}

// templateComponents sorts parameters into the components that their keys name.
func templateComponents(parameters map[string]string, ch convapi.Channel) ([]whatsappComponent, error) {
	filled := map[whatsappPlaceOf]map[string]whatsappParameter{}
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		at, name, field, ok := parseWhatsAppKey(key)
		if !ok {
			return nil, refuse(convapi.ReasonBadRequest, "parameter %q has no place in a template of %s", key, ch)
		}
		if filled[at] == nil {
			filled[at] = map[string]whatsappParameter{}
		}
		if filled[at][name] == nil {
			filled[at][name] = whatsappParameter{}
		}
		filled[at][name].set(field, parameters[key])
	}
	return whatsappComponents(filled)
}

func parseWhatsAppKey(key string) (at whatsappPlaceOf, name, field string, ok bool) {
	if whatsappBareKey.MatchString(key) {
		return whatsappPlaceOf{card: -1, component: "body"}, key, "text", true
	}
	m := whatsappKey.FindStringSubmatch(key)
	if m == nil {
		return at, "", "", false
	}
	at = whatsappPlaceOf{card: -1, component: m[2]}
	if m[1] != "" {
		at.card, _ = strconv.Atoi(m[1]) // digits
	}
	if m[4] != "" {
		at.component, at.subType = "button", m[4]
		at.button, _ = strconv.Atoi(m[3])
	}
	return at, m[5], m[6], true
}

// set puts a value at a path like image.link. Its first step is the parameter's
// type.
func (p whatsappParameter) set(path, value string) {
	steps := strings.Split(path, ".")
	p["type"] = steps[0]
	if path == "action.type" { // says no more than that
		if p["action"] == nil {
			p["action"] = map[string]any{}
		}
		return
	}
	object := map[string]any(p)
	for _, step := range steps[:len(steps)-1] {
		next, ok := object[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[step] = next
		}
		object = next
	}
	last := steps[len(steps)-1]
	object[last] = value
	switch last { // what is not a text in Meta's form
	case "amount_1000":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			object[last] = n
		}
	case "flow_action_data":
		if json.Valid([]byte(value)) {
			object[last] = json.RawMessage(value)
		}
	}
}

// whatsappComponents puts the components in order, and those of cards into a
// carousel.
func whatsappComponents(filled map[whatsappPlaceOf]map[string]whatsappParameter) ([]whatsappComponent, error) {
	order := map[string]int{"header": 0, "body": 1, "limited_time_offer": 2, "button": 3}
	places := slices.SortedFunc(maps.Keys(filled), func(a, b whatsappPlaceOf) int {
		return cmp.Or(cmp.Compare(a.card, b.card), cmp.Compare(order[a.component], order[b.component]),
			cmp.Compare(a.button, b.button), cmp.Compare(a.subType, b.subType))
	})
	var components []whatsappComponent
	var cards []whatsappCardFilled
	for _, at := range places {
		parameters, err := whatsappParameters(filled[at])
		if err != nil {
			return nil, err
		}
		made := whatsappComponent{Type: at.component, SubType: at.subType, Parameters: parameters}
		if at.subType != "" {
			made.Index = strconv.Itoa(at.button)
		}
		if at.card < 0 {
			components = append(components, made)
			continue
		}
		if len(cards) == 0 || cards[len(cards)-1].Index != at.card {
			cards = append(cards, whatsappCardFilled{Index: at.card})
		}
		card := &cards[len(cards)-1]
		card.Components = append(card.Components, made)
	}
	if len(cards) > 0 {
		components = append(components, whatsappComponent{Type: "carousel", Cards: cards})
	}
	return components, nil
}

// whatsappParameters puts numbered parameters in order, without a gap: behind it
// every value would be in the wrong place. Named ones say so.
func whatsappParameters(byName map[string]whatsappParameter) ([]whatsappParameter, error) {
	var out []whatsappParameter
	for i := range byName {
		if _, err := strconv.Atoi(i); err != nil {
			byName[i]["parameter_name"] = i
		}
	}
	for n := 1; len(out) < len(byName); n++ {
		numbered, ok := byName[strconv.Itoa(n)]
		if !ok {
			break
		}
		out = append(out, numbered)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if byName[name]["parameter_name"] != nil {
			out = append(out, byName[name])
		}
	}
	if len(out) < len(byName) {
		return nil, refuse(convapi.ReasonTemplateInsufficientParameters, "parameter %d of the template is missing", numberedIn(byName)+1)
	}
	return out, nil
}

// numberedIn is up to which number parameters follow each other.
func numberedIn(byName map[string]whatsappParameter) int {
	n := 0
	for byName[strconv.Itoa(n+1)] != nil {
		n++
	}
	return n
}
