package whatsapp

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// row gives the meaning of Meta's error codes from first to last. Subcode 0
// stands for every subcode.
type row struct {
	first, last int
	subcode     int
	class       rest.Class
	// wait is how long to leave the account alone when Meta names no time.
	wait time.Duration
}

const (
	// pairWait: about one message in six seconds to one user (Cloud API,
	// throughput, pair rate limit).
	pairWait = 6 * time.Second
	// spamWait: Meta names no time for its spam limit; it is not over soon.
	spamWait = 10 * time.Minute
)

// rows is the table of errors, the same for answers and for statuses. The first
// row that fits is taken. A wrong entry is one line to correct.
func rows() []row {
	retry := func(code convapi.ReasonCode) rest.Class { return rest.Class{Verdict: channel.Retry, Code: code} }
	throttle := rest.Class{Verdict: channel.Retry, Code: convapi.ReasonRateLimited, Account: true}
	refuse := func(code convapi.ReasonCode) rest.Class { return rest.Class{Verdict: channel.Refuse, Code: code} }
	account := func(code convapi.ReasonCode) rest.Class {
		return rest.Class{Verdict: channel.Refuse, Code: code, Account: true}
	}
	one := func(code int, class rest.Class) row { return row{first: code, last: code, class: class} }

	return []row{
		// The token, the permissions, the account, the sender.
		one(0, account(convapi.ReasonChannelBadConfiguration)),
		one(190, account(convapi.ReasonChannelBadConfiguration)),
		one(3, account(convapi.ReasonNoPermission)),
		one(10, account(convapi.ReasonNoPermission)),
		{first: 200, last: 299, class: account(convapi.ReasonNoPermission)},
		one(131005, account(convapi.ReasonNoPermission)),
		one(131037, account(convapi.ReasonChannelBadConfiguration)),
		one(33, account(convapi.ReasonChannelBadConfiguration)),
		// An unknown phone number id, or one that the token may not see.
		{first: 100, last: 100, subcode: 33, class: account(convapi.ReasonChannelBadConfiguration)},
		one(131045, account(convapi.ReasonChannelBadConfiguration)),
		one(133010, account(convapi.ReasonChannelBadConfiguration)),
		one(368, account(convapi.ReasonChannelBadConfiguration)),
		one(131031, account(convapi.ReasonChannelBadConfiguration)),
		one(131042, account(convapi.ReasonChannelBadConfiguration)),

		// Meta's own troubles and its limits.
		one(1, retry(convapi.ReasonChannelFailure)),
		one(2, retry(convapi.ReasonChannelFailure)),
		one(131000, retry(convapi.ReasonChannelFailure)),
		one(131016, retry(convapi.ReasonChannelFailure)),
		one(133004, retry(convapi.ReasonChannelFailure)),
		one(4, throttle),
		one(80007, throttle),
		one(130429, throttle),
		one(131057, throttle),
		one(132069, retry(convapi.ReasonRateLimited)),
		{first: 131056, last: 131056, class: retry(convapi.ReasonRateLimited), wait: pairWait},
		{first: 131048, last: 131048, class: throttle, wait: spamWait},

		// This recipient, now.
		one(131026, refuse(convapi.ReasonRecipientNotReachable)),
		one(131021, refuse(convapi.ReasonRecipientInvalidChannelIdentity)),
		one(131030, refuse(convapi.ReasonRecipientInvalidChannelIdentity)),
		one(131062, refuse(convapi.ReasonRecipientInvalidChannelIdentity)), // not for business-scoped user ids
		one(131047, refuse(convapi.ReasonOutsideAllowedSendingWindow)),
		one(131049, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)),
		one(130472, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)),
		one(130497, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)),
		one(131050, refuse(convapi.ReasonRecipientNotOptedIn)),
		one(131043, refuse(convapi.ReasonMessageExpired)),

		// This message.
		one(100, refuse(convapi.ReasonBadRequest)),
		one(131001, refuse(convapi.ReasonBadRequest)),
		one(131008, refuse(convapi.ReasonBadRequest)),
		one(131009, refuse(convapi.ReasonBadRequest)),
		one(131051, refuse(convapi.ReasonUnsupportedOperation)),
		one(131052, refuse(convapi.ReasonMediaNotReachable)),
		one(131053, refuse(convapi.ReasonMediaTypeUnsupported)),
		one(132001, refuse(convapi.ReasonTemplateNonExistingLanguageOrVersion)),
		one(132000, refuse(convapi.ReasonTemplateInsufficientParameters)),
		one(132005, refuse(convapi.ReasonTemplateInsufficientParameters)),
		one(132012, refuse(convapi.ReasonTemplateInsufficientParameters)),
		one(132018, refuse(convapi.ReasonTemplateInsufficientParameters)),
		one(132007, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)),
		one(132015, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)),
		one(132016, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)),
		one(132068, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)),
		one(135000, refuse(convapi.ReasonChannelReject)),
		{first: 131300, last: 131399, class: refuse(convapi.ReasonChannelReject)},
	}
}

