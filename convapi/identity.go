package convapi

import (
	"regexp"
	"strconv"
	"strings"
)

// maxIdentityLength bounds identities that have no form of their own, in octets.
// The contract states no figure.
const maxIdentityLength = 256

// Forms of identities. E.164 allows 15 digits; the shortest numbers in use have 7.
var (
	phoneForm        = regexp.MustCompile(`^[1-9][0-9]{6,14}$`)
	telegramNameForm = regexp.MustCompile(`^@[A-Za-z][A-Za-z0-9_]{3,31}$`)
)

// phoneSeparators are what people put between the digits of a number.
var phoneSeparators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "")

// ByNumber reports whether identities of c are, or can be, phone numbers.
func (c Channel) ByNumber() bool {
	switch c {
	case ChannelSMS, ChannelMMS, ChannelRCS, ChannelViberBM, ChannelWhatsApp:
		return true
	}
	return false
}

// NormalizeIdentity brings an identity to the form that is stored, compared and
// reported. A phone number on SMS, MMS, RCS, VIBERBM or WHATSAPP becomes bare
// digits: the leading + and the separators blank - . ( ) are dropped. Everything
// else stays as it is, WhatsApp's business-scoped ids with their dot included.
func NormalizeIdentity(ch Channel, identity string) string {
	if !ch.ByNumber() {
		return identity
	}
	bare := strings.TrimPrefix(phoneSeparators.Replace(identity), "+")
	if bare == "" || strings.Trim(bare, "0123456789") != "" {
		return identity
	}
	return bare
}

// ValidIdentity reports whether a normalized identity is well formed for the
// channel. SMS, MMS, RCS and VIBERBM take an E.164 number of 7 to 15 digits,
// TELEGRAM a chat id or @name; every other channel, WHATSAPP with its
// business-scoped ids among them, takes any text up to 256 octets.
func ValidIdentity(ch Channel, identity string) bool {
	switch ch {
	case ChannelSMS, ChannelMMS, ChannelRCS, ChannelViberBM:
		return phoneForm.MatchString(identity)
	case ChannelTelegram:
		_, err := strconv.ParseInt(identity, 10, 64)
		return err == nil && !strings.HasPrefix(identity, "+") || telegramNameForm.MatchString(identity)
	}
	return identity != "" && len(identity) <= maxIdentityLength
}
