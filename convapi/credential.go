package convapi

import "bytes"

// ChannelCredential connects an app to one account on one channel. Exactly one of
// the …Credentials and Static… members is set.
type ChannelCredential struct {
	Channel                 Channel          `json:"channel"`
	CallbackSecret          Secret           `json:"callback_secret"`           // at most 256 characters; empty turns verification off
	State                   *CredentialState `json:"state,omitempty"`           // read only
	ChannelKnownID          string           `json:"channel_known_id"`          // read only
	CredentialOrdinalNumber int              `json:"credential_ordinal_number"` // 0 to 255; only LINE uses it

	StaticBearer              *StaticBearer              `json:"static_bearer,omitempty"`
	StaticToken               *StaticToken               `json:"static_token,omitempty"`
	MMSCredentials            *MMSCredentials            `json:"mms_credentials,omitempty"`
	KakaoTalkCredentials      *KakaoTalkCredentials      `json:"kakaotalk_credentials,omitempty"`
	KakaoTalkChatCredentials  *KakaoTalkChatCredentials  `json:"kakaotalkchat_credentials,omitempty"`
	TelegramCredentials       *TelegramCredentials       `json:"telegram_credentials,omitempty"`
	LINECredentials           *LINECredentials           `json:"line_credentials,omitempty"`
	LINEEnterpriseCredentials *LINEEnterpriseCredentials `json:"line_enterprise_credentials,omitempty"`
	WeChatCredentials         *WeChatCredentials         `json:"wechat_credentials,omitempty"`
	InstagramCredentials      *InstagramCredentials      `json:"instagram_credentials,omitempty"`
	AppleBCCredentials        *AppleBCCredentials        `json:"applebc_credentials,omitempty"`

	// Our own, beside the contract's.
	SMPPCredentials    *SMPPCredentials `json:"smpp_credentials,omitempty"`     // SMS over SMPP 3.4
	HTTPSMSCredentials SecretObject     `json:"http_sms_credentials,omitempty"` // SMS over HTTP: {profile, …}; the adapter knows the rest
	EmailCredentials   SecretObject     `json:"email_credentials,omitempty"`    // EMAIL; the adapter knows the members
	ProviderURL        string           `json:"provider_url,omitempty"`         // base URL of the provider's API when not the vendor's public one
	VerifyToken        Secret           `json:"verify_token,omitempty"`         // token of Meta's GET challenge
	InDoubtPolicy      InDoubtPolicy    `json:"in_doubt_policy,omitempty"`      // empty means WAIT
	AssumeDelivered    *bool            `json:"assume_delivered,omitempty"`     // DELIVERED with the channel's accept; nil means the channel's default
}

// CredentialState is the health of a credential.
type CredentialState struct {
	Status      CredentialStatus `json:"status"`
	Description string           `json:"description"`
}

// CredentialStatus names the health of a credential.
type CredentialStatus string

// The credential states: PENDING until validated, then ACTIVE or FAILING.
const (
	CredentialPending CredentialStatus = "PENDING"
	CredentialActive  CredentialStatus = "ACTIVE"
	CredentialFailing CredentialStatus = "FAILING"
)

// Known reports whether s is a state of the contract.
func (s CredentialStatus) Known() bool {
	return s == CredentialPending || s == CredentialActive || s == CredentialFailing
}

// InDoubtPolicy says what happens to an attempt whose outcome is unknown after a
// crash or a lost connection, when nothing else resolves it.
type InDoubtPolicy string

// The in-doubt policies. WAIT, the default, never risks a second delivery.
const (
	InDoubtWait   InDoubtPolicy = "WAIT"
	InDoubtResend InDoubtPolicy = "RESEND"
)

// UnmarshalText takes a policy in any case.
func (p *InDoubtPolicy) UnmarshalText(text []byte) error {
	*p = InDoubtPolicy(bytes.ToUpper(text))
	return nil
}

// Known reports whether p is a policy.
func (p InDoubtPolicy) Known() bool { return p == InDoubtWait || p == InDoubtResend }

// StaticBearer is for SMS, RCS, WHATSAPP and VIBERBM.
type StaticBearer struct {
	ClaimedIdentity string `json:"claimed_identity"`
	Token           Secret `json:"token"`
}

// StaticToken is for MESSENGER.
type StaticToken struct {
	Token Secret `json:"token"`
}

