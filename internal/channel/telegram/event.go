package telegram

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// sendChatAction is the parameters of the method. The person sees the action for
// five seconds, or until the next message.
type sendChatAction struct {
	ChatID any    `json:"chat_id"`
	Action string `json:"action"`
}

// SendEvent hands over that somebody writes, the one thing that a bot can show.
func (a *adapter) SendEvent(ctx context.Context, e channel.OutboundEvent) error {
	if e.Event.ComposingEvent == nil {
		return channel.NoEvent(convapi.ChannelTelegram)
	}
	_, err := a.call(ctx, "sendChatAction", sendChatAction{chatID(e.Identity), "typing"})
	return err
}
