package sms

import (
	"errors"
	"strconv"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/smpp"
)

// meaning is what a command_status says about a message and the account.
type meaning struct {
	verdict channel.Verdict
	code    convapi.ReasonCode
	sub     convapi.SubCode // empty: unspecified
	account bool
	wait    time.Duration
}

const (
	unboundWait   = time.Second     // until a bind has been tried again
	throttledWait = time.Second     // smpp holds its fire that long
	queueFullWait = 3 * time.Second // between the 2 and 5 s for which smpp holds its fire
)

// meanings gives the statuses from first to last. A wrong entry is one line to correct.
var meanings = []struct {
	first, last smpp.Status
	meaning
}{
	// The connection and the centre's own troubles.
	{smpp.StatusInvBndSts, smpp.StatusInvBndSts, meaning{verdict: channel.Retry, code: convapi.ReasonChannelFailure, wait: unboundWait}},
	{smpp.StatusSysErr, smpp.StatusSysErr, meaning{verdict: channel.Retry, code: convapi.ReasonChannelFailure}},
	{smpp.StatusMsgQFul, smpp.StatusMsgQFul, meaning{verdict: channel.Retry, code: convapi.ReasonRateLimited, wait: queueFullWait}},
	{smpp.StatusThrottled, smpp.StatusThrottled, meaning{verdict: channel.Retry, code: convapi.ReasonRateLimited, wait: throttledWait}},
	{smpp.StatusSubmitFail, smpp.StatusSubmitFail, meaning{verdict: channel.Retry, code: convapi.ReasonChannelReject}},
	{smpp.StatusRxTempAppn, smpp.StatusRxTempAppn, meaning{verdict: channel.Retry, code: convapi.ReasonChannelFailure}},
	{smpp.StatusUnknownErr, smpp.StatusUnknownErr, meaning{verdict: channel.Retry, code: convapi.ReasonUnknown}},

	// The account and its sender.
	{smpp.StatusAlyBnd, smpp.StatusAlyBnd, badAccount},
	{smpp.StatusInvSrcAdr, smpp.StatusInvSrcAdr, meaning{
		verdict: channel.Refuse, code: convapi.ReasonChannelBadConfiguration, sub: convapi.SubCodeInactiveSender, account: true}},
	{smpp.StatusBindFail, smpp.StatusInvSysID, badAccount},
	{smpp.StatusInvSerTyp, smpp.StatusInvSerTyp, badAccount},
	{smpp.StatusInvSrcTON, smpp.StatusInvSrcNPI, badAccount},
	{smpp.StatusInvSysTyp, smpp.StatusInvSysTyp, badAccount},

	// The recipient.
	{smpp.StatusInvDstAdr, smpp.StatusInvDstAdr, meaning{verdict: channel.Refuse, code: convapi.ReasonRecipientInvalidChannelIdentity}},
	{smpp.StatusInvDstTON, smpp.StatusInvDstNPI, meaning{verdict: channel.Refuse, code: convapi.ReasonRecipientInvalidChannelIdentity}},
	{smpp.StatusDeliveryFailure, smpp.StatusDeliveryFailure, meaning{verdict: channel.Refuse, code: convapi.ReasonRecipientNotReachable}},

	// The message.
	{smpp.StatusInvMsgLen, smpp.StatusInvCmdID, badMessage},
	{smpp.StatusInvMsgID, smpp.StatusInvMsgID, rejected},
	{smpp.StatusInvNumDests, smpp.StatusInvDLName, badMessage},
	{smpp.StatusInvDestFlag, smpp.StatusInvDestFlag, badMessage},
	{smpp.StatusInvSubRep, smpp.StatusCntSubDL, badMessage},
	{smpp.StatusInvRepFlag, smpp.StatusInvNumMsgs, badMessage},
	{smpp.StatusInvSched, smpp.StatusInvDftMsgID, badMessage},
	{smpp.StatusRxPermAppn, smpp.StatusRxRejectAppn, rejected},
	{smpp.StatusInvOptParStream, smpp.StatusInvOptParamVal, badMessage},
}

// The meanings that several statuses share. All others, reserved ones and the vendors', are rejections.
var (
	badAccount = meaning{verdict: channel.Refuse, code: convapi.ReasonChannelBadConfiguration, account: true}
	badMessage = meaning{verdict: channel.Refuse, code: convapi.ReasonBadRequest}
	rejected   = meaning{verdict: channel.Refuse, code: convapi.ReasonChannelReject}
)

func meaningOf(status smpp.Status) meaning {
	for _, row := range meanings {
		if status >= row.first && status <= row.last {
			return row.meaning
		}
	}
	return rejected
}

func (m meaning) failure(status smpp.Status, err error) *channel.Failure {
	sub := m.sub
	if sub == "" {
		sub = convapi.SubCodeUnspecified
	}
	return &channel.Failure{
		Verdict: m.verdict,
		Reason: convapi.Reason{
			Code: m.code, SubCode: sub, Description: relayed + status.String(), ChannelCode: strconv.FormatUint(uint64(status), 10),
		},
		RetryAfter: m.wait, Account: m.account, Err: err,
	}
}

// relayed begins every description that is the centre's, as the contract has it.
const relayed = "The underlying channel reported: "

// classify turns an error of smpp into the engine's words.
func (a *adapter) classify(err error) *channel.Failure {
	var refused *smpp.StatusError
	var broken *smpp.EncodeError
	var notSent *smpp.NotSentError
	switch {
	case errors.As(err, &refused):
		return meaningOf(refused.Status).failure(refused.Status, err)
	case errors.As(err, &broken):
		return refuse(convapi.ReasonBadRequest, "the message does not fit SMPP: "+broken.Reason)
	case errors.Is(err, smpp.ErrVersion):
		return refuse(convapi.ReasonUnsupportedOperation, "the message centre knows no optional parameters")
	case errors.As(err, &notSent):
		return a.notSent(err)
	}
	return channel.AsFailure(err)
}

// notSent says why nothing went out: there is no bind, or there never will be until an operator acts.
func (a *adapter) notSent(err error) *channel.Failure {
	if e := a.refused.Load(); e != nil && errors.Is(err, smpp.ErrNotBound) {
		var status *smpp.StatusError
		if errors.As(e.Err, &status) {
			return badAccount.failure(status.Status, err)
		}
	}
	description := "the message could not be handed to the message centre"
	if errors.Is(err, smpp.ErrNotBound) {
		description = "the message centre cannot be reached"
	}
	return &channel.Failure{
		Verdict:    channel.Retry,
		Reason:     reason(convapi.ReasonChannelFailure, description),
		RetryAfter: unboundWait,
		Err:        err,
	}
}

func refuse(code convapi.ReasonCode, description string) *channel.Failure {
	return &channel.Failure{Verdict: channel.Refuse, Reason: reason(code, description)}
}

func reason(code convapi.ReasonCode, description string) convapi.Reason {
	return convapi.Reason{Code: code, Description: description, SubCode: convapi.SubCodeUnspecified}
}
