package convapi

import "encoding/json"

// credentialForm is one of the members of a credential that exclude each other:
// the channels that it is for and its required members.
type credentialForm struct {
	option
	channels []Channel
	required []requiredMember
}

type requiredMember struct{ name, value string }

// forms lists every form with what this credential has of it.
func (c *ChannelCredential) forms() []credentialForm {
	return append(c.tokenForms(), c.accountForms()...)
}

// tokenForms are the forms made of a token or a user and its password.
func (c *ChannelCredential) tokenForms() []credentialForm {
	bearer, token := orNew(c.StaticBearer), orNew(c.StaticToken)
	telegram, instagram, mms := orNew(c.TelegramCredentials), orNew(c.InstagramCredentials), orNew(c.MMSCredentials)
	basic, smpp := orNew(mms.BasicAuth), orNew(c.SMPPCredentials)
	return []credentialForm{
		{option{"static_bearer", c.StaticBearer != nil},
			[]Channel{ChannelSMS, ChannelRCS, ChannelWhatsApp, ChannelViberBM},
			[]requiredMember{{"claimed_identity", bearer.ClaimedIdentity}, {"token", string(bearer.Token)}}},
		{option{"static_token", c.StaticToken != nil},
			[]Channel{ChannelMessenger, ChannelViber},
			[]requiredMember{{"token", string(token.Token)}}},
		{option{"telegram_credentials", c.TelegramCredentials != nil},
			[]Channel{ChannelTelegram},
			[]requiredMember{{"token", string(telegram.Token)}}},
		{option{"instagram_credentials", c.InstagramCredentials != nil},
			[]Channel{ChannelInstagram},
			[]requiredMember{{"token", string(instagram.Token)}}},
		{option{"mms_credentials", c.MMSCredentials != nil},
			[]Channel{ChannelMMS},
			[]requiredMember{{"account_id", mms.AccountID}, {"api_key", string(mms.APIKey)},
				{"basic_auth.username", basic.Username}, {"basic_auth.password", string(basic.Password)}}},
		{option{"smpp_credentials", c.SMPPCredentials != nil},
			[]Channel{ChannelSMS},
			[]requiredMember{{"address", smpp.Address}, {"system_id", smpp.SystemID}}},
		{option{"http_sms_credentials", c.HTTPSMSCredentials != nil},
			[]Channel{ChannelSMS},
			[]requiredMember{{"profile", c.HTTPSMSCredentials.text("profile")}}},
		{option{"email_credentials", c.EmailCredentials != nil}, []Channel{ChannelEmail}, nil},
	}
}

// accountForms are the forms that name an account with its own ids and keys.
func (c *ChannelCredential) accountForms() []credentialForm {
	kakao, kakaoChat := orNew(c.KakaoTalkCredentials), orNew(c.KakaoTalkChatCredentials)
	line, wechat, apple := orNew(c.LINECredentials), orNew(c.WeChatCredentials), orNew(c.AppleBCCredentials)
	return []credentialForm{
		{option{"kakaotalk_credentials", c.KakaoTalkCredentials != nil},
			[]Channel{ChannelKakaoTalk},
			[]requiredMember{{"kakaotalk_plus_friend_id", kakao.KakaoTalkPlusFriendID},
				{"kakaotalk_sender_key", string(kakao.KakaoTalkSenderKey)}}},
		{option{"kakaotalkchat_credentials", c.KakaoTalkChatCredentials != nil},
			[]Channel{ChannelKakaoTalkChat},
			[]requiredMember{{"kakaotalk_plus_friend_id", kakaoChat.KakaoTalkPlusFriendID}}},
		{option{"line_credentials", c.LINECredentials != nil},
			[]Channel{ChannelLINE},
			[]requiredMember{{"token", string(line.Token)}, {"secret", string(line.Secret)}}},
		{option{"line_enterprise_credentials", c.LINEEnterpriseCredentials != nil},
			[]Channel{ChannelLINE},
			c.LINEEnterpriseCredentials.required()},
		{option{"wechat_credentials", c.WeChatCredentials != nil},
			[]Channel{ChannelWeChat},
			[]requiredMember{{"app_id", wechat.AppID}, {"app_secret", string(wechat.AppSecret)},
				{"token", string(wechat.Token)}, {"aes_key", string(wechat.AESKey)}}},
		{option{"applebc_credentials", c.AppleBCCredentials != nil},
			[]Channel{ChannelAppleBC},
			[]requiredMember{{"business_chat_account_id", apple.BusinessChatAccountID}}},
	}
}

// required lists the members of whichever country is set; with none, line_japan
// stands for the missing account.
func (c *LINEEnterpriseCredentials) required() []requiredMember {
	if c == nil {
		return nil
	}
	name, account := "line_japan", c.LINEJapan
	if c.LINEThailand != nil {
		name, account = "line_thailand", c.LINEThailand
	}
	a := orNew(account)
	return []requiredMember{{name + ".token", string(a.Token)}, {name + ".secret", string(a.Secret)}}
}

// text returns a string member of the object, empty when there is none.
func (o SecretObject) text(name string) string {
	var members map[string]any
	if json.Unmarshal(o, &members) != nil {
		return ""
	}
	value, _ := members[name].(string)
	return value
}
