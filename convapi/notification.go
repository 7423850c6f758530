package convapi

import "encoding/json"

// RedactedMessage is an inbound message with personal data masked.
type RedactedMessage struct {
	ID              string          `json:"id"`
	Direction       Direction       `json:"direction"`
	ContactMessage  *ContactMessage `json:"contact_message,omitempty"`
	ChannelIdentity ChannelIdentity `json:"channel_identity"`
	ConversationID  string          `json:"conversation_id"`
	ContactID       string          `json:"contact_id"`
	Metadata        string          `json:"metadata"`
	AcceptTime      Time            `json:"accept_time"`
}

// MessageSubmitNotification says that a message went to a channel; it comes
// before any report of that channel.
type MessageSubmitNotification struct {
	MessageID        string          `json:"message_id"`
	ConversationID   string          `json:"conversation_id"`
	ChannelIdentity  ChannelIdentity `json:"channel_identity"`
	ContactID        string          `json:"contact_id"`
	SubmittedMessage *AppMessage     `json:"submitted_message"`
	Metadata         string          `json:"metadata"`
	ProcessingMode   ProcessingMode  `json:"processing_mode"`
}

// MessageDeliveryReport is a new status of a message on one channel.
type MessageDeliveryReport struct {
	MessageID       string          `json:"message_id"`
	ConversationID  string          `json:"conversation_id"`
	Status          DeliveryStatus  `json:"status"`
	ChannelIdentity ChannelIdentity `json:"channel_identity"`
	ContactID       string          `json:"contact_id"`
	Reason          *Reason         `json:"reason,omitempty"` // with FAILED and SWITCHING_CHANNEL only
	Metadata        string          `json:"metadata"`         // message_metadata of the send
	ProcessingMode  ProcessingMode  `json:"processing_mode"`

	// BatchID and MessageIndex are of a recipient of a batch for whom no message was
	// made; MessageID is empty then.
	BatchID      string `json:"batch_id,omitempty"`
	MessageIndex *int   `json:"message_index,omitempty"`
}

// EventDeliveryReport is a new status of an event.
type EventDeliveryReport struct {
	EventID         string          `json:"event_id"`
	Status          DeliveryStatus  `json:"status"`
	ChannelIdentity ChannelIdentity `json:"channel_identity"`
	ContactID       string          `json:"contact_id"`
	Reason          *Reason         `json:"reason,omitempty"`
	Metadata        string          `json:"metadata"` // event_metadata of the send
	ProcessingMode  ProcessingMode  `json:"processing_mode"`
}

// ConversationNotification carries a conversation that started, stopped or was
// deleted.
type ConversationNotification struct {
	Conversation Conversation `json:"conversation"`
}

// ContactNotification carries a contact that was made, changed or deleted.
type ContactNotification struct {
	Contact Contact `json:"contact"`
}

// ContactMergeNotification carries both sides of a merge.
type ContactMergeNotification struct {
	PreservedContact Contact `json:"preserved_contact"`
	DeletedContact   Contact `json:"deleted_contact"`
}

// DuplicatedContactIdentitiesNotification lists identities that several contacts
// share.
type DuplicatedContactIdentitiesNotification struct {
	DuplicatedIdentities []DuplicatedIdentity `json:"duplicated_identities"`
}

// DuplicatedIdentity names the contacts that share an identity on a channel.
type DuplicatedIdentity struct {
	Channel    Channel  `json:"channel"`
	ContactIDs []string `json:"contact_ids"`
}

// CapabilityNotification is the result of a capability query on one channel.
type CapabilityNotification struct {
	RequestID           string           `json:"request_id"`
	ContactID           string           `json:"contact_id"`
	Channel             Channel          `json:"channel"`
	Identity            string           `json:"identity"`
	CapabilityStatus    CapabilityStatus `json:"capability_status"`
	ChannelCapabilities []string         `json:"channel_capabilities,omitempty"` // with CAPABILITY_PARTIAL
	Reason              *Reason          `json:"reason,omitempty"`
}

