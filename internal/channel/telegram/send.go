package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

const (
	// maxText is in characters (sendMessage, text).
	maxText = 4096
	// propertyNoPreview is the channel property of the contract.
	propertyNoPreview = "TELEGRAM_DISABLE_LINK_PREVIEW"
)

// sendMessage is the parameters of the method. There is no parse_mode: a text
// of the API's customer is not markup.
type sendMessage struct {
	ChatID      any                 `json:"chat_id"` // a number, or @name of a channel
	Text        string              `json:"text"`
	LinkPreview *linkPreviewOptions `json:"link_preview_options,omitempty"`
}

type linkPreviewOptions struct {
	IsDisabled bool `json:"is_disabled"`
}

// Send hands a text over.
func (a *adapter) Send(ctx context.Context, m channel.Outbound) (channel.Receipt, error) {
	if f := rest.CheckText("Telegram", m.Text, maxText); f != nil {
		return channel.Receipt{}, f
	}
	params := compose(m)
	res, err := a.call(ctx, "sendMessage", params)
	if chat := res.Parameters.MigrateToChat; err != nil && chat != 0 {
		// The group became a supergroup: certainly not sent, and the error names
		// the chat that took its place.
		params.ChatID = chat
		res, err = a.call(ctx, "sendMessage", params)
	}
	if err != nil {
		return channel.Receipt{}, err
	}
	var sent struct {
		MessageID int64 `json:"message_id"`
		Chat      struct {
			ID int64 `json:"id"`
		} `json:"chat"`
	}
	if err := json.Unmarshal(res.Result, &sent); err != nil || sent.MessageID == 0 || sent.Chat.ID == 0 {
		f := a.client.Failure(rest.Answer{Status: http.StatusOK}, "an acceptance without a message id")
		f.Err = errors.New("the answer to an accepted message cannot be read")
		return channel.Receipt{}, f
	}
	return channel.Receipt{Refs: []string{ref(sent.Chat.ID, sent.MessageID)}, Parts: 1}, nil
}

func compose(m channel.Outbound) sendMessage {
	params := sendMessage{ChatID: chatID(m.Identity), Text: m.Text}
	if off, err := strconv.ParseBool(strings.ToLower(m.Properties[propertyNoPreview])); err == nil && off {
		params.LinkPreview = &linkPreviewOptions{IsDisabled: true}
	}
	return params
}

// chatID gives an identity as the methods want it: a number, or @name.
func chatID(identity string) any {
	if id, err := strconv.ParseInt(identity, 10, 64); err == nil {
		return id
	}
	return identity
}

// ref is the provider's id of a message.
func ref(chat, message int64) string { return fmt.Sprintf("%d:%d", chat, message) }
