package convapi

import "encoding/json"

// AppEvent is an event that an app sends; exactly one member is set.
type AppEvent struct {
	ComposingEvent    *Empty             `json:"composing_event,omitempty"`
	ComposingEndEvent *Empty             `json:"composing_end_event,omitempty"`
	ReadMessageEvent  *Empty             `json:"read_message_event,omitempty"`
	CommentReplyEvent *CommentReplyEvent `json:"comment_reply_event,omitempty"`
	AgentJoinedEvent  *AgentEvent        `json:"agent_joined_event,omitempty"`
	AgentLeftEvent    *AgentEvent        `json:"agent_left_event,omitempty"`
	GenericEvent      *GenericEvent      `json:"generic_event,omitempty"`
}

// Empty is an object without members.
type Empty struct{}

// CommentReplyEvent answers a public comment.
type CommentReplyEvent struct {
	Text string `json:"text"`
}

// AgentEvent says that an agent joined or left.
type AgentEvent struct {
	Agent *Agent `json:"agent"`
}

// GenericEvent carries any object.
type GenericEvent struct {
	Payload json.RawMessage `json:"payload"`
}

// SendEventRequest is the body of POST events:send. Events never fall back: only
// the first channel of the order counts.
type SendEventRequest struct {
	AppID                string     `json:"app_id"`
	Recipient            *Recipient `json:"recipient"`
	Event                *AppEvent  `json:"event"`
	CallbackURL          string     `json:"callback_url,omitempty"`
	ChannelPriorityOrder []Channel  `json:"channel_priority_order,omitempty"`
	EventMetadata        string     `json:"event_metadata,omitempty"` // at most 1024 characters
	Queue                Queue      `json:"queue,omitempty"`
}

// SendEventResponse answers a sent or injected event.
type SendEventResponse struct {
	EventID      string `json:"event_id"`
	AcceptedTime Time   `json:"accepted_time"`
}

// Event is a stored event, and the event of an inbound callback; exactly one of
// the three event members is set.
type Event struct {
	ID                  string               `json:"id"`
	Direction           Direction            `json:"direction"`
	AppEvent            *AppEvent            `json:"app_event,omitempty"`
	ContactEvent        *ContactEvent        `json:"contact_event,omitempty"`
	ContactMessageEvent *ContactMessageEvent `json:"contact_message_event,omitempty"`
	ChannelIdentity     ChannelIdentity      `json:"channel_identity"`
	ContactID           string               `json:"contact_id"`
	ConversationID      string               `json:"conversation_id"`
	AcceptTime          Time                 `json:"accept_time"`
	ProcessingMode      ProcessingMode       `json:"processing_mode"`
}

// ListEventsResponse is one page of events.
type ListEventsResponse struct {
	Events        []Event `json:"events"`
	NextPageToken string  `json:"next_page_token"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListEventsResponse) MarshalJSON() ([]byte, error) {
	type plain ListEventsResponse
	r.Events = orEmpty(r.Events)
	return json.Marshal(plain(r))
}

// ContactEvent is an event of a contact; exactly one member is set.
type ContactEvent struct {
	ComposingEvent           *Empty        `json:"composing_event,omitempty"`
	ComposingEndEvent        *Empty        `json:"composing_end_event,omitempty"`
	ConversationDeletedEvent *Empty        `json:"conversation_deleted_event,omitempty"`
	CommentEvent             *CommentEvent `json:"comment_event,omitempty"`
	GenericEvent             *GenericEvent `json:"generic_event,omitempty"`
}

// CommentEvent is a public comment by a contact.
type CommentEvent struct {
	ID          string      `json:"id,omitempty"`
	Text        string      `json:"text"`
	CommentType CommentType `json:"comment_type,omitempty"`
	CommentedOn string      `json:"commented_on,omitempty"`
	User        string      `json:"user,omitempty"`
}

// CommentType says where a comment was made.
type CommentType string

// The comment types of the contract.
const (
	CommentFeed CommentType = "FEED"
	CommentLive CommentType = "LIVE"
)

// Known reports whether t is a comment type of the contract.
func (t CommentType) Known() bool { return t == CommentFeed || t == CommentLive }

// ContactMessageEvent is an event about a message; exactly one member is set.
type ContactMessageEvent struct {
	PaymentStatusUpdateEvent *PaymentStatusUpdateEvent `json:"payment_status_update_event,omitempty"`
	ShortlinkActivatedEvent  *ShortlinkActivatedEvent  `json:"shortlink_activated_event,omitempty"`
	ReactionEvent            *ReactionEvent            `json:"reaction_event,omitempty"`
}

// PaymentStatusUpdateEvent is news of a payment.
type PaymentStatusUpdateEvent struct {
	ReferenceID              string                   `json:"reference_id,omitempty"`
	PaymentStatus            PaymentStatus            `json:"payment_status,omitempty"`
	PaymentTransactionStatus PaymentTransactionStatus `json:"payment_transaction_status,omitempty"`
	PaymentTransactionID     string                   `json:"payment_transaction_id,omitempty"`
}

// PaymentStatus is the state of a payment.
type PaymentStatus string

// The payment states of the contract.
const (
	PaymentStatusUnknown  PaymentStatus = "PAYMENT_STATUS_UNKNOWN"
	PaymentStatusNew      PaymentStatus = "PAYMENT_STATUS_NEW"
	PaymentStatusPending  PaymentStatus = "PAYMENT_STATUS_PENDING"
	PaymentStatusCaptured PaymentStatus = "PAYMENT_STATUS_CAPTURED"
	PaymentStatusCanceled PaymentStatus = "PAYMENT_STATUS_CANCELED"
	PaymentStatusFailed   PaymentStatus = "PAYMENT_STATUS_FAILED"
)

// PaymentTransactionStatus is the state of one try to pay.
type PaymentTransactionStatus string

// The transaction states of the contract.
const (
	PaymentTransactionUnknown  PaymentTransactionStatus = "PAYMENT_STATUS_TRANSACTION_UNKNOWN"
	PaymentTransactionPending  PaymentTransactionStatus = "PAYMENT_STATUS_TRANSACTION_PENDING"
	PaymentTransactionFailed   PaymentTransactionStatus = "PAYMENT_STATUS_TRANSACTION_FAILED"
	PaymentTransactionSuccess  PaymentTransactionStatus = "PAYMENT_STATUS_TRANSACTION_SUCCESS"
	PaymentTransactionCanceled PaymentTransactionStatus = "PAYMENT_STATUS_TRANSACTION_CANCELED"
)

// ShortlinkActivatedEvent says that a contact came by a link of the app.
type ShortlinkActivatedEvent struct {
	Payload        string `json:"payload,omitempty"`
	Title          string `json:"title,omitempty"`
	Ref            string `json:"ref,omitempty"`
	Source         string `json:"source,omitempty"` // SHORTLINK
	Type           string `json:"type,omitempty"`   // OPEN_THREAD
	ExistingThread bool   `json:"existing_thread"`
}

// ReactionEvent is an emoji put on or taken off a message.
type ReactionEvent struct {
	Emoji            string         `json:"emoji"`
	Action           ReactionAction `json:"action"`
	MessageID        string         `json:"message_id"`
	ReactionCategory string         `json:"reaction_category,omitempty"`
}

// ReactionAction says whether a reaction was added.
type ReactionAction string

// The reaction actions of the contract.
const (
	ReactionReact   ReactionAction = "REACTION_ACTION_REACT"
	ReactionUnreact ReactionAction = "REACTION_ACTION_UNREACT"
	ReactionUnknown ReactionAction = "REACTION_ACTION_UNKNOWN"
)
