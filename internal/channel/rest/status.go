package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// MaxRetryAfter caps a provider's wish: longer waits are the engine's decision.
const MaxRetryAfter = time.Hour

// maxWords is how many bytes of a provider's words go into a description: enough
// for the longest of Meta's, and little enough for every callback.
const maxWords = 1000

// Relayed begins the description of every reason that passes on a provider's
// own words; customers of the API know it from the contract.
const Relayed = "The underlying channel reported: "

// Class is what an error code means for the message, as data.
type Class struct {
	Verdict channel.Verdict
	Code    convapi.ReasonCode
	Account bool
}

// statusClass gives the meaning of an HTTP status that no table of the channel
// explains.
func statusClass(status int) Class {
	switch {
	case status == http.StatusTooManyRequests:
		return Class{Verdict: channel.Retry, Code: convapi.ReasonRateLimited, Account: true}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return Class{Verdict: channel.Retry, Code: convapi.ReasonChannelFailure}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Class{Verdict: channel.Refuse, Code: convapi.ReasonChannelBadConfiguration, Account: true}
	case status == http.StatusNotFound, status == http.StatusGone:
		return Class{Verdict: channel.Refuse, Code: convapi.ReasonRecipientNotReachable}
	case status >= 400:
		return Class{Verdict: channel.Refuse, Code: convapi.ReasonChannelReject}
	case status >= 300:
		// A redirect: the provider's URL is not what was configured.
		return Class{Verdict: channel.Refuse, Code: convapi.ReasonChannelBadConfiguration, Account: true}
	}
	// 1xx and 2xx: an acceptance that could not be understood.
	return Class{Verdict: channel.Unknown, Code: convapi.ReasonChannelFailure}
}

// Failure classifies an answer by its HTTP status alone: 408, 425 and 5xx may
// be tried again, 429 too after a rest of the whole account, 401, 403 and redirects blame the
// account, other 4xx refuse the message. A status below 300 gives Unknown: call
// it then only for an answer that cannot be understood. The words are the
// provider's or "".
func (c *Client) Failure(a Answer, words string) *channel.Failure {
	return c.ClassFailure(statusClass(a.Status), a, words)
}

// ClassFailure is Failure with a class that the channel's own table gave.
func (c *Client) ClassFailure(class Class, a Answer, words string) *channel.Failure {
	if words == "" {
		words = "HTTP status " + strconv.Itoa(a.Status)
	}
	f := &channel.Failure{
		Verdict: class.Verdict,
		Reason:  reason(class.Code, c.Relay(words)),
		Account: class.Account,
	}
	if class.Verdict == channel.Retry {
		f.RetryAfter = RetryAfter(a.Header)
	}
	return f
}

// Relay makes a description of a provider's words: marked as such, without the
// account's secrets, as valid UTF-8 of bounded length.
func (c *Client) Relay(words string) string {
	words = strings.ToValidUTF8(c.Redact(words), "\uFFFD")
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords], "") + "…"
	}
	return Relayed + words
}

// RetryAfter reads the header of that name, in seconds or as an HTTP date, and
// caps it at MaxRetryAfter. A date counts from the answer's own Date header:
// the provider's clock is not ours. 0 means no (valid) wish.
func RetryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, MaxRetryAfter)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(until.Sub(now), 0), MaxRetryAfter)
}
