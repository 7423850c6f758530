package telegram

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"switchyard/internal/channel"
)

// errForged is the one answer to every post that does not prove its sender.
var errForged = errors.New("the request does not prove that it is from Telegram")

// Receive takes one update. Without a callback secret nothing could prove who
// posts, and updates are polled: every post is refused.
func (a *adapter) Receive(_ context.Context, r *http.Request, body []byte) (channel.Batch, channel.Reply, error) {
	if r.Method != http.MethodPost {
		return channel.Batch{}, channel.Reply{Status: http.StatusMethodNotAllowed}, errors.New("the method is not POST")
	}
	secret := r.Header.Get("X-Telegram-Bot-Api-Secret-Token")
	if a.secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(a.secret)) != 1 {
		return channel.Batch{}, channel.Reply{Status: http.StatusForbidden}, errForged
	}
	u, err := parse(body)
	if err != nil {
		return channel.Batch{}, channel.Reply{Status: http.StatusBadRequest}, fmt.Errorf("parse the update: %w", err)
	}
	var batch channel.Batch
	a.inbound(&batch, u)
	return batch, a.acknowledge(u), nil
}

// answerCallback is the parameters of answerCallbackQuery; as an answer to a
// webhook the method is one of them.
type answerCallback struct {
	Method string `json:"method,omitempty"`
	ID     string `json:"callback_query_id"`
}

// acknowledge ends the spinning of a tapped button in the answer to the webhook:
// it costs no call, and goes out after the tap is stored. That no result comes
// back does not matter here.
func (a *adapter) acknowledge(u update) channel.Reply {
	if u.CallbackQuery == nil || u.CallbackQuery.ID == "" {
		return channel.Reply{}
	}
	body, err := json.Marshal(answerCallback{Method: "answerCallbackQuery", ID: u.CallbackQuery.ID})
	if err != nil {
		a.log.Error("a tap cannot be acknowledged", "error", err)
		return channel.Reply{}
	}
	return channel.Reply{Status: http.StatusOK, ContentType: "application/json", Body: body}
}
