package convapi

import (
	"encoding/json"
	"time"
)

// MaxBatch is the most recipients, contacts or consents of one batch.
const MaxBatch = 1000

// MaxSendAhead is how far ahead a batch may be scheduled.
const MaxSendAhead = 7 * 24 * time.Hour

// BatchIDKey is the member of a message's and a conversation's metadata in which
// the id of the batch comes back. What a request has there is overwritten.
const BatchIDKey = "_batch_id"

// SendBatchRequest is the body of POST messages of the Batch API: one message to
// many recipients. ${name} in any string of the message is replaced by the
// recipient's parameter of that name.
type SendBatchRequest struct {
	AppID              string             `json:"app_id"`
	Message            *AppMessage        `json:"message"`
	RecipientAndParams []BatchRecipient   `json:"recipient_and_params"` // 1 to 1000
	ProcessingStrategy ProcessingStrategy `json:"processing_strategy,omitempty"`
	// BatchMetadata finds and cancels batches: an object, at most 1024 characters.
	BatchMetadata json.RawMessage `json:"batch_metadata,omitempty"`
	// MessageMetadata and ConversationMetadata are objects; members of a recipient's
	// own go before those here. Together with _batch_id they may have 1024 and 2048
	// characters.
	MessageMetadata      json.RawMessage   `json:"message_metadata,omitempty"`
	ConversationMetadata json.RawMessage   `json:"conversation_metadata,omitempty"`
	SendAfter            Time              `json:"send_after,omitzero"` // at most 7 days ahead
	CallbackURL          string            `json:"callback_url,omitempty"`
	ChannelPriorityOrder []Channel         `json:"channel_priority_order,omitempty"`
	TTL                  TTL               `json:"ttl,omitempty"`
	ChannelProperties    map[string]string `json:"channel_properties,omitempty"`

	// As in SendMessageRequest; the contract does not name them for batches.
	Queue              Queue              `json:"queue,omitempty"`
	CorrelationID      string             `json:"correlation_id,omitempty"`
	MessageContentType MessageContentType `json:"message_content_type,omitempty"`
}

// BatchRecipient is one recipient of a batch with what is its own.
type BatchRecipient struct {
	Recipient            *Recipient        `json:"recipient"`
	Parameters           map[string]string `json:"parameters,omitempty"`
	MessageMetadata      json.RawMessage   `json:"message_metadata,omitempty"`
	ConversationMetadata json.RawMessage   `json:"conversation_metadata,omitempty"`
}

// SendBatchResponse answers a batch of messages: it is on disk, no more.
type SendBatchResponse struct {
	BatchID   string `json:"batch_id"`
	SendAfter Time   `json:"send_after"` // when it will be, or was, begun with
}

// BatchResponse answers any other batch.
type BatchResponse struct {
	BatchID string `json:"batch_id"`
}

// BatchStatus is what has become of a batch.
type BatchStatus string

// The states of a batch.
const (
	BatchReady     BatchStatus = "READY" // being processed, or about to be
	BatchScheduled BatchStatus = "SCHEDULED"
	BatchProcessed BatchStatus = "PROCESSED" // each of its messages was accepted or refused
	BatchCancelled BatchStatus = "CANCELLED"
)

// Batch is a batch as it stands. Results is shown of a single batch only.
type Batch struct {
	BatchID   string          `json:"batch_id"`
	Status    BatchStatus     `json:"status"`
	MetaData  json.RawMessage `json:"meta_data"` // batch_metadata of the request; an object
	SendAfter Time            `json:"send_after"`
	Total     int             `json:"total"`
	Accepted  int             `json:"accepted"`
	Refused   int             `json:"refused"`
	Results   []BatchResult   `json:"results,omitempty"`
}

// BatchResult is what has become of one recipient, contact or consent. Those that
// nothing has become of yet have none.
type BatchResult struct {
	Index     int          `json:"index"` // in the request, from 0
	MessageID string       `json:"message_id,omitempty"`
	ContactID string       `json:"contact_id,omitempty"`
	Error     *ErrorDetail `json:"error,omitempty"`
}

// ListBatchesResponse is one page of batches, the newest first.
type ListBatchesResponse struct {
	Batches       []Batch `json:"batches"`
	NextPageToken string  `json:"next_page_token"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListBatchesResponse) MarshalJSON() ([]byte, error) {
	type plain ListBatchesResponse
	r.Batches = orEmpty(r.Batches)
	return json.Marshal(plain(r))
}

// CancelBatchRequest is the body of DELETE messages of the Batch API: a batch by
// its id, or all those whose batch_metadata has a member of that value.
type CancelBatchRequest struct {
	BatchID       string          `json:"batch_id,omitempty"`
	BatchMetadata json.RawMessage `json:"batch_metadata,omitempty"` // an object with one member
}

// CreateContactsRequest is the body of POST contacts of the Batch API.
type CreateContactsRequest struct {
	Contacts []Contact `json:"contacts"` // 1 to 1000
}

// DeleteContactsRequest is the body of DELETE contacts of the Batch API.
type DeleteContactsRequest struct {
	ContactIDs []string `json:"contact_ids"` // 1 to 1000
}

// InsertConsentsRequest is the body of POST consents of the Batch API.
type InsertConsentsRequest struct {
	AppID          string          `json:"app_id"`
	ConsentRecords []ConsentRecord `json:"consent_records"` // 1 to 1000
}

// ConsentRecord puts a channel identity, or those of a contact by its id, on a list.
type ConsentRecord struct {
	Identification string      `json:"identification"`
	ConsentType    ConsentList `json:"consent_type,omitempty"` // absent is OPT_OUT_ALL
}

// BatchStatusUpdate tells that a batch has another status.
type BatchStatusUpdate struct {
	BatchID   string          `json:"batch_id"`
	Status    BatchStatus     `json:"status"`
	MetaData  json.RawMessage `json:"meta_data"`
	SendAfter Time            `json:"send_after"`
	Total     int             `json:"total"`
	Accepted  int             `json:"accepted"`
	Refused   int             `json:"refused"`
}
