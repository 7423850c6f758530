package whatsapp

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// message is an inbound message. The member that its type names is set.
type message struct {
	ID         string   `json:"id"`
	From       string   `json:"from"`
	FromUserID string   `json:"from_user_id"`
	Timestamp  unixTime `json:"timestamp"`
	Type       string   `json:"type"`
	Context    struct {
		ID string `json:"id"`
	} `json:"context"`
	Referral json.RawMessage `json:"referral"` // the advertisement that led here

	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Image    file `json:"image"`
	Video    file `json:"video"`
	Audio    file `json:"audio"`
	Voice    file `json:"voice"`
	Document file `json:"document"`
	Sticker  file `json:"sticker"`
	Location struct {
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
		Name      string  `json:"name"`
		Address   string  `json:"address"`
	} `json:"location"`
	Contacts    json.RawMessage `json:"contacts"`
	Interactive json.RawMessage `json:"interactive"`
	Button      struct {
		Payload string `json:"payload"`
		Text    string `json:"text"`
	} `json:"button"`
	Reaction struct {
		MessageID string `json:"message_id"`
		Emoji     string `json:"emoji"`
	} `json:"reaction"`
	Order  order           `json:"order"`
	System json.RawMessage `json:"system"`
}

// file is media that lies with Meta.
type file struct {
	ID       string `json:"id"`
	Caption  string `json:"caption"`
	Filename string `json:"filename"`
}

type order struct {
	CatalogID string `json:"catalog_id"`
	Text      string `json:"text"`
	Items     []struct {
		ID       string  `json:"product_retailer_id"`
		Quantity int     `json:"quantity"`
		Price    float64 `json:"item_price"`
		Currency string  `json:"currency"`
	} `json:"product_items"`
}

// message adds one inbound message. What has no form in the contract, or not
// the form that we know, goes on as it is.
func (a *adapter) message(batch *channel.Batch, people []person, raw json.RawMessage) {
	var m message
	parseErr := json.Unmarshal(raw, &m)
	in := channel.Inbound{
		Key:        m.ID,
		Identity:   sender(m, people),
		At:         m.Timestamp.Time,
		ReplyToRef: m.Context.ID,
	}
	if object(m.Referral) {
		in.Metadata = string(m.Referral)
	}
	if in.Key == "" || in.Identity == "" {
		a.log.Warn("message of a webhook has no id or no sender", "type", m.Type, "error", parseErr)
		return
	}
	if parseErr != nil || !a.content(&in, m) {
		in.Unsupported = raw
	}
	if in.Message != nil {
		in.Ref = m.ID
	}
	batch.Inbound = append(batch.Inbound, in)
}

// sender prefers the number, as Meta does for the way back.
func sender(m message, people []person) string {
	identity := cmp.Or(m.From, m.FromUserID)
	if identity == "" && len(people) == 1 {
		identity = cmp.Or(people[0].WaID, people[0].UserID)
	}
	return identity
}

// content sets what the person did; false means that there is no form for it.
func (a *adapter) content(in *channel.Inbound, m message) bool {
	switch m.Type {
	case "text":
		in.Message = &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: m.Text.Body}}
	case "image", "video", "audio", "voice", "document", "sticker":
		in.Message = a.media(m)
	case "location":
		l := m.Location
		in.Message = &convapi.ContactMessage{LocationMessage: &convapi.LocationMessage{
			Coordinates: &convapi.Coordinates{Latitude: l.Latitude, Longitude: l.Longitude}, Title: l.Name, Label: l.Address,
		}}
	case "contacts":
		in.Message = contactCards(m.Contacts)
	case "interactive":
		in.Message = interactive(m.Interactive)
	case "button":
		in.Message = choice(cmp.Or(m.Button.Payload, m.Button.Text))
	case "reaction":
		in.MessageEvent, in.EventRef = reaction(m), m.Reaction.MessageID
	case "order":
		in.Message = m.Order.message()
	case "system":
		in.ChannelEvent = systemEvent(m.System)
	}
	return in.Message != nil || in.MessageEvent != nil || in.ChannelEvent != nil
}

// choice is a tap; the engine finds the message that offered it by ReplyToRef.
func choice(postback string) *convapi.ContactMessage {
	return &convapi.ContactMessage{ChoiceResponseMessage: &convapi.ChoiceResponseMessage{PostbackData: postback}}
}

func interactive(raw json.RawMessage) *convapi.ContactMessage {
	var reply struct {
		Type   string `json:"type"`
		Button struct {
			ID string `json:"id"`
		} `json:"button_reply"`
		List struct {
			ID string `json:"id"`
		} `json:"list_reply"`
	}
	if json.Unmarshal(raw, &reply) != nil {
		return nil
	}
	switch reply.Type {
	case "button_reply":
		return choice(reply.Button.ID)
	case "list_reply":
		return choice(reply.List.ID)
	case "nfm_reply":
		return &convapi.ContactMessage{ChannelSpecificMessage: &convapi.ChannelSpecificContactMessage{MessageType: reply.Type, Message: raw}}
	}
	return nil
}

