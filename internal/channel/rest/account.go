package rest

import (
	"fmt"
	"net/url"
	"unicode/utf8"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// ValidBaseURL says whether a credential's provider_url can stand before the
// paths of an API: http or https, with a host, without user, query and fragment.
func ValidBaseURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// CheckText refuses a text that the channel of that name cannot take: an empty
// one, or one of more than most characters.
func CheckText(name, text string, most int) *channel.Failure {
	refuse := func(code convapi.ReasonCode, description string) *channel.Failure {
		return &channel.Failure{
			Verdict: channel.Refuse,
			Reason:  convapi.Reason{Code: code, Description: description, SubCode: convapi.SubCodeUnspecified},
		}
	}
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return refuse(convapi.ReasonBadRequest, "the message has no text for "+name)
	case n > most:
		return refuse(convapi.ReasonMessageSplitRequired, fmt.Sprintf("%s takes at most %d characters, the text has %d", name, most, n))
	}
	return nil
}
