package whatsapp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"switchyard/internal/channel"
)

// Receive answers Meta's challenge (GET) and takes webhooks (POST).
func (a *adapter) Receive(_ context.Context, r *http.Request, body []byte) (channel.Batch, channel.Reply, error) {
	switch r.Method {
	case http.MethodGet:
		reply, err := a.challenge(r)
		return channel.Batch{}, reply, err
	case http.MethodPost:
		if !a.genuine(r.Header.Get("X-Hub-Signature-256"), body) {
			return channel.Batch{}, channel.Reply{Status: http.StatusForbidden}, errForged
		}
		batch, err := a.parse(body)
		if err != nil {
			return channel.Batch{}, channel.Reply{Status: http.StatusBadRequest}, err
		}
		return batch, channel.Reply{}, nil
	}
	return channel.Batch{}, channel.Reply{Status: http.StatusMethodNotAllowed}, errors.New("the method is neither GET nor POST")
}

// challenge proves to Meta that this URL is meant.
func (a *adapter) challenge(r *http.Request) (channel.Reply, error) {
	query := r.URL.Query()
	token := query.Get("hub.verify_token")
	if a.verifyToken == "" || query.Get("hub.mode") != "subscribe" ||
		subtle.ConstantTimeCompare([]byte(token), []byte(a.verifyToken)) != 1 {
		return channel.Reply{Status: http.StatusForbidden}, errForged
	}
	return channel.Reply{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte(query.Get("hub.challenge"))}, nil
}

// genuine compares the signature of the raw bytes.
func (a *adapter) genuine(header string, body []byte) bool {
	if a.appSecret == "" {
		return true
	}
	digest, ok := strings.CutPrefix(header, "sha256=")
	got, err := hex.DecodeString(digest)
	if !ok || err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(a.appSecret))
	mac.Write(body)
	return hmac.Equal(got, mac.Sum(nil))
}

// notification is a webhook's body. What may be of a kind that we do not know
// stays raw, so that it cannot spoil the rest.
type notification struct {
	Entry []struct {
		ID      string   `json:"id"`
		Time    unixTime `json:"time"`
		Changes []struct {
			Field string          `json:"field"`
			Value json.RawMessage `json:"value"`
		} `json:"changes"`
	} `json:"entry"`
}

// parse reads all entries and changes. Fields that are not for customers
// (templates, account, calls, groups …) are accepted silently.
func (a *adapter) parse(body []byte) (channel.Batch, error) {
	var n notification
	if err := json.Unmarshal(body, &n); err != nil {
		return channel.Batch{}, fmt.Errorf("parse the webhook: %w", err)
	}
	var batch channel.Batch
	for _, entry := range n.Entry {
		for _, change := range entry.Changes {
			var err error
			switch change.Field {
			case "messages":
				err = a.messages(&batch, change.Value)
			case "user_preferences":
				err = a.preferences(&batch, change.Value)
			case "phone_number_quality_update":
				if object(change.Value) {
					batch.Inbound = append(batch.Inbound, quality(entry.ID, entry.Time, change.Value))
				}
			}
			if err != nil {
				// Meta would post it for days; it would never be better.
				a.log.Warn("change of a webhook cannot be read", "field", change.Field, "error", err)
			}
		}
	}
	return batch, nil
}

// messagesValue is the value of the field messages.
type messagesValue struct {
	Metadata struct {
		PhoneNumberID string `json:"phone_number_id"`
	} `json:"metadata"`
	Contacts []person          `json:"contacts"`
	Messages []json.RawMessage `json:"messages"`
	Statuses []json.RawMessage `json:"statuses"`
}

// person is a contact of a webhook. Whoever has a user name may hide the number.
type person struct {
	WaID   string `json:"wa_id"`
	UserID string `json:"user_id"`
}

func (a *adapter) messages(batch *channel.Batch, raw json.RawMessage) error {
	var value messagesValue
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	if value.Metadata.PhoneNumberID != a.phoneNumberID {
		// Meta posts all numbers of an app to one URL.
		return nil
	}
	for _, raw := range value.Statuses {
		a.status(batch, raw)
	}
	for _, raw := range value.Messages {
		a.message(batch, value.Contacts, raw)
	}
	return nil
}
