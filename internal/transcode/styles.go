package transcode

import "switchyard/convapi"

// styles are the channels that have more than plain text.
var styles = map[convapi.Channel]*style{
	convapi.ChannelWhatsApp:      whatsapp,
	convapi.ChannelTelegram:      telegram,
	convapi.ChannelRCS:           rcs,
	convapi.ChannelMessenger:     messenger,
	convapi.ChannelInstagram:     instagram,
	convapi.ChannelViber:         viber,
	convapi.ChannelViberBM:       viberBusiness,
	convapi.ChannelLINE:          line,
	convapi.ChannelKakaoTalk:     kakaotalk,
	convapi.ChannelKakaoTalkChat: kakaochat,
	convapi.ChannelWeChat:        wechat,
	convapi.ChannelAppleBC:       apple,
	convapi.ChannelMMS:           mms,
	convapi.ChannelEmail:         email,
}
