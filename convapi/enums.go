package convapi

import "slices"

// DeliveryStatus is the status in a message or event delivery report.
type DeliveryStatus string

// The statuses that a report can carry. The QUEUED state has no report.
const (
	StatusQueuedOnChannel  DeliveryStatus = "QUEUED_ON_CHANNEL"
	StatusDelivered        DeliveryStatus = "DELIVERED"
	StatusRead             DeliveryStatus = "READ"
	StatusFailed           DeliveryStatus = "FAILED"
	StatusSwitchingChannel DeliveryStatus = "SWITCHING_CHANNEL"
)

// DeliveryStatuses lists every known delivery status.
func DeliveryStatuses() []DeliveryStatus {
	return []DeliveryStatus{StatusQueuedOnChannel, StatusDelivered, StatusRead, StatusFailed, StatusSwitchingChannel}
}

// Known reports whether s is a status of the contract.
func (s DeliveryStatus) Known() bool { return slices.Contains(DeliveryStatuses(), s) }

// ProcessingMode says whether contacts and conversations are kept.
type ProcessingMode string

// The processing modes. DISPATCH is the default of a new app.
const (
	ModeConversation ProcessingMode = "CONVERSATION"
	ModeDispatch     ProcessingMode = "DISPATCH"
)

// Known reports whether m is a mode of the contract.
func (m ProcessingMode) Known() bool { return m == ModeConversation || m == ModeDispatch }

// Direction says who a message or event was meant for.
type Direction string

// The directions: ToApp is inbound, ToContact is outbound.
const (
	ToApp     Direction = "TO_APP"
	ToContact Direction = "TO_CONTACT"
)

// Known reports whether d is a direction of the contract.
func (d Direction) Known() bool { return d == ToApp || d == ToContact }

// Queue is the priority of a send request.
type Queue string

// The queues. NORMAL_PRIORITY is the default.
const (
	QueueNormalPriority Queue = "NORMAL_PRIORITY"
	QueueHighPriority   Queue = "HIGH_PRIORITY"
)

// Known reports whether q is a queue of the contract.
func (q Queue) Known() bool { return q == QueueNormalPriority || q == QueueHighPriority }

// ProcessingStrategy can force one send into dispatch mode.
type ProcessingStrategy string

// The processing strategies. DEFAULT follows the app's mode.
const (
	StrategyDefault      ProcessingStrategy = "DEFAULT"
	StrategyDispatchOnly ProcessingStrategy = "DISPATCH_ONLY"
)

// Known reports whether s is a strategy of the contract.
func (s ProcessingStrategy) Known() bool { return s == StrategyDefault || s == StrategyDispatchOnly }

// MessageContentType tells consent management what a message is for.
type MessageContentType string

// The content types. CONTENT_UNKNOWN is the default.
const (
	ContentUnknown      MessageContentType = "CONTENT_UNKNOWN"
	ContentMarketing    MessageContentType = "CONTENT_MARKETING"
	ContentNotification MessageContentType = "CONTENT_NOTIFICATION"
)

// Known reports whether t is a content type of the contract.
func (t MessageContentType) Known() bool {
	return t == ContentUnknown || t == ContentMarketing || t == ContentNotification
}

// MessagesSource selects the storage that messages are read from.
type MessagesSource string

// The message sources. CONVERSATION_SOURCE is the default.
const (
	SourceConversation MessagesSource = "CONVERSATION_SOURCE"
	SourceDispatch     MessagesSource = "DISPATCH_SOURCE"
)

// Known reports whether s is a source of the contract.
func (s MessagesSource) Known() bool { return s == SourceConversation || s == SourceDispatch }

// MessagesView says whether listed messages carry their metadata.
type MessagesView string

// The views of a message list. WITH_METADATA is the default.
const (
	ViewWithMetadata    MessagesView = "WITH_METADATA"
	ViewWithoutMetadata MessagesView = "WITHOUT_METADATA"
)

// Known reports whether v is a view of the contract.
func (v MessagesView) Known() bool { return v == ViewWithMetadata || v == ViewWithoutMetadata }

// MetadataUpdateStrategy says how new conversation metadata meets the old.
type MetadataUpdateStrategy string

// The strategies: REPLACE is the default, MERGE_PATCH is RFC 7386.
const (
	MetadataReplace    MetadataUpdateStrategy = "REPLACE"
	MetadataMergePatch MetadataUpdateStrategy = "MERGE_PATCH"
)

// Known reports whether s is a strategy of the contract.
func (s MetadataUpdateStrategy) Known() bool { return s == MetadataReplace || s == MetadataMergePatch }

// MetadataReportView says whether callbacks carry the conversation metadata.
type MetadataReportView string

// The report views. NONE is the default.
const (
	MetadataReportNone MetadataReportView = "NONE"
	MetadataReportFull MetadataReportView = "FULL"
)

// Known reports whether v is a report view of the contract.
func (v MetadataReportView) Known() bool { return v == MetadataReportNone || v == MetadataReportFull }

// RetentionType says what makes a stored message expire.
type RetentionType string

// The retention types. MESSAGE_EXPIRE_POLICY is the default and the only one of
// dispatch retention.
const (
	RetentionMessageExpire      RetentionType = "MESSAGE_EXPIRE_POLICY"
	RetentionConversationExpire RetentionType = "CONVERSATION_EXPIRE_POLICY"
	RetentionPersist            RetentionType = "PERSIST_RETENTION_POLICY"
)

// Known reports whether t is a retention type of the contract.
func (t RetentionType) Known() bool {
	return t == RetentionMessageExpire || t == RetentionConversationExpire || t == RetentionPersist
}
