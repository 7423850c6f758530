// Package all lists the channels that are built, one line each. Their order
// means nothing: an app's credentials decide what is tried first.
package all

import (
	"switchyard/internal/channel"
	"switchyard/internal/channel/sms"
	"switchyard/internal/channel/telegram"
	"switchyard/internal/channel/whatsapp"
)

// Channels gives every channel.
func Channels() []channel.Definition {
	return []channel.Definition{
		sms.Channel,
		telegram.Channel,
		whatsapp.Channel,
	}
}
