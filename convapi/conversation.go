package convapi

import "encoding/json"

// Conversation is the thread between an app and a contact.
type Conversation struct {
	ID            string          `json:"id"`
	AppID         string          `json:"app_id"`
	ContactID     string          `json:"contact_id"`
	LastReceived  Time            `json:"last_received"`
	ActiveChannel Channel         `json:"active_channel"`
	Active        bool            `json:"active"`
	Metadata      string          `json:"metadata"`      // deprecated by the contract; at most 1024 characters
	MetadataJSON  json.RawMessage `json:"metadata_json"` // an object, at most 2048 characters; {} when absent
	CorrelationID string          `json:"correlation_id"`
}

// MarshalJSON writes absent metadata_json as an empty object.
func (c Conversation) MarshalJSON() ([]byte, error) {
	type plain Conversation
	if len(c.MetadataJSON) == 0 || string(c.MetadataJSON) == "null" {
		c.MetadataJSON = json.RawMessage("{}")
	}
	return json.Marshal(plain(c))
}

// ListConversationsResponse is one page of conversations.
type ListConversationsResponse struct {
	Conversations []Conversation `json:"conversations"`
	NextPageToken string         `json:"next_page_token"`
	TotalSize     int32          `json:"total_size"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListConversationsResponse) MarshalJSON() ([]byte, error) {
	type plain ListConversationsResponse
	r.Conversations = orEmpty(r.Conversations)
	return json.Marshal(plain(r))
}

// RecentConversation is a conversation with its newest message.
type RecentConversation struct {
	Conversation Conversation         `json:"conversation"`
	LastMessage  *ConversationMessage `json:"last_message,omitempty"`
}

// ListRecentConversationsResponse is one page of recent conversations.
type ListRecentConversationsResponse struct {
	Conversations []RecentConversation `json:"conversations"`
	NextPageToken string               `json:"next_page_token"`
	TotalSize     int32                `json:"total_size"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListRecentConversationsResponse) MarshalJSON() ([]byte, error) {
	type plain ListRecentConversationsResponse
	r.Conversations = orEmpty(r.Conversations)
	return json.Marshal(plain(r))
}

// InjectMessageRequest puts a message from elsewhere into a conversation.
type InjectMessageRequest struct {
	AppMessage      *AppMessage      `json:"app_message,omitempty"`
	ContactMessage  *ContactMessage  `json:"contact_message,omitempty"`
	Direction       Direction        `json:"direction"`
	ChannelIdentity *ChannelIdentity `json:"channel_identity"`
	ContactID       string           `json:"contact_id"`
	ConversationID  string           `json:"conversation_id,omitempty"`
	AcceptTime      Time             `json:"accept_time"` // in the last 30 days
	Metadata        string           `json:"metadata,omitempty"`
	SenderID        string           `json:"sender_id,omitempty"`
	ProcessingMode  ProcessingMode   `json:"processing_mode,omitempty"`
}

// InjectEventRequest puts an app event from elsewhere into a conversation.
type InjectEventRequest struct {
	AppEvent        *AppEvent        `json:"app_event"`
	ChannelIdentity *ChannelIdentity `json:"channel_identity,omitempty"`
	ContactID       string           `json:"contact_id,omitempty"`
	ConversationID  string           `json:"conversation_id,omitempty"`
	AcceptTime      Time             `json:"accept_time"`
	ProcessingMode  ProcessingMode   `json:"processing_mode,omitempty"`
}
