package convapi

import "encoding/json"

// AppMessage is an outbound message: exactly one generic type, or none when an
// explicit override says it all, and members common to all types.
type AppMessage struct {
	TextMessage        *TextMessage        `json:"text_message,omitempty"`
	MediaMessage       *MediaMessage       `json:"media_message,omitempty"`
	CardMessage        *CardMessage        `json:"card_message,omitempty"`
	CarouselMessage    *CarouselMessage    `json:"carousel_message,omitempty"`
	ChoiceMessage      *ChoiceMessage      `json:"choice_message,omitempty"`
	ListMessage        *ListMessage        `json:"list_message,omitempty"`
	LocationMessage    *LocationMessage    `json:"location_message,omitempty"`
	ContactInfoMessage *ContactInfoMessage `json:"contact_info_message,omitempty"`
	TemplateMessage    *TemplateMessage    `json:"template_message,omitempty"`

	ExplicitChannelMessage     map[Channel]string                 `json:"explicit_channel_message,omitempty"` // raw channel JSON as a string; wins over everything
	ExplicitChannelOmniMessage map[Channel]OmniMessageOverride    `json:"explicit_channel_omni_message,omitempty"`
	ChannelSpecificMessage     map[Channel]ChannelSpecificMessage `json:"channel_specific_message,omitempty"`
	Agent                      *Agent                             `json:"agent,omitempty"`
	ReplyTo                    *ReplyTo                           `json:"reply_to,omitempty"`
}

// OmniMessageOverride replaces the generic type on one channel; exactly one
// member is set.
type OmniMessageOverride struct {
	TextMessage        *TextMessage        `json:"text_message,omitempty"`
	MediaMessage       *MediaMessage       `json:"media_message,omitempty"`
	TemplateReference  *TemplateReference  `json:"template_reference,omitempty"`
	ChoiceMessage      *ChoiceMessage      `json:"choice_message,omitempty"`
	CardMessage        *CardMessage        `json:"card_message,omitempty"`
	CarouselMessage    *CarouselMessage    `json:"carousel_message,omitempty"`
	LocationMessage    *LocationMessage    `json:"location_message,omitempty"`
	ContactInfoMessage *ContactInfoMessage `json:"contact_info_message,omitempty"`
	ListMessage        *ListMessage        `json:"list_message,omitempty"`
}

// ChannelSpecificMessage is a message of a kind that only one channel has. Only
// its type and that Message is an object are checked; the rest passes through.
type ChannelSpecificMessage struct {
	MessageType ChannelSpecificMessageType `json:"message_type"`
	Message     json.RawMessage            `json:"message"`
}

// ChannelSpecificMessageType names the kind of a channel-specific message.
type ChannelSpecificMessageType string

// The channel-specific kinds of the contract.
const (
	SpecificFlows                       ChannelSpecificMessageType = "FLOWS"
	SpecificOrderDetails                ChannelSpecificMessageType = "ORDER_DETAILS"
	SpecificOrderStatus                 ChannelSpecificMessageType = "ORDER_STATUS"
	SpecificCommerce                    ChannelSpecificMessageType = "COMMERCE"
	SpecificCarouselCommerce            ChannelSpecificMessageType = "CAROUSEL_COMMERCE"
	SpecificNotificationMessageTemplate ChannelSpecificMessageType = "NOTIFICATION_MESSAGE_TEMPLATE"
)

// Known reports whether t is a kind of the contract.
func (t ChannelSpecificMessageType) Known() bool {
	switch t {
	case SpecificFlows, SpecificOrderDetails, SpecificOrderStatus, SpecificCommerce,
		SpecificCarouselCommerce, SpecificNotificationMessageTemplate:
		return true
	}
	return false
}

// Agent is who speaks for the app.
type Agent struct {
	DisplayName string    `json:"display_name,omitempty"`
	Type        AgentType `json:"type,omitempty"`
	PictureURL  string    `json:"picture_url,omitempty"`
}

// AgentType says whether an agent is a person.
type AgentType string

// The agent types of the contract.
const (
	AgentUnknown AgentType = "UNKNOWN_AGENT_TYPE"
	AgentHuman   AgentType = "HUMAN"
	AgentBot     AgentType = "BOT"
)

// Known reports whether t is an agent type of the contract.
func (t AgentType) Known() bool { return t == AgentUnknown || t == AgentHuman || t == AgentBot }

// ReplyTo names the message that is being answered.
type ReplyTo struct {
	MessageID string `json:"message_id"`
}

// TextMessage is plain text.
type TextMessage struct {
	Text string `json:"text"`
}

// MediaMessage is an image, video, audio or document by URL.
type MediaMessage struct {
	URL              string `json:"url"`
	ThumbnailURL     string `json:"thumbnail_url,omitempty"`
	FilenameOverride string `json:"filename_override,omitempty"`
}

// CardMessage is a title, a text, a picture and up to ten choices.
type CardMessage struct {
	Title             string                 `json:"title,omitempty"`
	Description       string                 `json:"description,omitempty"`
	MediaMessage      *MediaMessage          `json:"media_message,omitempty"`
	Choices           []Choice               `json:"choices,omitempty"`
	Height            CardHeight             `json:"height,omitempty"`
	MessageProperties *CardMessageProperties `json:"message_properties,omitempty"`
}

// CardMessageProperties are channel details of a card.
type CardMessageProperties struct {
	WhatsAppHeader string `json:"whatsapp_header,omitempty"`
}

// CardHeight is the height of an RCS card.
type CardHeight string

