package convapi

import (
	"net"
	"slices"
)

// The contract's limits of an app; days and seconds.
const (
	maxCallbackSecret        = 256 // characters
	maxOrdinal               = 255
	maxRetentionDays         = 3650
	maxDispatchRetentionDays = 7
	minReportWait            = 10
	maxReportWait            = 259_200
	minRetryDuration         = 30
	maxRetryDuration         = 3600
)

// Limits of an SMPP account. The field lengths are those of SMPP 3.4 without the
// terminating NUL; the others are our own.
const (
	maxSystemID   = 15
	maxPassword   = 8
	maxSystemType = 12
	maxBinds      = 10
	maxWindow     = 1000
)

// Validate checks an app to be created; it returns FieldErrors or nil.
func (a *App) Validate() error {
	var p fieldProblems
	p.required("display_name", a.DisplayName)
	if a.ChannelCredentials == nil {
		p.add("channel_credentials", "is required")
	}
	p.app(a)
	return p.err()
}

// ValidatePatch checks an app update: only what is set; it returns FieldErrors or
// nil.
func (a *App) ValidatePatch() error {
	var p fieldProblems
	p.app(a)
	return p.err()
}

func (p *fieldProblems) app(a *App) {
	for i := range a.ChannelCredentials {
		p.credential(at("channel_credentials", i), &a.ChannelCredentials[i])
	}
	checkEnum(p, "conversation_metadata_report_view", a.ConversationMetadataReportView)
	checkEnum(p, "processing_mode", a.ProcessingMode)
	if r := a.RetentionPolicy; r != nil {
		checkEnum(p, "retention_policy.retention_type", r.RetentionType)
		p.between("retention_policy.ttl_days", r.TTLDays, 0, maxRetentionDays) // 0 asks for the default
	}
	if r := a.DispatchRetentionPolicy; r != nil {
		if r.RetentionType != "" && r.RetentionType != RetentionMessageExpire {
			p.add("dispatch_retention_policy.retention_type", "must be "+string(RetentionMessageExpire))
		}
		p.between("dispatch_retention_policy.ttl_days", r.TTLDays, 0, maxDispatchRetentionDays)
	}
	if f := a.DeliveryReportBasedFallback; f != nil && f.DeliveryReportWaitingTime != 0 {
		p.between("delivery_report_based_fallback.delivery_report_waiting_time", f.DeliveryReportWaitingTime, minReportWait, maxReportWait)
	}
	p.consentSettings(a.ConsentSettings)
	if s := a.MessageRetrySettings; s != nil && s.RetryDuration != 0 {
		p.between("message_retry_settings.retry_duration", s.RetryDuration, minRetryDuration, maxRetryDuration)
	}
}

func (p *fieldProblems) credential(path string, c *ChannelCredential) {
	requireEnum(p, path+".channel", c.Channel)
	p.maxLength(path+".callback_secret", string(c.CallbackSecret), maxCallbackSecret)
	p.between(path+".credential_ordinal_number", c.CredentialOrdinalNumber, 0, maxOrdinal)
	p.httpURL(path+".provider_url", c.ProviderURL)
	checkEnum(p, path+".in_doubt_policy", c.InDoubtPolicy)
	forms := c.forms()
	if c.Channel.Known() {
		mine := slices.DeleteFunc(slices.Clone(forms), func(f credentialForm) bool { return !slices.Contains(f.channels, c.Channel) })
		options := make([]option, len(mine))
		for i, f := range mine {
			options[i] = f.option
		}
		p.oneOf(path, options...)
	}
	for _, f := range forms {
		if f.set && !slices.Contains(f.channels, c.Channel) {
			p.add(join(path, f.name), "is not for channel "+string(c.Channel))
		}
		if f.set {
			for _, m := range f.required {
				p.required(join(path, f.name)+"."+m.name, m.value)
			}
		}
	}
	p.smpp(path+".smpp_credentials", c.SMPPCredentials)
}

func (p *fieldProblems) smpp(path string, c *SMPPCredentials) {
	if c == nil {
		return
	}
	if _, _, err := net.SplitHostPort(c.Address); c.Address != "" && err != nil {
		p.add(path+".address", "must be host:port")
	}
	p.maxLength(path+".system_id", c.SystemID, maxSystemID)
	p.maxLength(path+".password", string(c.Password), maxPassword)
	p.maxLength(path+".system_type", c.SystemType, maxSystemType)
	checkEnum(p, path+".bind_mode", c.BindMode)
	p.between(path+".binds", c.Binds, 0, maxBinds)
	p.between(path+".window", c.Window, 0, maxWindow)
	if c.MaxTPS < 0 {
		p.add(path+".max_tps", "must not be negative")
	}
	if c.EnquireSeconds < 0 {
		p.add(path+".enquire_seconds", "must not be negative")
	}
	p.octet(path+".source_ton", c.SourceTON)
	p.octet(path+".source_npi", c.SourceNPI)
}

// octet checks an optional number that is one octet on the wire.
func (p *fieldProblems) octet(path string, value *int) {
	if value != nil {
		p.between(path, *value, 0, 255)
	}
}
