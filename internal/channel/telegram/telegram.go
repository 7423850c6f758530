// Package telegram speaks the Telegram Bot API for one bot: it sends, takes
// updates by webhook or by polling, opens inbound media and classifies errors.
// It must not know contacts, conversations, stores or retries.
//
// An account is a telegram_credentials token. With a callback_secret, updates
// come by webhook: Run registers the account's callback URL with that secret,
// and every post must bear it. Without one, updates are polled (getUpdates), for
// gateways that have no public HTTPS URL, and every post is refused.
// provider_url replaces DefaultURL, for a Bot API server of one's own.
//
// A bot gets no receipts: an accepted message counts as delivered. The
// provider's id of a message is "chat id:message id", because message ids count
// within a chat.
package telegram

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// DefaultURL is Telegram's public API.
const DefaultURL = "https://api.telegram.org"

// concurrency serves the 30 messages a second that Telegram takes from a bot, at
// about 300 ms each.
const concurrency = 10

// Channel is the definition of the channel TELEGRAM.
var Channel = channel.Definition{
	Channel:  convapi.ChannelTelegram,
	Features: channel.Features{AssumeDelivered: true, Concurrency: concurrency},
	Check:    check,
	Open:     open,
}

// adapter implements channel.Adapter, EventSender, Prober, Receiver, Runner and MediaSource.
type adapter struct {
	token       string
	secret      string // of the webhook; "" polls
	base        string // without a slash at the end
	callbackURL string
	client      *rest.Client
	pollFor     time.Duration
	log         *slog.Logger
}

var (
	_ channel.Adapter     = (*adapter)(nil)
	_ channel.EventSender = (*adapter)(nil)
	_ channel.Prober      = (*adapter)(nil)
	_ channel.Receiver    = (*adapter)(nil)
	_ channel.Runner      = (*adapter)(nil)
	_ channel.MediaSource = (*adapter)(nil)
)

var (
	tokenForm = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)
	// secretForm is what setWebhook takes as secret_token.
	secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
)

// check says what is wrong with a credential.
func check(c convapi.ChannelCredential) error {
	var wrong convapi.FieldErrors
	add := func(field, description string) {
		wrong = append(wrong, &convapi.FieldError{Field: field, Description: description})
	}
	switch {
	case c.TelegramCredentials == nil:
		add("telegram_credentials", "is required for TELEGRAM")
	case !tokenForm.MatchString(string(c.TelegramCredentials.Token)):
		add("telegram_credentials.token", "must be a bot's token: digits, a colon, letters and digits")
	}
	if c.CallbackSecret != "" && !secretForm.MatchString(string(c.CallbackSecret)) {
		add("callback_secret", "must be 1 to 256 of A-Z, a-z, 0-9, _ and -, as Telegram wants")
	}
	if c.ProviderURL != "" && !rest.ValidBaseURL(c.ProviderURL) {
		add("provider_url", "must be an http or https URL without user, query and fragment")
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

func open(account channel.Account, env channel.Env) (channel.Adapter, error) {
	c := account.Credential
	if err := check(c); err != nil {
		return nil, err
	}
	base := c.ProviderURL
	if base == "" {
		base = DefaultURL
	}
	token := string(c.TelegramCredentials.Token)
	return &adapter{
		token:       token,
		secret:      string(c.CallbackSecret),
		base:        strings.TrimRight(base, "/"),
		callbackURL: account.CallbackURL,
		client:      rest.New(env.HTTP, token, string(c.CallbackSecret)),
		pollFor:     pollTime(env.HTTP.Timeout),
		log:         env.Log,
	}, nil
}

// response is every answer of the API.
type response struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	ErrorCode   int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter    int64 `json:"retry_after"` // seconds
		MigrateToChat int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// call makes one call and gives its result. The response is given with an error,
// too, as far as there is one.
func (a *adapter) call(ctx context.Context, method string, params any) (response, error) {
	answer, err := a.client.Do(ctx, rest.Call{Method: http.MethodPost, URL: a.base + "/bot" + a.token + "/" + method, Body: params})
	if err != nil {
		return response{}, err
	}
	var res response
	if err := json.Unmarshal(answer.Body, &res); err != nil {
		// Not the API: a proxy, or an answer that broke off.
		return response{}, a.client.Failure(answer, "")
	}
	if !res.OK || !answer.OK() {
		return res, a.classify(answer, res)
	}
	return res, nil
}
