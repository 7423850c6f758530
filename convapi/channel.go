package convapi

import "slices"

// Channel names a messaging channel, as in channel_identity.channel.
type Channel string

// The channels of the contract, VIBER (retired there, still sent by SDKs), and
// EMAIL, which is our own.
const (
	ChannelSMS           Channel = "SMS"
	ChannelRCS           Channel = "RCS"
	ChannelWhatsApp      Channel = "WHATSAPP"
	ChannelMMS           Channel = "MMS"
	ChannelMessenger     Channel = "MESSENGER"
	ChannelInstagram     Channel = "INSTAGRAM"
	ChannelTelegram      Channel = "TELEGRAM"
	ChannelViber         Channel = "VIBER"
	ChannelViberBM       Channel = "VIBERBM"
	ChannelLINE          Channel = "LINE"
	ChannelKakaoTalk     Channel = "KAKAOTALK"
	ChannelKakaoTalkChat Channel = "KAKAOTALKCHAT"
	ChannelWeChat        Channel = "WECHAT"
	ChannelAppleBC       Channel = "APPLEBC"
	ChannelEmail         Channel = "EMAIL"
)

// Channels lists every known channel.
func Channels() []Channel {
	return []Channel{
		ChannelSMS, ChannelRCS, ChannelWhatsApp, ChannelMMS, ChannelMessenger, ChannelInstagram,
		ChannelTelegram, ChannelViber, ChannelViberBM, ChannelLINE, ChannelKakaoTalk,
		ChannelKakaoTalkChat, ChannelWeChat, ChannelAppleBC, ChannelEmail,
	}
}

// Known reports whether c is a channel of the contract or our own EMAIL.
func (c Channel) Known() bool { return slices.Contains(Channels(), c) }

// AppScoped reports whether an identity on c means something only together with
// the app that it was seen by, so that channel_identity.app_id is filled.
// The contract lists these four; VIBER ids belong to one bot as well. A Telegram
// id is the user's own at every bot.
func (c Channel) AppScoped() bool {
	switch c {
	case ChannelMessenger, ChannelInstagram, ChannelLINE, ChannelWeChat, ChannelViber:
		return true
	}
	return false
}

// ChannelIdentity addresses one recipient or sender on one channel.
type ChannelIdentity struct {
	Channel  Channel `json:"channel"`
	Identity string  `json:"identity"`
	AppID    string  `json:"app_id"` // empty unless the channel is app scoped
}
