package convapi

import (
	"fmt"
	"log/slog"
)

// A Secret masks itself only while it is asked to. Given a verb that does not fit
// a nested pointer, as in %s of a struct, fmt prints what is behind the pointer
// without asking; and slog's JSON handler marshals structs, which shows secrets as
// the wire does. So every type that holds a Secret prints itself: the ones below
// as a whole as ***, objects with other things worth reading member by member.

// Format prints ***, whatever the verb.
func (StaticBearer) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (StaticBearer) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (StaticToken) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (StaticToken) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (MMSCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (MMSCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (BasicAuth) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (BasicAuth) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (KakaoTalkCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (KakaoTalkCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (KakaoTalkChatCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (KakaoTalkChatCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (TelegramCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (TelegramCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (LINECredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (LINECredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (LINEEnterpriseCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (LINEEnterpriseCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (LINEAccount) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (LINEAccount) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (WeChatCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (WeChatCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (InstagramCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (InstagramCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (AppleBCCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (AppleBCCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (SMPPCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (SMPPCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (CallbackSettings) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (CallbackSettings) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints ***, whatever the verb.
func (WebhookClientCredentials) Format(f fmt.State, verb rune) { formatMasked(f, verb, len(masked)) }

// LogValue logs ***.
func (WebhookClientCredentials) LogValue() slog.Value { return slog.StringValue(masked) }

// Format prints the members of an app, secrets masked, whatever the verb.
func (a App) Format(f fmt.State, _ rune) {
	type plain App
	fmt.Fprintf(f, "%+v", plain(a))
}

// LogValue logs what Format prints.
func (a App) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format prints the members of a credential, secrets masked, whatever the verb.
func (c ChannelCredential) Format(f fmt.State, _ rune) {
	type plain ChannelCredential
	fmt.Fprintf(f, "%+v", plain(c))
}

// LogValue logs what Format prints.
func (c ChannelCredential) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format prints the members of a webhook, secrets masked, whatever the verb.
func (w Webhook) Format(f fmt.State, _ rune) {
	type plain Webhook
	fmt.Fprintf(f, "%+v", plain(w))
}

// LogValue logs what Format prints.
func (w Webhook) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(w)) }
