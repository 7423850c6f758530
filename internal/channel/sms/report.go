package sms

import (
	"fmt"
	"strconv"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// outcomes gives what a receipt's state means. States that are not here say nothing new: the message is still on its way.
var outcomes = map[coding.State]struct {
	status convapi.DeliveryStatus
	code   convapi.ReasonCode
}{
	coding.Delivered:     {convapi.StatusDelivered, ""},
	coding.Expired:       {convapi.StatusFailed, convapi.ReasonMessageExpired},
	coding.Deleted:       {convapi.StatusFailed, convapi.ReasonChannelReject},
	coding.Undeliverable: {convapi.StatusFailed, convapi.ReasonRecipientNotReachable},
	coding.Unknown:       {convapi.StatusFailed, convapi.ReasonUnknown},
	coding.Rejected:      {convapi.StatusFailed, convapi.ReasonChannelReject},
}

// gsmErrors refines a failure by the network's error, as far as operators agree on the codes (the numbers are those of MAP).
var gsmErrors = map[uint16]struct {
	code  convapi.ReasonCode
	words string
}{
	1:  {convapi.ReasonRecipientInvalidChannelIdentity, "unknown subscriber"},
	5:  {convapi.ReasonRecipientNotReachable, "unidentified subscriber"},
	6:  {convapi.ReasonRecipientNotReachable, "absent subscriber"},
	9:  {convapi.ReasonRecipientNotReachable, "illegal subscriber"},
	11: {convapi.ReasonRecipientNotReachable, "teleservice not provisioned"},
	13: {convapi.ReasonRecipientNotReachable, "call barred"},
	27: {convapi.ReasonRecipientNotReachable, "absent subscriber"},
	31: {convapi.ReasonRecipientNotReachable, "subscriber busy"},
	32: {convapi.ReasonRecipientNotReachable, "memory full"},
	34: {convapi.ReasonChannelFailure, "system failure"},
	36: {convapi.ReasonChannelFailure, "system failure"},
}

// gsmBarred is the error with which a rejection is a matter of policy.
const gsmBarred = 13

// isReceipt tells receipts from messages. Centres are seen to send receipts without the mark; without it only what no person would write is one.
func isReceipt(sm *smpp.DeliverSM, r coding.Receipt) bool {
	switch sm.ESMClass & smpp.EsmTypeMask {
	case smpp.EsmReceipt, smpp.EsmIntermediate:
		return true
	case 0:
		_, named := sm.TLVs.Get(smpp.TagReceiptedMessageID)
		return named || r.State != coding.StateNone && !r.Done.IsZero()
	}
	return false
}

// report turns a receipt into the engine's words; false when it says nothing new. Its time is left out: centres do not tell the zone.
func (a *adapter) report(r coding.Receipt) (channel.Report, bool) {
	outcome, ok := outcomes[r.State]
	if !ok {
		return channel.Report{}, false
	}
	report := channel.Report{Ref: a.idForm.FromReceipt(r.MessageID), Status: outcome.status}
	if outcome.status == convapi.StatusFailed {
		report.Reason = failureReason(r, outcome.code)
	}
	return report, true
}

func failureReason(r coding.Receipt, code convapi.ReasonCode) convapi.Reason {
	out := convapi.Reason{Code: code, SubCode: convapi.SubCodeUnspecified, Description: relayed + r.State.String(), ChannelCode: r.Err}
	n, ok := networkError(r)
	if !ok {
		return out
	}
	if out.ChannelCode == "" {
		out.ChannelCode = strconv.Itoa(int(n))
	}
	known, ok := gsmErrors[n]
	if !ok {
		return out
	}
	out.Description += fmt.Sprintf(", network error %d (%s)", n, known.words)
	switch {
	case r.State == coding.Undeliverable:
		out.Code = known.code
	case r.State == coding.Rejected && n == gsmBarred:
		out.Code = convapi.ReasonDeliveryRejectedDueToPolicy
	}
	return out
}

// networkError is the GSM error, from the parameter or, where that is missing, from a decimal err field.
func networkError(r coding.Receipt) (uint16, bool) {
	if r.Network != nil {
		return r.Network.Code, r.Network.Type == coding.GSMNetwork
	}
	n, err := strconv.ParseUint(r.Err, 10, 16)
	return uint16(n), err == nil
}
