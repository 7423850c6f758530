package convapi

import (
	"encoding/json"
	"maps"
	"strings"
	"time"
)

// maxBatchMetadata bounds batch_metadata; the contract states no figure, and other
// metadata have this.
const maxBatchMetadata = 1024

// Validate checks everything that all recipients have in common and the form of
// each recipient; it returns FieldErrors or nil. Whether the message is in order
// shows when it is filled with a recipient's parameters: see For.
func (r *SendBatchRequest) Validate(now time.Time) error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	if r.Message == nil {
		p.add("message", "is required")
	}
	p.count("recipient_and_params", len(r.RecipientAndParams), 1, MaxBatch)
	if len(r.RecipientAndParams) <= MaxBatch {
		for i := range r.RecipientAndParams {
			p.batchRecipient(at("recipient_and_params", i), &r.RecipientAndParams[i], r)
		}
	}
	p.object("batch_metadata", r.BatchMetadata, maxBatchMetadata)
	for name, raw := range map[string]json.RawMessage{"message_metadata": r.MessageMetadata, "conversation_metadata": r.ConversationMetadata} {
		if !isAbsent(raw) && membersOf(raw) == nil {
			p.add(name, "must be an object")
		}
	}
	if r.SendAfter.Sub(now) > MaxSendAhead {
		p.add("send_after", "must be at most 7 days ahead")
	}
	common := r.For(BatchRecipient{}, placeholderID, nil)
	if wrong, ok := common.Validate().(FieldErrors); ok { //nolint:errorlint // it is returned as it is
		for _, one := range wrong {
			if one.Field != "app_id" && one.Field != "recipient" && one.Field != "message" {
				p.add(one.Field, one.Description)
			}
		}
	}
	return p.err()
}

func (p *fieldProblems) batchRecipient(path string, one *BatchRecipient, r *SendBatchRequest) {
	var own fieldProblems
	own.recipient(one.Recipient)
	if r.ProcessingStrategy == StrategyDispatchOnly && one.Recipient != nil && one.Recipient.ContactID != "" {
		own.add("recipient", "must be identified_by with DISPATCH_ONLY, which knows no contacts")
	}
	for _, m := range []struct {
		name         string
		general, own json.RawMessage
		limit        int
	}{
		{"message_metadata", r.MessageMetadata, one.MessageMetadata, maxMetadata},
		{"conversation_metadata", r.ConversationMetadata, one.ConversationMetadata, maxConversationMetadata},
	} {
		switch {
		case isAbsent(m.own):
		case membersOf(m.own) == nil:
			own.add(m.name, "must be an object")
		default:
			own.maxLength(m.name, string(mergeMetadata(m.general, m.own, placeholderID)), m.limit)
		}
	}
	for _, wrong := range own.found {
		p.add(join(path, wrong.Field), wrong.Description)
	}
}

// placeholderID is as long as the id that a batch will have.
const placeholderID = "00000000000000000000000000"

// For gives the send request of one recipient: the recipient's own metadata win
// over those of the batch, and both carry its id. message is the batch's with the
// recipient's parameters.
func (r *SendBatchRequest) For(one BatchRecipient, batchID string, message *AppMessage) *SendMessageRequest {
	req := &SendMessageRequest{
		AppID: r.AppID, Recipient: one.Recipient, Message: message,
		CallbackURL: r.CallbackURL, ChannelPriorityOrder: r.ChannelPriorityOrder, ChannelProperties: r.ChannelProperties,
		MessageMetadata:      string(mergeMetadata(r.MessageMetadata, one.MessageMetadata, batchID)),
		ConversationMetadata: mergeMetadata(r.ConversationMetadata, one.ConversationMetadata, batchID),
		TTL:                  r.TTL, ProcessingStrategy: r.ProcessingStrategy,
		Queue: r.Queue, CorrelationID: r.CorrelationID, MessageContentType: r.MessageContentType,
	}
	if isAbsent(r.ConversationMetadata) && isAbsent(one.ConversationMetadata) {
		// The batch brings nothing but its id, and what is there stays.
		req.ConversationMetadataUpdateStrategy = MetadataMergePatch
	}
	return req
}

// mergeMetadata joins two objects, of which own wins, and the batch's id.
func mergeMetadata(general, own json.RawMessage, batchID string) json.RawMessage {
	merged := membersOf(general)
	if merged == nil {
		merged = make(map[string]json.RawMessage)
	}
	maps.Copy(merged, membersOf(own))
	id, err := json.Marshal(batchID)
	if err == nil {
		merged[BatchIDKey] = id
	}
	text, err := Marshal(merged)
	if err != nil {
		return general // not reached: the values are valid JSON
	}
	return text
}

// Validate checks that it is said what is to be cancelled; it returns FieldErrors or
// nil.
func (r *CancelBatchRequest) Validate() error {
	var p fieldProblems
	p.oneOf("", option{"batch_id", r.BatchID != ""}, option{"batch_metadata", !isAbsent(r.BatchMetadata)})
	if !isAbsent(r.BatchMetadata) && len(membersOf(r.BatchMetadata)) != 1 {
		p.add("batch_metadata", "must be an object with one member")
	}
	return p.err()
}

// Validate checks the number of contacts and each of them; it returns FieldErrors or
// nil.
func (r *CreateContactsRequest) Validate() error {
	var p fieldProblems
	p.count("contacts", len(r.Contacts), 1, MaxBatch)
	if len(r.Contacts) > MaxBatch {
		return p.err()
	}
	for i := range r.Contacts {
		if wrong, ok := r.Contacts[i].Validate().(FieldErrors); ok { //nolint:errorlint // it is returned as it is
			for _, one := range wrong {
				p.add(join(at("contacts", i), one.Field), one.Description)
			}
		}
	}
	return p.err()
}

// Validate checks the number of ids; it returns FieldErrors or nil. Unknown ids show
// when their turn comes.
func (r *DeleteContactsRequest) Validate() error {
	var p fieldProblems
	p.count("contact_ids", len(r.ContactIDs), 1, MaxBatch)
	if len(r.ContactIDs) <= MaxBatch {
		for i, id := range r.ContactIDs {
			p.required(at("contact_ids", i), id)
		}
	}
	return p.err()
}

// Validate checks the number of records and each of them; it returns FieldErrors or
// nil.
func (r *InsertConsentsRequest) Validate() error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	p.count("consent_records", len(r.ConsentRecords), 1, MaxBatch)
	if len(r.ConsentRecords) > MaxBatch {
		return p.err()
	}
	for i, record := range r.ConsentRecords {
		path := at("consent_records", i)
		p.required(path+".identification", record.Identification)
		p.maxLength(path+".identification", record.Identification, maxIdentityLength)
		checkEnum(&p, path+".consent_type", record.ConsentType)
	}
	return p.err()
}

// Labels gives the members of batch_metadata by which a batch is found: a text as it
// is, anything else as JSON.
func Labels(metadata json.RawMessage) map[string]string {
	labels := make(map[string]string)
	for name, value := range membersOf(metadata) {
		labels[name] = label(value)
	}
	return labels
}

func label(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && strings.HasPrefix(string(value), `"`) {
		return text
	}
	canonical, err := Canonicalize(value)
	if err != nil {
		return string(value) // not reached: the value is valid JSON
	}
	return string(canonical)
}