// CapabilityStatus says how much of a channel a recipient can use.
type CapabilityStatus string

// The capability statuses of the contract.
const (
	CapabilityUnknown CapabilityStatus = "CAPABILITY_UNKNOWN"
	CapabilityFull    CapabilityStatus = "CAPABILITY_FULL"
	CapabilityPartial CapabilityStatus = "CAPABILITY_PARTIAL"
	CapabilityNone    CapabilityStatus = "NO_CAPABILITY"
)

// OptNotification is an opt-in or opt-out on a channel.
type OptNotification struct {
	RequestID      string           `json:"request_id"`
	ContactID      string           `json:"contact_id"`
	Channel        Channel          `json:"channel"`
	Identity       string           `json:"identity"`
	Status         OptStatus        `json:"status"`
	ErrorDetails   *OptErrorDetails `json:"error_details,omitempty"`
	ProcessingMode ProcessingMode   `json:"processing_mode"`
}

// OptErrorDetails says why an opt-in or opt-out failed.
type OptErrorDetails struct {
	Description string `json:"description"`
}

// OptStatus is the outcome of an opt-in or opt-out.
type OptStatus string

// The outcomes of the contract.
const (
	OptInSucceeded    OptStatus = "OPT_IN_SUCCEEDED"
	OptInFailed       OptStatus = "OPT_IN_FAILED"
	OptInUnspecified  OptStatus = "OPT_IN_STATUS_UNSPECIFIED"
	OptOutSucceeded   OptStatus = "OPT_OUT_SUCCEEDED"
	OptOutFailed      OptStatus = "OPT_OUT_FAILED"
	OptOutUnspecified OptStatus = "OPT_OUT_STATUS_UNSPECIFIED"
)

// ChannelEventNotification is news of a channel account.
type ChannelEventNotification struct {
	ChannelEvent ChannelEvent `json:"channel_event"`
}

// ChannelEvent is an event of a channel account, like a new quality rating.
type ChannelEvent struct {
	Channel        Channel         `json:"channel"`
	EventType      string          `json:"event_type"`
	AdditionalData json.RawMessage `json:"additional_data,omitempty"` // an object
}

// UnsupportedCallback is a channel's callback that has no form in the contract.
type UnsupportedCallback struct {
	Channel         Channel         `json:"channel"`
	Payload         string          `json:"payload"` // normally JSON text
	ProcessingMode  ProcessingMode  `json:"processing_mode"`
	ID              string          `json:"id"`
	ContactID       string          `json:"contact_id"`
	ConversationID  string          `json:"conversation_id"`
	ChannelIdentity ChannelIdentity `json:"channel_identity"`
}

// SmartConversationNotification carries the analysis of an inbound message.
type SmartConversationNotification struct {
	ContactID       string          `json:"contact_id"`
	ChannelIdentity string          `json:"channel_identity"` // a plain string here
	Channel         Channel         `json:"channel"`
	MessageID       string          `json:"message_id"`
	ConversationID  string          `json:"conversation_id"`
	AnalysisResults json.RawMessage `json:"analysis_results"` // an object of ml_…_result lists
}

// RecordNotification says that the record of an event was stored.
type RecordNotification struct {
	EntityID        string          `json:"entity_id"`
	RecordStatus    RecordStatus    `json:"record_status"`
	ChannelIdentity ChannelIdentity `json:"channel_identity"`
	ContactID       string          `json:"contact_id"`
	ConversationID  string          `json:"conversation_id"`
	Reason          *Reason         `json:"reason,omitempty"`
	ProcessingMode  ProcessingMode  `json:"processing_mode"`
}

// RecordStatus is the state of a stored record.
type RecordStatus string

// The record states of the contract.
const (
	RecordUnspecified RecordStatus = "RECORD_STATUS_UNSPECIFIED"
	RecordEventStored RecordStatus = "EVENT_RECORD_STORED"
)
