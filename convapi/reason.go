package convapi

import "slices"

// ReasonCode classifies a failure in a report, as in reason.code.
type ReasonCode string

// The 31 reason codes of the contract (the published SDK type has them all).
const (
	ReasonUnknown                              ReasonCode = "UNKNOWN"
	ReasonInternalError                        ReasonCode = "INTERNAL_ERROR"
	ReasonRateLimited                          ReasonCode = "RATE_LIMITED"
	ReasonRecipientInvalidChannelIdentity      ReasonCode = "RECIPIENT_INVALID_CHANNEL_IDENTITY"
	ReasonRecipientNotReachable                ReasonCode = "RECIPIENT_NOT_REACHABLE"
	ReasonRecipientNotOptedIn                  ReasonCode = "RECIPIENT_NOT_OPTED_IN"
	ReasonOutsideAllowedSendingWindow          ReasonCode = "OUTSIDE_ALLOWED_SENDING_WINDOW"
	ReasonChannelFailure                       ReasonCode = "CHANNEL_FAILURE"
	ReasonChannelBadConfiguration              ReasonCode = "CHANNEL_BAD_CONFIGURATION"
	ReasonChannelConfigurationMissing          ReasonCode = "CHANNEL_CONFIGURATION_MISSING"
	ReasonMediaTypeUnsupported                 ReasonCode = "MEDIA_TYPE_UNSUPPORTED"
	ReasonMediaTooLarge                        ReasonCode = "MEDIA_TOO_LARGE"
	ReasonMediaNotReachable                    ReasonCode = "MEDIA_NOT_REACHABLE"
	ReasonNoChannelsLeft                       ReasonCode = "NO_CHANNELS_LEFT"
	ReasonTemplateNotFound                     ReasonCode = "TEMPLATE_NOT_FOUND"
	ReasonTemplateInsufficientParameters       ReasonCode = "TEMPLATE_INSUFFICIENT_PARAMETERS"
	ReasonTemplateNonExistingLanguageOrVersion ReasonCode = "TEMPLATE_NON_EXISTING_LANGUAGE_OR_VERSION"
	ReasonDeliveryTimedOut                     ReasonCode = "DELIVERY_TIMED_OUT"
	ReasonDeliveryRejectedDueToPolicy          ReasonCode = "DELIVERY_REJECTED_DUE_TO_POLICY"
	ReasonContactNotFound                      ReasonCode = "CONTACT_NOT_FOUND"
	ReasonBadRequest                           ReasonCode = "BAD_REQUEST"
	ReasonUnknownApp                           ReasonCode = "UNKNOWN_APP"
	ReasonNoChannelIdentityForContact          ReasonCode = "NO_CHANNEL_IDENTITY_FOR_CONTACT"
	ReasonChannelReject                        ReasonCode = "CHANNEL_REJECT"
	ReasonNoPermission                         ReasonCode = "NO_PERMISSION"
	ReasonNoProfileAvailable                   ReasonCode = "NO_PROFILE_AVAILABLE"
	ReasonUnsupportedOperation                 ReasonCode = "UNSUPPORTED_OPERATION"
	ReasonInactiveCredential                   ReasonCode = "INACTIVE_CREDENTIAL"
	ReasonMessageExpired                       ReasonCode = "MESSAGE_EXPIRED"
	ReasonMessageSplitRequired                 ReasonCode = "MESSAGE_SPLIT_REQUIRED"
	ReasonDeliveryReportTimeOut                ReasonCode = "DELIVERY_REPORT_TIME_OUT"
)

// ReasonCodes lists every known reason code.
func ReasonCodes() []ReasonCode {
	return []ReasonCode{
		ReasonUnknown, ReasonInternalError, ReasonRateLimited, ReasonRecipientInvalidChannelIdentity,
		ReasonRecipientNotReachable, ReasonRecipientNotOptedIn, ReasonOutsideAllowedSendingWindow,
		ReasonChannelFailure, ReasonChannelBadConfiguration, ReasonChannelConfigurationMissing,
		ReasonMediaTypeUnsupported, ReasonMediaTooLarge, ReasonMediaNotReachable, ReasonNoChannelsLeft,
		ReasonTemplateNotFound, ReasonTemplateInsufficientParameters,
		ReasonTemplateNonExistingLanguageOrVersion, ReasonDeliveryTimedOut,
		ReasonDeliveryRejectedDueToPolicy, ReasonContactNotFound, ReasonBadRequest, ReasonUnknownApp,
		ReasonNoChannelIdentityForContact, ReasonChannelReject, ReasonNoPermission,
		ReasonNoProfileAvailable, ReasonUnsupportedOperation, ReasonInactiveCredential,
		ReasonMessageExpired, ReasonMessageSplitRequired, ReasonDeliveryReportTimeOut,
	}
}

// Known reports whether c is a reason code of the contract.
func (c ReasonCode) Known() bool { return slices.Contains(ReasonCodes(), c) }

// SubCode refines a reason code, as in reason.sub_code.
type SubCode string

// The sub codes of the contract.
const (
	SubCodeUnspecified           SubCode = "UNSPECIFIED_SUB_CODE"
	SubCodeAttachmentRejected    SubCode = "ATTACHMENT_REJECTED"
	SubCodeMediaTypeUndetermined SubCode = "MEDIA_TYPE_UNDETERMINED"
	SubCodeInactiveSender        SubCode = "INACTIVE_SENDER"
)

// Known reports whether c is a sub code of the contract.
func (c SubCode) Known() bool {
	switch c {
	case SubCodeUnspecified, SubCodeAttachmentRejected, SubCodeMediaTypeUndetermined, SubCodeInactiveSender:
		return true
	}
	return false
}

// Reason says why something failed. Reports carry it with FAILED and
// SWITCHING_CHANNEL only.
type Reason struct {
	Code        ReasonCode `json:"code"`
	Description string     `json:"description"`
	SubCode     SubCode    `json:"sub_code"`
	ChannelCode string     `json:"channel_code,omitempty"` // the channel's own code, as text
}
