package graph

import "encoding/json"

// interactive is a message to tap on.
type interactive struct {
	Type   string `json:"type"`
	Header *struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		Image    *file  `json:"image"`
		Video    *file  `json:"video"`
		Document *file  `json:"document"`
	} `json:"header"`
	Body struct {
		Text string `json:"text"`
	} `json:"body"`
	Footer *struct {
		Text string `json:"text"`
	} `json:"footer"`
	Action struct {
		Name       string          `json:"name"`
		Parameters json.RawMessage `json:"parameters"`
		Button     string          `json:"button"`
		Buttons    []struct {
			Type  string `json:"type"`
			Reply struct {
				ID    string `json:"id"`
				Title string `json:"title"`
			} `json:"reply"`
		} `json:"buttons"`
		CatalogID string        `json:"catalog_id"`
		Product   string        `json:"product_retailer_id"`
		Sections  []listSection `json:"sections"`
	} `json:"action"`
}

type listSection struct {
	Title string `json:"title"`
	Rows  []struct {
		ID          string `json:"id"`
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"rows"`
	Products []struct {
		ID string `json:"product_retailer_id"`
	} `json:"product_items"`
}

// names are the kinds whose action is only a name with parameters.
var names = map[string]string{
	"cta_url": "cta_url", "flow": "flow", "location_request_message": "send_location",
	"order_details": "review_and_pay", "order_status": "review_order",
}

func checkInteractive(raw json.RawMessage) trouble {
	m, t := parseAs[interactive](raw, "interactive")
	if m.Type != "product" {
		t.text("interactive['body']['text']", m.Body.Text, maxInteractive, true)
	}
	if m.Footer != nil {
		t.text("interactive['footer']['text']", m.Footer.Text, maxFooter, true)
	}
	m.checkHeader(&t)
	switch m.Type {
	case "button":
		m.checkButtons(&t)
	case "list":
		t.text("action['button']", m.Action.Button, maxButtonTitle, true)
		m.checkSections(&t)
	case "product":
		t.must(m.Action.CatalogID != "" && m.Action.Product != "", "action of a product")
	case "product_list":
		t.must(m.Action.CatalogID != "" && m.Header != nil, "action or header of a product list")
		m.checkSections(&t)
	default:
		t.must(names[m.Type] != "" && names[m.Type] == m.Action.Name, "type "+m.Type+" with action "+m.Action.Name)
		t.must(m.Type == "location_request_message" || len(m.Action.Parameters) > 0 && m.Action.Parameters[0] == '{', "action's parameters")
	}
	return t
}

func (m *interactive) checkHeader(t *trouble) {
	if m.Header == nil {
		return
	}
	t.must(m.Type == "button" || m.Type == "cta_url" || m.Type == "flow" || m.Type == "order_details" || m.Header.Type == "text", "header of this type")
	for kind, f := range map[string]*file{"image": m.Header.Image, "video": m.Header.Video, "document": m.Header.Document} {
		t.must((m.Header.Type == kind) == (f != nil), "header's "+kind)
		if f != nil {
			f.check(t)
		}
	}
	t.text("header's text", m.Header.Text, maxFooter, m.Header.Type == "text")
}

func (m *interactive) checkButtons(t *trouble) {
	t.must(len(m.Action.Buttons) >= 1 && len(m.Action.Buttons) <= maxButtons, "number of buttons")
	seen := map[string]bool{}
	for _, b := range m.Action.Buttons {
		t.must(b.Type == "reply", "type of a button")
		t.text("id of a button", b.Reply.ID, maxButtonID, true)
		t.text("title of a button", b.Reply.Title, maxButtonTitle, true)
		t.must(!seen[b.Reply.Title] && !seen["id "+b.Reply.ID], "duplicated title or id of a button")
		seen[b.Reply.Title], seen["id "+b.Reply.ID] = true, true
	}
}

func (m *interactive) checkSections(t *trouble) {
	t.must(len(m.Action.Sections) >= 1 && len(m.Action.Sections) <= maxSections, "number of sections")
	rows, products := 0, 0
	ids := map[string]bool{}
	for _, s := range m.Action.Sections {
		t.text("title of a section", s.Title, maxRowTitle, len(m.Action.Sections) > 1)
		for _, r := range s.Rows {
			rows++
			t.text("id of a row", r.ID, maxRowID, true)
			t.text("title of a row", r.Title, maxRowTitle, true)
			t.text("description of a row", r.Description, maxRowText, false)
			t.must(!ids[r.ID], "duplicated id of a row")
			ids[r.ID] = true
		}
		products += len(s.Products)
	}
	t.must(m.Type != "list" || rows >= 1 && rows <= maxRows, "number of rows")
	t.must(m.Type != "product_list" || products >= 1 && products <= maxProducts, "number of products")
}
