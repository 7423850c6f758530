package rest

import "net/url"

// ValidBaseURL says whether a credential's provider_url can stand before the
// paths of an API: http or https, with a host, without user, query and fragment.
func ValidBaseURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}