// MMSCredentials is for MMS.
type MMSCredentials struct {
	AccountID string     `json:"account_id"`
	APIKey    Secret     `json:"api_key"`
	BasicAuth *BasicAuth `json:"basic_auth"`
}

// BasicAuth is a user name and password.
type BasicAuth struct {
	Username string `json:"username"`
	Password Secret `json:"password"`
}

// KakaoTalkCredentials is for KAKAOTALK.
type KakaoTalkCredentials struct {
	KakaoTalkPlusFriendID string `json:"kakaotalk_plus_friend_id"`
	KakaoTalkSenderKey    Secret `json:"kakaotalk_sender_key"`
}

// KakaoTalkChatCredentials is for KAKAOTALKCHAT.
type KakaoTalkChatCredentials struct {
	KakaoTalkPlusFriendID string `json:"kakaotalk_plus_friend_id"`
	APIKey                Secret `json:"api_key,omitempty"`
}

// TelegramCredentials is for TELEGRAM.
type TelegramCredentials struct {
	Token Secret `json:"token"`
}

// LINECredentials is for LINE.
type LINECredentials struct {
	Token     Secret `json:"token"`
	Secret    Secret `json:"secret"`
	IsDefault bool   `json:"is_default"`
}

// LINEEnterpriseCredentials is for LINE accounts per country; one of both.
type LINEEnterpriseCredentials struct {
	LINEJapan    *LINEAccount `json:"line_japan,omitempty"`
	LINEThailand *LINEAccount `json:"line_thailand,omitempty"`
	IsDefault    bool         `json:"is_default"`
}

// LINEAccount is a LINE account of one country.
type LINEAccount struct {
	Token  Secret `json:"token"`
	Secret Secret `json:"secret"`
}

// WeChatCredentials is for WECHAT.
type WeChatCredentials struct {
	AppID     string `json:"app_id"`
	AppSecret Secret `json:"app_secret"`
	Token     Secret `json:"token"`
	AESKey    Secret `json:"aes_key"`
}

// InstagramCredentials is for INSTAGRAM.
type InstagramCredentials struct {
	Token             Secret `json:"token"`
	BusinessAccountID string `json:"business_account_id,omitempty"`
}

// AppleBCCredentials is for APPLEBC.
type AppleBCCredentials struct {
	BusinessChatAccountID        string `json:"business_chat_account_id"`
	MerchantID                   string `json:"merchant_id,omitempty"`
	ApplePayCertificateReference string `json:"apple_pay_certificate_reference,omitempty"`
	ApplePayCertificatePassword  Secret `json:"apple_pay_certificate_password,omitempty"`
}

// SMPPCredentials is an SMPP 3.4 account; zero members mean the adapter's
// defaults.
type SMPPCredentials struct {
	Address        string       `json:"address"` // host:port
	TLS            bool         `json:"tls,omitempty"`
	SystemID       string       `json:"system_id"`             // at most 15 octets (SMPP 3.4, 5.2.1)
	Password       Secret       `json:"password,omitempty"`    // at most 8 octets (SMPP 3.4, 5.2.2)
	SystemType     string       `json:"system_type,omitempty"` // at most 12 octets (SMPP 3.4, 5.2.3)
	BindMode       SMPPBindMode `json:"bind_mode,omitempty"`
	Binds          int          `json:"binds,omitempty"`   // 1 to 10
	Window         int          `json:"window,omitempty"`  // unanswered submits per bind, 1 to 1000
	MaxTPS         float64      `json:"max_tps,omitempty"` // submits per second over all binds
	EnquireSeconds int          `json:"enquire_seconds,omitempty"`
	SourceAddress  string       `json:"source_address,omitempty"`
	SourceTON      *int         `json:"source_ton,omitempty"` // nil means derived from the address
	SourceNPI      *int         `json:"source_npi,omitempty"`
	GSM7           string       `json:"gsm7,omitempty"`            // coding behind data_coding 0; the adapter knows the words
	MessageIDForm  string       `json:"message_id_form,omitempty"` // how ids of answers and receipts differ; the adapter knows the words
}

// SMPPBindMode says how sessions are bound.
type SMPPBindMode string

// The bind modes. TRANSCEIVER is the default.
const (
	BindTransceiver SMPPBindMode = "TRANSCEIVER"
	BindTXRX        SMPPBindMode = "TX_RX"
)

// Known reports whether m is a bind mode.
func (m SMPPBindMode) Known() bool { return m == BindTransceiver || m == BindTXRX }
