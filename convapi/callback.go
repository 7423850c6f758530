package convapi

import "errors"

// Callback is the body that a webhook receives. Exactly one of the event members
// is set; Trigger tells which. Encode gives the bytes to send and sign.
type Callback struct {
	AppID        string `json:"app_id"`
	ProjectID    string `json:"project_id"`
	AcceptedTime Time   `json:"accepted_time"`
	EventTime    Time   `json:"event_time,omitzero"` // as given by the channel

	Message                                 *ConversationMessage                     `json:"message,omitempty"`
	MessageRedaction                        *RedactedMessage                         `json:"message_redaction,omitempty"`
	MessageSubmitNotification               *MessageSubmitNotification               `json:"message_submit_notification,omitempty"`
	MessageDeliveryReport                   *MessageDeliveryReport                   `json:"message_delivery_report,omitempty"`
	Event                                   *Event                                   `json:"event,omitempty"`
	EventDeliveryReport                     *EventDeliveryReport                     `json:"event_delivery_report,omitempty"`
	ConversationStartNotification           *ConversationNotification                `json:"conversation_start_notification,omitempty"`
	ConversationStopNotification            *ConversationNotification                `json:"conversation_stop_notification,omitempty"`
	ConversationDeleteNotification          *ConversationNotification                `json:"conversation_delete_notification,omitempty"`
	ContactCreateNotification               *ContactNotification                     `json:"contact_create_notification,omitempty"`
	ContactDeleteNotification               *ContactNotification                     `json:"contact_delete_notification,omitempty"`
	ContactUpdateNotification               *ContactNotification                     `json:"contact_update_notification,omitempty"`
	ContactMergeNotification                *ContactMergeNotification                `json:"contact_merge_notification,omitempty"`
	DuplicatedContactIdentitiesNotification *DuplicatedContactIdentitiesNotification `json:"duplicated_contact_identities_notification,omitempty"`
	DuplicatedIdentities                    []DuplicatedIdentity                     `json:"duplicated_identities,omitempty"` // the copy that the Node SDK looks for; Encode fills it
	CapabilityNotification                  *CapabilityNotification                  `json:"capability_notification,omitempty"`
	OptInNotification                       *OptNotification                         `json:"opt_in_notification,omitempty"`
	OptOutNotification                      *OptNotification                         `json:"opt_out_notification,omitempty"`
	ChannelEventNotification                *ChannelEventNotification                `json:"channel_event_notification,omitempty"`
	UnsupportedCallback                     *UnsupportedCallback                     `json:"unsupported_callback,omitempty"`
	SmartConversationNotification           *SmartConversationNotification           `json:"smart_conversation_notification,omitempty"`
	RecordNotification                      *RecordNotification                      `json:"record_notification,omitempty"`
	BatchStatusUpdate                       *BatchStatusUpdate                       `json:"batch_status_update,omitempty"`

	MessageMetadata string `json:"message_metadata"`
	CorrelationID   string `json:"correlation_id,omitempty"` // always present on message inbound, submit and delivery
}

// Trigger returns the trigger of the event member that is set, or the empty
// trigger when none is.
func (c *Callback) Trigger() Trigger {
	for _, event := range c.events() {
		if event.set {
			return event.trigger
		}
	}
	return ""
}

// callbackEvent is one event member of a callback.
type callbackEvent struct {
	set     bool
	trigger Trigger
}

func (c *Callback) events() [22]callbackEvent {
	return [22]callbackEvent{
		{c.Message != nil, TriggerMessageInbound},
		{c.MessageRedaction != nil, TriggerMessageInboundSmartConversationRedaction},
		{c.MessageSubmitNotification != nil, TriggerMessageSubmit},
		{c.MessageDeliveryReport != nil, TriggerMessageDelivery},
		{c.Event != nil, TriggerEventInbound},
		{c.EventDeliveryReport != nil, TriggerEventDelivery},
		{c.ConversationStartNotification != nil, TriggerConversationStart},
		{c.ConversationStopNotification != nil, TriggerConversationStop},
		{c.ConversationDeleteNotification != nil, TriggerConversationDelete},
		{c.ContactCreateNotification != nil, TriggerContactCreate},
		{c.ContactDeleteNotification != nil, TriggerContactDelete},
		{c.ContactUpdateNotification != nil, TriggerContactUpdate},
		{c.ContactMergeNotification != nil, TriggerContactMerge},
		{c.DuplicatedContactIdentitiesNotification != nil, TriggerContactIdentitiesDuplication},
		{c.CapabilityNotification != nil, TriggerCapability},
		{c.OptInNotification != nil, TriggerOptIn},
		{c.OptOutNotification != nil, TriggerOptOut},
		{c.ChannelEventNotification != nil, TriggerChannelEvent},
		{c.UnsupportedCallback != nil, TriggerUnsupported},
		{c.SmartConversationNotification != nil, TriggerSmartConversation},
		{c.RecordNotification != nil, TriggerRecordNotification},
		{c.BatchStatusUpdate != nil, TriggerBatchStatusUpdate},
	}
}

// errEventMembers says that a callback does not carry exactly one event.
var errEventMembers = errors.New("convapi: a callback needs exactly one event member")

// Encode returns the canonical bytes to send and to sign. It fails unless exactly
// one event member is set.
func (c *Callback) Encode() ([]byte, error) {
	count := 0
	for _, event := range c.events() {
		if event.set {
			count++
		}
	}
	if count != 1 {
		return nil, errEventMembers
	}
	if duplication := c.DuplicatedContactIdentitiesNotification; duplication != nil {
		both := *c
		both.DuplicatedIdentities = duplication.DuplicatedIdentities
		c = &both
	}
	out := struct {
		*Callback
		CorrelationID *string `json:"correlation_id,omitempty"` // in the place of Callback's own
	}{Callback: c}
	if c.CorrelationID != "" || c.alwaysCorrelated() {
		out.CorrelationID = &c.CorrelationID
	}
	return Marshal(&out)
}

// alwaysCorrelated reports whether the callback shows correlation_id even when
// empty, as the contract's samples do for messages.
func (c *Callback) alwaysCorrelated() bool {
	return c.Message != nil || c.MessageSubmitNotification != nil || c.MessageDeliveryReport != nil
}