// contactCards keeps shared contacts as they are: the contract has a form for
// them only in the other direction.
func contactCards(raw json.RawMessage) *convapi.ContactMessage {
	if len(raw) == 0 {
		return nil
	}
	return &convapi.ContactMessage{FallbackMessage: &convapi.FallbackMessage{
		RawMessage: string(raw),
		Reason: &convapi.Reason{
			Code: convapi.ReasonUnsupportedOperation, Description: "shared contacts have no form of their own", SubCode: convapi.SubCodeUnspecified,
		},
	}}
}

func reaction(m message) *convapi.ContactMessageEvent {
	if m.Reaction.MessageID == "" {
		return nil
	}
	event := &convapi.ReactionEvent{Emoji: m.Reaction.Emoji, Action: convapi.ReactionReact}
	if event.Emoji == "" {
		event.Action = convapi.ReactionUnreact
	}
	return &convapi.ContactMessageEvent{ReactionEvent: event}
}

func (o order) message() *convapi.ContactMessage {
	response := &convapi.ProductResponseMessage{Title: o.Text, CatalogID: o.CatalogID}
	for _, item := range o.Items {
		response.Products = append(response.Products, convapi.ListProduct{
			ID: item.ID, Marketplace: "FACEBOOK", Quantity: item.Quantity, ItemPrice: item.Price, Currency: item.Currency,
		})
	}
	return &convapi.ContactMessage{ProductResponseMessage: response}
}

// media gives a URL of ours: Meta's own is valid for five minutes, and only for
// the bearer of the token. Media opens it.
func (a *adapter) media(m message) *convapi.ContactMessage {
	f := map[string]file{
		"image": m.Image, "video": m.Video, "audio": m.Audio, "voice": m.Voice, "document": m.Document, "sticker": m.Sticker,
	}[m.Type]
	if !digits(f.ID) {
		return nil
	}
	address, err := rest.MediaURL(a.callbackURL, a.token, f.ID)
	if err != nil {
		a.log.Error("media of a message has no URL", "error", err)
		return nil
	}
	if f.Caption != "" {
		return &convapi.ContactMessage{MediaCardMessage: &convapi.MediaCardMessage{URL: address, Caption: f.Caption}}
	}
	return &convapi.ContactMessage{MediaMessage: &convapi.MediaMessage{URL: address, FilenameOverride: f.Filename}}
}

// systemEvent passes a changed number on.
func systemEvent(raw json.RawMessage) *convapi.ChannelEvent {
	var system struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(raw, &system) != nil || system.Type != "user_changed_number" {
		return nil
	}
	return &convapi.ChannelEvent{Channel: convapi.ChannelWhatsApp, EventType: "WHATS_APP_USER_CHANGED_NUMBER", AdditionalData: raw}
}

// object says whether raw JSON is an object: what is passed on has to be one.
func object(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// quality passes Meta's opinion of the number on. It has no id: the same words
// at the same time are the same.
func quality(account string, at unixTime, value json.RawMessage) channel.Inbound {
	return channel.Inbound{
		Key: digest("quality", account, at.String(), string(value)),
		At:  at.Time,
		ChannelEvent: &convapi.ChannelEvent{
			Channel: convapi.ChannelWhatsApp, EventType: "WHATS_APP_QUALITY_RATING_CHANGED", AdditionalData: value,
		},
	}
}

// preferences is the value of the field user_preferences: who does not want
// marketing any more, or wants it again.
func (a *adapter) preferences(batch *channel.Batch, raw json.RawMessage) error {
	var value struct {
		messagesValue
		Preferences []struct {
			WaID      string   `json:"wa_id"`
			UserID    string   `json:"user_id"`
			Value     string   `json:"value"`
			Timestamp unixTime `json:"timestamp"`
		} `json:"user_preferences"`
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	if value.Metadata.PhoneNumberID != a.phoneNumberID {
		return nil
	}
	for _, p := range value.Preferences {
		identity := cmp.Or(p.WaID, p.UserID)
		if identity == "" || (p.Value != "stop" && p.Value != "resume") {
			continue
		}
		batch.Inbound = append(batch.Inbound, channel.Inbound{
			Key:      digest("preference", identity, p.Timestamp.String(), p.Value),
			Identity: identity,
			At:       p.Timestamp.Time,
			Opt:      &channel.Opt{In: p.Value == "resume", List: convapi.OptOutMarketing},
		})
	}
	return nil
}

// digest makes a key for what has no id.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return parts[0] + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}
