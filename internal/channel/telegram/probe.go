package telegram

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// Probe asks for a chat. A bot knows those who have written to it, and can write
// to nobody else.
func (a *adapter) Probe(ctx context.Context, identity string) (channel.Capability, error) {
	_, err := a.call(ctx, "getChat", struct {
		ChatID any `json:"chat_id"`
	}{chatID(identity)})
	if err != nil {
		return channel.Capability{}, err
	}
	return channel.Capability{Status: convapi.CapabilityFull}, nil
}
