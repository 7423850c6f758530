package convapi

import "encoding/json"

// SendMessageRequest is the body of POST messages:send.
type SendMessageRequest struct {
	AppID                              string                 `json:"app_id"`
	Recipient                          *Recipient             `json:"recipient"`
	Message                            *AppMessage            `json:"message"`
	CallbackURL                        string                 `json:"callback_url,omitempty"`           // receives this message's delivery reports in place of the webhooks
	ChannelPriorityOrder               []Channel              `json:"channel_priority_order,omitempty"` // exactly these channels, in this order
	ChannelProperties                  map[string]string      `json:"channel_properties,omitempty"`     // values at most 1024 characters; unknown keys are kept
	MessageMetadata                    string                 `json:"message_metadata,omitempty"`       // at most 1024 characters
	ConversationMetadata               json.RawMessage        `json:"conversation_metadata,omitempty"`  // an object, at most 2048 characters
	ConversationMetadataUpdateStrategy MetadataUpdateStrategy `json:"conversation_metadata_update_strategy,omitempty"`
	Queue                              Queue                  `json:"queue,omitempty"`
	TTL                                TTL                    `json:"ttl,omitempty"`
	ProcessingStrategy                 ProcessingStrategy     `json:"processing_strategy,omitempty"`
	CorrelationID                      string                 `json:"correlation_id,omitempty"` // at most 128 characters
	MessageContentType                 MessageContentType     `json:"message_content_type,omitempty"`
}

// SendMessageResponse answers a send: the message is queued, no more.
type SendMessageResponse struct {
	MessageID    string `json:"message_id"`
	AcceptedTime Time   `json:"accepted_time"`
}

// Recipient is a contact by id or by channel identities, exactly one of both.
type Recipient struct {
	ContactID    string        `json:"contact_id,omitempty"`
	IdentifiedBy *IdentifiedBy `json:"identified_by,omitempty"`
}

// IdentifiedBy lists the identities of a recipient, in the order to try.
type IdentifiedBy struct {
	ChannelIdentities []ChannelIdentity `json:"channel_identities"`
}

// TranscodeMessageRequest asks for the channel forms of a message.
type TranscodeMessageRequest struct {
	AppID      string      `json:"app_id"`
	AppMessage *AppMessage `json:"app_message"`
	Channels   []Channel   `json:"channels"`
	From       string      `json:"from,omitempty"`
	To         string      `json:"to,omitempty"`
}

// TranscodeMessageResponse maps each requested channel to its JSON, as a string.
type TranscodeMessageResponse struct {
	TranscodedMessage map[Channel]string `json:"transcoded_message"`
}

// ConversationMessage is a stored message, and the message of an inbound
// callback. Exactly one of AppMessage and ContactMessage is set.
type ConversationMessage struct {
	ID              string          `json:"id"`
	Direction       Direction       `json:"direction"`
	AppMessage      *AppMessage     `json:"app_message,omitempty"`
	ContactMessage  *ContactMessage `json:"contact_message,omitempty"`
	ChannelIdentity ChannelIdentity `json:"channel_identity"`
	ConversationID  string          `json:"conversation_id"`
	ContactID       string          `json:"contact_id"`
	Metadata        string          `json:"metadata"`
	AcceptTime      Time            `json:"accept_time"`
	SenderID        string          `json:"sender_id"` // own number that the contact wrote to; SMS and MMS only
	ProcessingMode  ProcessingMode  `json:"processing_mode"`
	Injected        bool            `json:"injected"`
}

// ListMessagesResponse is one page of messages, newest first.
type ListMessagesResponse struct {
	Messages      []ConversationMessage `json:"messages"`
	NextPageToken string                `json:"next_page_token"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListMessagesResponse) MarshalJSON() ([]byte, error) {
	type plain ListMessagesResponse
	r.Messages = orEmpty(r.Messages)
	return json.Marshal(plain(r))
}

// UpdateMessageRequest is the body of PATCH messages/{id}. Metadata is required
// and may be empty, hence the pointer.
type UpdateMessageRequest struct {
	Metadata *string `json:"metadata"`
}

// FetchLastMessageRequest asks for the newest message of each identity or
// contact; not both kinds.
type FetchLastMessageRequest struct {
	ChannelIdentities []string       `json:"channel_identities,omitempty"`
	ContactIDs        []string       `json:"contact_ids,omitempty"`
	AppID             string         `json:"app_id,omitempty"`
	MessagesSource    MessagesSource `json:"messages_source,omitempty"`
	PageSize          int            `json:"page_size,omitempty"` // default 10, at most 1000
	PageToken         string         `json:"page_token,omitempty"`
	View              MessagesView   `json:"view,omitempty"`
	StartTime         Time           `json:"start_time,omitzero"`
	EndTime           Time           `json:"end_time,omitzero"`
	Channel           Channel        `json:"channel,omitempty"`
	Direction         Direction      `json:"direction,omitempty"`
}
