// Package whatsapp speaks the WhatsApp Cloud API (Meta's Graph API) for one
// phone number: it sends, verifies and parses webhooks, opens inbound media and
// classifies Meta's errors. It must not know contacts, conversations, stores or
// retries.
//
// An account is a static_bearer credential: claimed_identity is the phone
// number id (not the number) and token the access token. callback_secret is the
// Meta app's secret, with which webhooks are signed; empty turns the check off.
// verify_token answers Meta's challenge; empty refuses every challenge.
// provider_url replaces DefaultURL: one with a path is the base as it is
// (…/v21.0), to one without a path DefaultURL's version is added.
package whatsapp

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// DefaultURL is Meta's public API with the version that this adapter is written
// for.
const DefaultURL = "https://graph.facebook.com" + version

const version = "/v23.0"

const (
	// concurrency serves the highest throughput that Meta gives a number, 1,000
	// messages a second, at about 130 ms each; the default of 80 a second needs a
	// part of it. It counts until the outcome is on disk.
	concurrency = 128
	// doubtWait is how long a status with our own message id may take.
	doubtWait = 30 * time.Second
)

// Channel is the definition of the channel WHATSAPP.
var Channel = channel.Definition{
	Channel: convapi.ChannelWhatsApp,
	Features: channel.Features{
		ReportsDelivered: true,
		ReportsRead:      true,
		Undisclosed:      true, // Meta's lookup of contacts is gone
		Concurrency:      concurrency,
		DoubtWait:        doubtWait,
	},
	Check: check,
	Open:  open,
}

// adapter implements channel.Adapter, EventSender, Receiver and MediaSource.
type adapter struct {
	phoneNumberID string
	token         string
	appSecret     string
	verifyToken   string
	base          string // without a slash at the end
	callbackURL   string
	client        *rest.Client
	log           *slog.Logger
}

var (
	_ channel.Adapter     = (*adapter)(nil)
	_ channel.EventSender = (*adapter)(nil)
	_ channel.Receiver    = (*adapter)(nil)
	_ channel.MediaSource = (*adapter)(nil)
)

// check says what is wrong with a credential.
func check(c convapi.ChannelCredential) error {
	var wrong convapi.FieldErrors
	add := func(field, description string) {
		wrong = append(wrong, &convapi.FieldError{Field: field, Description: description})
	}
	switch bearer := c.StaticBearer; {
	case bearer == nil:
		add("static_bearer", "is required for WHATSAPP")
	default:
		// Meta's are digits, but partners who speak the Cloud API name numbers
		// in ways of their own.
		if !pathSegment.MatchString(bearer.ClaimedIdentity) {
			add("static_bearer.claimed_identity", "must be the phone number id: letters, digits, _ . and -")
		}
		if bearer.Token == "" || strings.ContainsAny(string(bearer.Token), " \t\r\n") {
			add("static_bearer.token", "must be an access token, without spaces")
		}
	}
	if c.ProviderURL != "" && !rest.ValidBaseURL(c.ProviderURL) {
		add("provider_url", "must be an http or https URL without user, query and fragment")
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// pathSegment is what can stand in a URL's path as it is.
var pathSegment = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9_.-]{0,127}$`)

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func open(account channel.Account, env channel.Env) (channel.Adapter, error) {
	c := account.Credential
	if err := check(c); err != nil {
		return nil, err
	}
	base := strings.TrimRight(c.ProviderURL, "/")
	if base == "" {
		base = DefaultURL
	} else if u, err := url.Parse(base); err == nil && u.Path == "" {
		base += version
	}
	token := string(c.StaticBearer.Token)
	return &adapter{
		phoneNumberID: c.StaticBearer.ClaimedIdentity,
		token:         token,
		appSecret:     string(c.CallbackSecret),
		verifyToken:   string(c.VerifyToken),
		base:          base,
		callbackURL:   account.CallbackURL,
		client:        rest.New(env.HTTP, token, string(c.CallbackSecret), string(c.VerifyToken)),
		log:           env.Log,
	}, nil
}

// bearer is the header of every call.
func (a *adapter) bearer() http.Header {
	return http.Header{"Authorization": {"Bearer " + a.token}}
}

// errForged is the one answer to every webhook that does not prove its sender.
var errForged = errors.New("the request does not prove that it is from Meta")
