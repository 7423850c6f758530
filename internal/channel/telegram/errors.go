package telegram

import (
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// row gives the meaning of an error code with a description that holds some
// words, in any case; "" fits every description.
type row struct {
	code  int
	words string
	class rest.Class
}

// rows is the table of errors. The first row that fits is taken: Telegram has
// few codes and tells the rest in words that shift, so the rows without words
// come last. What fits none is judged by its HTTP status.
func rows() []row {
	refuse := func(code convapi.ReasonCode) rest.Class { return rest.Class{Verdict: channel.Refuse, Code: code} }
	account := rest.Class{Verdict: channel.Refuse, Code: convapi.ReasonChannelBadConfiguration, Account: true}

	return []row{
		{403, "bot was blocked by the user", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "user is deactivated", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "bot can't initiate conversation", refuse(convapi.ReasonRecipientNotOptedIn)},
		{403, "bot can't send messages to bots", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "bot was kicked", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "bot is not a member", refuse(convapi.ReasonRecipientNotReachable)},

		{400, "chat not found", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "peer_id_invalid", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "chat_id is empty", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "user not found", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "upgraded to a supergroup", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},

		{400, "message is too long", refuse(convapi.ReasonBadRequest)},
		{400, "message text is empty", refuse(convapi.ReasonBadRequest)},
		{400, "can't parse entities", refuse(convapi.ReasonBadRequest)},
		{400, "button_data_invalid", refuse(convapi.ReasonBadRequest)},
		{400, "button_url_invalid", refuse(convapi.ReasonBadRequest)},
		{400, "reply markup is too long", refuse(convapi.ReasonBadRequest)},

		{400, "wrong file identifier", refuse(convapi.ReasonMediaNotReachable)},
		{400, "failed to get http url content", refuse(convapi.ReasonMediaNotReachable)},
		{400, "wrong type of the web page content", refuse(convapi.ReasonMediaTypeUnsupported)},
		{400, "file is too big", refuse(convapi.ReasonMediaTooLarge)},
		{413, "", refuse(convapi.ReasonMediaTooLarge)},

		{400, "voice_messages_forbidden", refuse(convapi.ReasonChannelReject)},
		{400, "not enough rights", refuse(convapi.ReasonChannelReject)},

		{429, "", rest.Class{Verdict: channel.Retry, Code: convapi.ReasonRateLimited, Account: true}},
		{401, "", account},
		// A token of the wrong form is a path that does not exist.
		{404, "", account},
		{409, "", account},
		{403, "", refuse(convapi.ReasonRecipientNotReachable)},
	}
}

// find gives the class of an error.
func find(code int, description string) (rest.Class, bool) {
	description = strings.ToLower(description)
	for _, r := range rows() {
		if r.code == code && strings.Contains(description, r.words) {
			return r.class, true
		}
	}
	return rest.Class{}, false
}

// classify gives the failure of an answer that is not ok.
func (a *adapter) classify(answer rest.Answer, res response) *channel.Failure {
	if res.ErrorCode == 0 {
		res.ErrorCode = answer.Status
	}
	// A refusal may come with status 200 from a proxy: the body's code counts.
	answer.Status = res.ErrorCode
	class, known := find(res.ErrorCode, res.Description)
	if !known {
		return a.client.Failure(answer, res.Description)
	}
	f := a.client.ClassFailure(class, answer, res.Description)
	if wish := res.Parameters.RetryAfter; f.Verdict == channel.Retry && wish > 0 {
		f.RetryAfter = time.Duration(min(wish, int64(rest.MaxRetryAfter/time.Second))) * time.Second
	}
	return f
}
