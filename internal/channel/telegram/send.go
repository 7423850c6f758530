package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// propertyNoPreview is the channel property of the contract.
const propertyNoPreview = "TELEGRAM_DISABLE_LINK_PREVIEW"

// Send hands a message over, part by part.
func (a *adapter) Send(ctx context.Context, m channel.Outbound) (channel.Receipt, error) {
	chat := chatID(m.Identity)
	return rest.InTurn(m, func(i int, body json.RawMessage) (string, error) {
		method, params, err := complete(m, i, body)
		if err != nil {
			return "", err
		}
		params["chat_id"] = chat
		res, err := a.call(ctx, method, params)
		if id := res.Parameters.MigrateToChat; err != nil && id != 0 {
			// The group became a supergroup: certainly not sent, and the error
			// names the chat that took its place.
			chat = chatID(strconv.FormatInt(id, 10))
			params["chat_id"] = chat
			res, err = a.call(ctx, method, params)
		}
		if err != nil {
			return "", err
		}
		return a.taken(res)
	})
}

// chatID gives an identity as the methods want it: a number, or @name.
func chatID(identity string) json.RawMessage {
	if id, err := strconv.ParseInt(identity, 10, 64); err == nil {
		return strconv.AppendInt(nil, id, 10)
	}
	return rest.Quoted(identity)
}

// sent is a message that Telegram took.
type sent struct {
	MessageID int64 `json:"message_id"`
	Chat      struct {
		ID int64 `json:"id"`
	} `json:"chat"`
}

// taken reads the id of what was sent; of several in one call the first.
func (a *adapter) taken(res response) (string, error) {
	var message sent
	err := json.Unmarshal(res.Result, &message)
	var several []sent
	if json.Unmarshal(res.Result, &several) == nil && len(several) > 0 {
		message, err = several[0], nil
	}
	if err != nil || message.MessageID == 0 || message.Chat.ID == 0 {
		f := a.client.Failure(rest.Answer{Status: http.StatusOK}, "an acceptance without a message id")
		f.Err = errors.New("the answer to an accepted message cannot be read")
		return "", f
	}
	return ref(message.Chat.ID, message.MessageID), nil
}

// complete takes the method out of a body and adds what only the account and the
// attempt know. The first part quotes what the message answers.
func complete(m channel.Outbound, i int, body json.RawMessage) (method string, params map[string]json.RawMessage, err error) {
	params, err = rest.Members(body)
	if err != nil {
		return "", nil, err
	}
	if method, err = methodOf(params); err != nil {
		return "", nil, err
	}
	delete(params, "method")
	if off, err := strconv.ParseBool(strings.ToLower(m.Properties[propertyNoPreview])); err == nil && off && method == "sendMessage" {
		params["link_preview_options"] = json.RawMessage(`{"is_disabled":true}`)
	}
	_, quoted, _ := strings.Cut(m.Quote, ":")
	if _, own := params["reply_parameters"]; i == 0 && !own && digits.MatchString(quoted) {
		params["reply_parameters"] = json.RawMessage(`{"message_id":` + quoted + `,"allow_sending_without_reply":true}`)
	}
	return method, params, nil
}

var (
	digits = regexp.MustCompile(`^[0-9]{1,18}$`)
	// sending are the methods that a customer's own body may name: those that
	// send a message, and none that would change the bot.
	sending = regexp.MustCompile(`^send[A-Z][A-Za-z]{1,40}$`)
)

// silent send something and no message.
var silent = map[string]bool{"sendChatAction": true, "sendMessageDraft": true, "sendRichMessageDraft": true}

// methodOf gives the method of a body. Without one it is what the body's content
// is sent by.
func methodOf(params map[string]json.RawMessage) (string, error) {
	var method string
	if raw, named := params["method"]; named {
		if json.Unmarshal(raw, &method) != nil || !sending.MatchString(method) || silent[method] {
			return "", refuse("the message's body names a method that sends no message")
		}
		return method, nil
	}
	for _, content := range [][2]string{
		{"text", "sendMessage"}, {"photo", "sendPhoto"}, {"video", "sendVideo"}, {"animation", "sendAnimation"}, {"audio", "sendAudio"},
		{"voice", "sendVoice"}, {"document", "sendDocument"}, {"sticker", "sendSticker"}, {"video_note", "sendVideoNote"},
		{"media", "sendMediaGroup"}, {"phone_number", "sendContact"}, {"address", "sendVenue"}, {"latitude", "sendLocation"}, {"question", "sendPoll"},
	} {
		if _, has := params[content[0]]; has {
			return content[1], nil
		}
	}
	return "", refuse("the message's body has neither a method nor a content that tells it")
}

func refuse(description string) error {
	return &channel.Failure{Verdict: channel.Refuse, Reason: convapi.Reason{
		Code: convapi.ReasonBadRequest, SubCode: convapi.SubCodeUnspecified, Description: description,
	}}
}

// ref is the provider's id of a message.
func ref(chat, message int64) string { return fmt.Sprintf("%d:%d", chat, message) }