// find gives the row of a code.
func find(code, subcode int) (row, bool) {
	for _, r := range rows() {
		if code >= r.first && code <= r.last && (r.subcode == 0 || r.subcode == subcode) {
			return r, true
		}
	}
	return row{}, false
}

// problem is an error as Meta writes it, in an answer or in a status.
type problem struct {
	Code      *int   `json:"code"`
	Subcode   int    `json:"error_subcode"`
	Title     string `json:"title"`
	Message   string `json:"message"`
	ErrorData struct {
		Details string `json:"details"`
	} `json:"error_data"`
}

// words joins what Meta says, the general before the particular.
func (p problem) words() string {
	general := p.Message
	if general == "" {
		general = p.Title
	}
	switch details := p.ErrorData.Details; {
	case details == "" || details == general:
		return general
	case general == "":
		return details
	default:
		return general + ": " + details
	}
}

// classify gives the failure of an answer that is not 2xx.
func (a *adapter) classify(answer rest.Answer) *channel.Failure {
	var body struct {
		Error problem `json:"error"`
	}
	if json.Unmarshal(answer.Body, &body) != nil || body.Error.Code == nil {
		return a.client.Failure(answer, "")
	}
	p := body.Error
	r, known := find(*p.Code, p.Subcode)
	var f *channel.Failure
	if known {
		f = a.client.ClassFailure(r.class, answer, p.words())
	} else {
		f = a.client.Failure(answer, p.words())
	}
	f.Reason.ChannelCode = strconv.Itoa(*p.Code)
	if f.Verdict == channel.Retry && f.RetryAfter == 0 {
		f.RetryAfter = max(regainAccess(answer.Header), r.wait)
	}
	return f
}

// reason gives the reason of a message that failed after it was accepted.
func (a *adapter) reason(problems []problem) convapi.Reason {
	reason := convapi.Reason{Code: convapi.ReasonUnknown, Description: a.client.Relay("no reason"), SubCode: convapi.SubCodeUnspecified}
	if len(problems) == 0 {
		return reason
	}
	p := problems[0]
	reason.Description = a.client.Relay(p.words())
	if p.Code == nil {
		return reason
	}
	reason.ChannelCode = strconv.Itoa(*p.Code)
	reason.Code = convapi.ReasonChannelReject
	if r, known := find(*p.Code, p.Subcode); known {
		reason.Code = r.class.Code
	}
	return reason
}

// regainAccess reads the wait, in minutes, from the header that Meta puts on
// answers near a limit of a business account. 0 means none.
func regainAccess(h http.Header) time.Duration {
	var usage map[string][]struct {
		Minutes int `json:"estimated_time_to_regain_access"`
	}
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &usage) != nil {
		return 0
	}
	var wait time.Duration
	for _, uses := range usage {
		for _, use := range uses {
			minutes := min(max(use.Minutes, 0), int(rest.MaxRetryAfter/time.Minute))
			wait = max(wait, time.Duration(minutes)*time.Minute)
		}
	}
	return wait
}