// The card heights of the contract.
const (
	HeightUnspecified CardHeight = "UNSPECIFIED_HEIGHT"
	HeightShort       CardHeight = "SHORT"
	HeightMedium      CardHeight = "MEDIUM"
	HeightTall        CardHeight = "TALL"
)

// Known reports whether h is a height of the contract.
func (h CardHeight) Known() bool {
	return h == HeightUnspecified || h == HeightShort || h == HeightMedium || h == HeightTall
}

// CarouselMessage is up to ten cards and up to three choices below them.
type CarouselMessage struct {
	Cards   []CardMessage `json:"cards"`
	Choices []Choice      `json:"choices,omitempty"`
}

// ChoiceMessage is a text with up to ten choices.
type ChoiceMessage struct {
	TextMessage       *TextMessage             `json:"text_message,omitempty"`
	Choices           []Choice                 `json:"choices"`
	MessageProperties *ChoiceMessageProperties `json:"message_properties,omitempty"`
}

// ChoiceMessageProperties are channel details of a choice message.
type ChoiceMessageProperties struct {
	WhatsAppFooter string `json:"whatsapp_footer,omitempty"`
}

// Choice is one thing to tap; exactly one of the message members is set.
type Choice struct {
	TextMessage          *TextMessage          `json:"text_message,omitempty"`
	URLMessage           *URLMessage           `json:"url_message,omitempty"`
	CallMessage          *CallMessage          `json:"call_message,omitempty"`
	LocationMessage      *LocationMessage      `json:"location_message,omitempty"`
	CalendarMessage      *CalendarMessage      `json:"calendar_message,omitempty"`
	ShareLocationMessage *ShareLocationMessage `json:"share_location_message,omitempty"`
	PostbackData         string                `json:"postback_data,omitempty"` // comes back in the choice response
	DisplayMode          DisplayMode           `json:"display_mode,omitempty"`
}

// DisplayMode keeps a choice visible on RCS.
type DisplayMode string

// The display modes of the contract.
const (
	DisplayModeUnspecified DisplayMode = "DISPLAY_MODE_UNSPECIFIED"
	DisplayModePersistent  DisplayMode = "PERSISTENT"
)

// Known reports whether m is a display mode of the contract.
func (m DisplayMode) Known() bool { return m == DisplayModeUnspecified || m == DisplayModePersistent }

// URLMessage is a choice that opens a page.
type URLMessage struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// CallMessage is a choice that dials a number.
type CallMessage struct {
	Title       string `json:"title"`
	PhoneNumber string `json:"phone_number"` // E.164 with +
}

// CalendarMessage is a choice that adds an event to the calendar.
type CalendarMessage struct {
	Title            string `json:"title"`
	EventStart       Time   `json:"event_start"`
	EventEnd         Time   `json:"event_end"`
	EventTitle       string `json:"event_title"`
	EventDescription string `json:"event_description,omitempty"`
	FallbackURL      string `json:"fallback_url"`
}

// ShareLocationMessage is a choice that asks for the contact's location.
type ShareLocationMessage struct {
	Title       string `json:"title"`
	FallbackURL string `json:"fallback_url"`
}

// ListMessage is sections of items, all choices or all products.
type ListMessage struct {
	Title             string                 `json:"title"`
	Description       string                 `json:"description,omitempty"`
	Media             *MediaMessage          `json:"media,omitempty"`
	Sections          []ListSection          `json:"sections"`
	MessageProperties *ListMessageProperties `json:"message_properties,omitempty"`
}

// ListMessageProperties are channel details of a list.
type ListMessageProperties struct {
	CatalogID      string `json:"catalog_id,omitempty"` // required when the items are products
	Menu           string `json:"menu,omitempty"`
	WhatsAppHeader string `json:"whatsapp_header,omitempty"`
}

// ListSection is a titled group of items.
type ListSection struct {
	Title string     `json:"title,omitempty"`
	Items []ListItem `json:"items"`
}

// ListItem is a choice or a product, exactly one of both.
type ListItem struct {
	Choice  *ListChoice  `json:"choice,omitempty"`
	Product *ListProduct `json:"product,omitempty"`
}

// ListChoice is an item to tap.
type ListChoice struct {
	Title        string        `json:"title"`
	Description  string        `json:"description,omitempty"`
	Media        *MediaMessage `json:"media,omitempty"`
	PostbackData string        `json:"postback_data,omitempty"`
}

// ListProduct is a product of a catalog. Quantity, ItemPrice and Currency are
// filled by the channel in answers only.
type ListProduct struct {
	ID          string  `json:"id"`
	Marketplace string  `json:"marketplace"` // FACEBOOK
	Quantity    int     `json:"quantity,omitempty"`
	ItemPrice   float64 `json:"item_price,omitempty"`
	Currency    string  `json:"currency,omitempty"`
}

// LocationMessage is a place on the map.
type LocationMessage struct {
	Coordinates *Coordinates `json:"coordinates"`
	Title       string       `json:"title"`
	Label       string       `json:"label,omitempty"`
}

// Coordinates are degrees. The contract's are single precision.
type Coordinates struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// TemplateMessage refers to a channel's template, to an omni template, or both;
// the channel's wins.
type TemplateMessage struct {
	ChannelTemplate map[Channel]TemplateReference `json:"channel_template,omitempty"`
	OmniTemplate    *TemplateReference            `json:"omni_template,omitempty"`
}

// TemplateReference picks a template and fills its parameters.
type TemplateReference struct {
	TemplateID   string            `json:"template_id"`
	Version      string            `json:"version,omitempty"`       // required for omni templates; "latest" works there
	LanguageCode string            `json:"language_code,omitempty"` // BCP-47
	Parameters   map[string]string `json:"parameters,omitempty"`
}
