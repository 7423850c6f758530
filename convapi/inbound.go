package convapi

import "encoding/json"

// ContactMessage is what a contact sent; exactly one of the members before
// ReplyTo is set.
type ContactMessage struct {
	TextMessage            *TextMessage                   `json:"text_message,omitempty"`
	MediaMessage           *MediaMessage                  `json:"media_message,omitempty"`
	MediaCardMessage       *MediaCardMessage              `json:"media_card_message,omitempty"`
	LocationMessage        *LocationMessage               `json:"location_message,omitempty"`
	ChoiceResponseMessage  *ChoiceResponseMessage         `json:"choice_response_message,omitempty"`
	FallbackMessage        *FallbackMessage               `json:"fallback_message,omitempty"`
	ProductResponseMessage *ProductResponseMessage        `json:"product_response_message,omitempty"`
	ChannelSpecificMessage *ChannelSpecificContactMessage `json:"channel_specific_message,omitempty"`
	ReplyTo                *ReplyTo                       `json:"reply_to,omitempty"`
}

// MediaCardMessage is media with a caption.
type MediaCardMessage struct {
	URL     string `json:"url"`
	Caption string `json:"caption,omitempty"`
}

// ChoiceResponseMessage says which choice of which message was tapped.
type ChoiceResponseMessage struct {
	MessageID    string `json:"message_id"`
	PostbackData string `json:"postback_data"`
}

// FallbackMessage is an inbound message that could not be understood.
type FallbackMessage struct {
	RawMessage string  `json:"raw_message,omitempty"`
	Reason     *Reason `json:"reason,omitempty"`
}

// ProductResponseMessage is an order of products.
type ProductResponseMessage struct {
	Products  []ListProduct `json:"products,omitempty"`
	Title     string        `json:"title,omitempty"`
	CatalogID string        `json:"catalog_id,omitempty"`
}

// ChannelSpecificContactMessage is an answer of a kind that only one channel has
// (WhatsApp's nfm_reply).
type ChannelSpecificContactMessage struct {
	MessageType string          `json:"message_type"`
	Message     json.RawMessage `json:"message"`
}
