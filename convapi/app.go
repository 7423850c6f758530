package convapi

import "encoding/json"

// App is an app with its channel credentials and settings, in requests and in
// answers. WithDefaults fills what an answer shows.
type App struct {
	ID                             string                       `json:"id"`
	DisplayName                    string                       `json:"display_name"`
	ChannelCredentials             []ChannelCredential          `json:"channel_credentials"` // the order is the app's channel priority
	ConversationMetadataReportView MetadataReportView           `json:"conversation_metadata_report_view,omitempty"`
	RetentionPolicy                *RetentionPolicy             `json:"retention_policy,omitempty"`
	DispatchRetentionPolicy        *RetentionPolicy             `json:"dispatch_retention_policy,omitempty"`
	ProcessingMode                 ProcessingMode               `json:"processing_mode,omitempty"`
	SmartConversation              *Enabled                     `json:"smart_conversation,omitempty"`
	CallbackSettings               *CallbackSettings            `json:"callback_settings,omitempty"`
	DeliveryReportBasedFallback    *DeliveryReportBasedFallback `json:"delivery_report_based_fallback,omitempty"`
	MessageRetrySettings           *MessageRetrySettings        `json:"message_retry_settings,omitempty"`
	PersistMessageStatus           *Enabled                     `json:"persist_message_status,omitempty"`
	MessageSearch                  *Enabled                     `json:"message_search,omitempty"`
	ConsentSettings                *ConsentSettings             `json:"consent_settings,omitempty"` // this gateway's own
	RateLimits                     *RateLimits                  `json:"rate_limits,omitempty"`
	QueueStats                     *QueueStats                  `json:"queue_stats,omitempty"`
}

// Enabled is a setting that is on or off.
type Enabled struct {
	Enabled bool `json:"enabled"`
}

// RetentionPolicy says how long messages are kept.
type RetentionPolicy struct {
	RetentionType RetentionType `json:"retention_type"`
	TTLDays       int           `json:"ttl_days"` // 1 to 3650, default 180; dispatch: 0 to 7, default 0
}

// CallbackSettings signs the callbacks of message-level callback URLs.
type CallbackSettings struct {
	SecretForOverriddenCallbackURLs Secret `json:"secret_for_overridden_callback_urls"`
}

// DeliveryReportBasedFallback switches channel when no positive report comes.
type DeliveryReportBasedFallback struct {
	Enabled                   bool `json:"enabled"`
	DeliveryReportWaitingTime int  `json:"delivery_report_waiting_time"` // seconds, 10 to 259200; 0 when unset
}

// MessageRetrySettings bounds the retries of temporary failures.
type MessageRetrySettings struct {
	RetryDuration int `json:"retry_duration"` // seconds, 30 to 3600, default 3600
}

// RateLimits are an app's rates per second; read only.
type RateLimits struct {
	Inbound  int `json:"inbound"`
	Outbound int `json:"outbound"`
	Webhooks int `json:"webhooks"`
}

// QueueStats is the state of an app's outbound queue, in messages; read only.
type QueueStats struct {
	OutboundSize  int `json:"outbound_size"`
	OutboundLimit int `json:"outbound_limit"`
}

// The contract's defaults of an app.
const (
	DefaultRetentionDays = 180
	DefaultRetryDuration = 3600    // seconds
	DefaultRateLimit     = 25      // per second, each of inbound, outbound and webhooks
	DefaultQueueLimit    = 500_000 // messages
)

// WithDefaults returns a copy in which everything that the contract shows in an
// answer is filled. The receiver's nested objects are not changed.
func (a App) WithDefaults() App {
	a.ConversationMetadataReportView = or(a.ConversationMetadataReportView, MetadataReportNone)
	a.ProcessingMode = or(a.ProcessingMode, ModeDispatch)
	a.RetentionPolicy = orNew(a.RetentionPolicy)
	a.RetentionPolicy.RetentionType = or(a.RetentionPolicy.RetentionType, RetentionMessageExpire)
	a.RetentionPolicy.TTLDays = or(a.RetentionPolicy.TTLDays, DefaultRetentionDays)
	a.DispatchRetentionPolicy = orNew(a.DispatchRetentionPolicy)
	a.DispatchRetentionPolicy.RetentionType = or(a.DispatchRetentionPolicy.RetentionType, RetentionMessageExpire)
	a.SmartConversation = orNew(a.SmartConversation)
	a.CallbackSettings = orNew(a.CallbackSettings)
	a.DeliveryReportBasedFallback = orNew(a.DeliveryReportBasedFallback)
	a.MessageRetrySettings = orNew(a.MessageRetrySettings)
	a.MessageRetrySettings.RetryDuration = or(a.MessageRetrySettings.RetryDuration, DefaultRetryDuration)
	a.PersistMessageStatus = orNew(a.PersistMessageStatus)
	a.MessageSearch = orNew(a.MessageSearch)
	if a.RateLimits == nil {
		a.RateLimits = &RateLimits{Inbound: DefaultRateLimit, Outbound: DefaultRateLimit, Webhooks: DefaultRateLimit}
	}
	if a.QueueStats == nil {
		a.QueueStats = &QueueStats{OutboundLimit: DefaultQueueLimit}
	}
	a.ChannelCredentials = append([]ChannelCredential{}, a.ChannelCredentials...)
	for i := range a.ChannelCredentials {
		credential := &a.ChannelCredentials[i]
		credential.State = orNew(credential.State)
		credential.State.Status = or(credential.State.Status, CredentialPending)
	}
	return a
}

// MarshalJSON writes absent credentials as an empty list.
func (a App) MarshalJSON() ([]byte, error) {
	type plain App
	a.ChannelCredentials = orEmpty(a.ChannelCredentials)
	return json.Marshal(plain(a))
}

// ListAppsResponse lists the apps of a project; it is not paged.
type ListAppsResponse struct {
	Apps []App `json:"apps"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListAppsResponse) MarshalJSON() ([]byte, error) {
	type plain ListAppsResponse
	r.Apps = orEmpty(r.Apps)
	return json.Marshal(plain(r))
}

// or returns value, or fallback when value is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// orNew returns a copy of what p points to, or a zero value.
func orNew[T any](p *T) *T {
	var copied T
	if p != nil {
		copied = *p
	}
	return &copied
}
