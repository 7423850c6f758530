package convapi

import (
	"encoding/json"
	"slices"
)

// Webhook subscribes one URL to some of an app's callbacks.
type Webhook struct {
	ID                string                    `json:"id"`
	AppID             string                    `json:"app_id"`
	Target            string                    `json:"target"` // at most 742 characters
	TargetType        WebhookTargetType         `json:"target_type"`
	Triggers          []Trigger                 `json:"triggers"`
	Secret            Secret                    `json:"secret"`
	ClientCredentials *WebhookClientCredentials `json:"client_credentials"` // null when there are none
	// RoutingConfiguration is kept as it came: its members are not published.
	RoutingConfiguration json.RawMessage `json:"routing_configuration,omitempty"`
}

// MarshalJSON writes absent triggers as an empty list and an absent target type
// as DISMISS, the contract's default.
func (w Webhook) MarshalJSON() ([]byte, error) {
	type plain Webhook
	w.Triggers = orEmpty(w.Triggers)
	w.TargetType = or(w.TargetType, TargetDismiss)
	return json.Marshal(plain(w))
}

// WebhookTargetType says whether anything is sent.
type WebhookTargetType string

// The target types. DISMISS, the default, sends nothing.
const (
	TargetDismiss WebhookTargetType = "DISMISS"
	TargetHTTP    WebhookTargetType = "HTTP"
)

// Known reports whether t is a target type of the contract.
func (t WebhookTargetType) Known() bool { return t == TargetDismiss || t == TargetHTTP }

// WebhookClientCredentials fetches an OAuth2 token for the calls to a webhook.
type WebhookClientCredentials struct {
	ClientID         string           `json:"client_id"`
	ClientSecret     Secret           `json:"client_secret"`
	Endpoint         string           `json:"endpoint"`
	Scope            string           `json:"scope,omitempty"`         // at most 1024 characters
	ResponseType     string           `json:"response_type,omitempty"` // at most 64 characters
	TokenRequestType TokenRequestType `json:"token_request_type,omitempty"`
}

// TokenRequestType says where the token request puts the credentials.
type TokenRequestType string

// The token request types: BASIC, the default, uses the Authorization header,
// FORM the request body.
const (
	TokenRequestBasic TokenRequestType = "BASIC"
	TokenRequestForm  TokenRequestType = "FORM"
)

// Known reports whether t is a token request type of the contract.
func (t TokenRequestType) Known() bool { return t == TokenRequestBasic || t == TokenRequestForm }

// ListWebhooksResponse lists the webhooks of an app; it is not paged.
type ListWebhooksResponse struct {
	Webhooks []Webhook `json:"webhooks"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListWebhooksResponse) MarshalJSON() ([]byte, error) {
	type plain ListWebhooksResponse
	r.Webhooks = orEmpty(r.Webhooks)
	return json.Marshal(plain(r))
}

// Trigger is a kind of callback that a webhook can ask for.
type Trigger string

// The triggers of the contract; BATCH_STATUS_UPDATE belongs to the Batch API.
const (
	TriggerMessageInbound                           Trigger = "MESSAGE_INBOUND"
	TriggerMessageDelivery                          Trigger = "MESSAGE_DELIVERY"
	TriggerMessageSubmit                            Trigger = "MESSAGE_SUBMIT"
	TriggerEventInbound                             Trigger = "EVENT_INBOUND"
	TriggerEventDelivery                            Trigger = "EVENT_DELIVERY"
	TriggerConversationStart                        Trigger = "CONVERSATION_START"
	TriggerConversationStop                         Trigger = "CONVERSATION_STOP"
	TriggerConversationDelete                       Trigger = "CONVERSATION_DELETE"
	TriggerContactCreate                            Trigger = "CONTACT_CREATE"
	TriggerContactDelete                            Trigger = "CONTACT_DELETE"
	TriggerContactMerge                             Trigger = "CONTACT_MERGE"
	TriggerContactUpdate                            Trigger = "CONTACT_UPDATE"
	TriggerContactIdentitiesDuplication             Trigger = "CONTACT_IDENTITIES_DUPLICATION"
	TriggerCapability                               Trigger = "CAPABILITY"
	TriggerOptIn                                    Trigger = "OPT_IN"
	TriggerOptOut                                   Trigger = "OPT_OUT"
	TriggerChannelEvent                             Trigger = "CHANNEL_EVENT"
	TriggerUnsupported                              Trigger = "UNSUPPORTED"
	TriggerSmartConversation                        Trigger = "SMART_CONVERSATION"
	TriggerMessageInboundSmartConversationRedaction Trigger = "MESSAGE_INBOUND_SMART_CONVERSATION_REDACTION"
	TriggerRecordNotification                       Trigger = "RECORD_NOTIFICATION"
	TriggerBatchStatusUpdate                        Trigger = "BATCH_STATUS_UPDATE"
)

// Triggers lists every known trigger, BATCH_STATUS_UPDATE last.
func Triggers() []Trigger {
	return []Trigger{
		TriggerMessageInbound, TriggerMessageDelivery, TriggerMessageSubmit, TriggerEventInbound,
		TriggerEventDelivery, TriggerConversationStart, TriggerConversationStop,
		TriggerConversationDelete, TriggerContactCreate, TriggerContactDelete, TriggerContactMerge,
		TriggerContactUpdate, TriggerContactIdentitiesDuplication, TriggerCapability, TriggerOptIn,
		TriggerOptOut, TriggerChannelEvent, TriggerUnsupported, TriggerSmartConversation,
		TriggerMessageInboundSmartConversationRedaction, TriggerRecordNotification,
		TriggerBatchStatusUpdate,
	}
}

// Known reports whether t is a trigger that a webhook can ask for.
func (t Trigger) Known() bool { return slices.Contains(Triggers(), t) }
