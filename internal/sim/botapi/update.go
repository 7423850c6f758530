package botapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"switchyard/internal/sim/notify"
)

// maxUpdates is how many unconfirmed updates are kept; then new ones are
// refused. The platform keeps them for a day.
const maxUpdates = 100_000

// update is one update as it goes out.
type update struct {
	id   int64
	kind string
	body json.RawMessage
}

// Inbound is what a person does. Update is the update as the platform makes it,
// without its id: one member, like message or callback_query. Text is short for
// a text message in a private chat.
type Inbound struct {
	ChatID int64          `json:"chat_id"`
	Text   string         `json:"text,omitempty"`
	Update map[string]any `json:"update,omitempty"`
}

// Inbound makes an update and gives its id; it goes to the webhook or waits to
// be polled. Updates of a kind that the bot did not ask for have an id and are
// dropped, as the platform does.
func (s *Server) Inbound(in Inbound) (int64, error) {
	members := maps.Clone(in.Update)
	if in.Text != "" {
		members = map[string]any{"message": s.Message(in.ChatID, map[string]any{"text": in.Text})}
	}
	if len(members) != 1 {
		return 0, errors.New("an update has exactly one member besides its id")
	}
	kind := slices.Collect(maps.Keys(members))[0]

	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.updates) >= maxUpdates {
		return 0, errors.New("too many updates wait in the simulation")
	}
	members["update_id"] = s.last + 1
	body, err := json.Marshal(members)
	if err != nil {
		return 0, fmt.Errorf("encode the update: %w", err)
	}
	s.last++
	if !s.wanted(kind) {
		return s.last, nil
	}
	s.deliver(update{s.last, kind, body})
	return s.last, nil
}

// Message gives a message in a private chat with that content, as the member
// message of an update.
func (s *Server) Message(chatID int64, content map[string]any) map[string]any {
	message := map[string]any{
		"message_id": s.serial.Add(1), "date": time.Now().Unix(),
		"chat": map[string]any{"id": chatID, "type": "private", "first_name": "Simulated"},
		"from": map[string]any{"id": chatID, "is_bot": false, "first_name": "Simulated"},
	}
	maps.Copy(message, content)
	return message
}

// Tap gives a tap on a button below a message, as an Inbound.Update.
func Tap(chatID, messageID int64, queryID, data string) map[string]any {
	return map[string]any{"callback_query": map[string]any{
		"id": queryID, "data": data, "chat_instance": "1",
		"from":    map[string]any{"id": chatID, "is_bot": false, "first_name": "Simulated"},
		"message": map[string]any{"message_id": messageID, "date": time.Now().Unix(), "chat": map[string]any{"id": chatID, "type": "private"}},
	}}
}

// wanted says whether the bot asked for that kind. The platform leaves a few
// out unless they are named.
func (s *Server) wanted(kind string) bool {
	if len(s.allowed) == 0 {
		return kind != "message_reaction" && kind != "message_reaction_count" && kind != "chat_member"
	}
	return slices.Contains(s.allowed, kind)
}

// deliver hands an update to the webhook, or to whoever polls. s.mu is held.
func (s *Server) deliver(u update) {
	if s.notifier.URL() != "" && s.notifier.Post(notify.Step{Body: u.body}) {
		return
	}
	s.updates = append(s.updates, u)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// sign sets the header that proves to a webhook who posts.
func (s *Server) sign(h http.Header, _ []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secret != "" {
		h.Set("X-Telegram-Bot-Api-Secret-Token", s.secret)
	}
}

// answered carries out a method that a webhook's answer asks for.
func (s *Server) answered(body []byte) {
	var call struct {
		Method string `json:"method"`
		ID     string `json:"callback_query_id"`
	}
	if json.Unmarshal(body, &call) == nil && call.Method == "answerCallbackQuery" {
		s.acknowledge(call.ID)
	}
}

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// setWebhook takes http URLs as well, which the platform does not: the gateway
// under test is on loopback.
func (s *Server) setWebhook(w http.ResponseWriter, _ *http.Request, p params) {
	address, secret := p.text("url"), p.text("secret_token")
	if address != "" && !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		refuse(w, http.StatusBadRequest, "Bad Request: bad webhook: HTTPS url must be provided for webhook", nil)
		return
	}
	if secret != "" && !secretForm.MatchString(secret) {
		refuse(w, http.StatusBadRequest, "Bad Request: secret token contains illegal characters", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret = secret
	s.allow(p)
	s.notifier.SetURL(address)
	waiting := s.updates
	s.updates = nil
	for _, u := range waiting {
		s.deliver(u)
	}
	accept(w, true)
}

// allow takes the kinds of updates over; left out, the last ones stay. s.mu is
// held.
func (s *Server) allow(p params) {
	var kinds []string
	if raw := p["allowed_updates"]; len(raw) > 0 && json.Unmarshal(raw, &kinds) == nil {
		s.allowed = kinds
	}
}

func (s *Server) deleteWebhook(w http.ResponseWriter, _ *http.Request, _ params) {
	s.notifier.SetURL("")
	accept(w, true)
}

func (s *Server) getWebhookInfo(w http.ResponseWriter, _ *http.Request, _ params) {
	s.mu.Lock()
	defer s.mu.Unlock()
	accept(w, map[string]any{
		"url": s.notifier.URL(), "has_custom_certificate": false,
		"pending_update_count": len(s.updates), "allowed_updates": append([]string{}, s.allowed...),
	})
}

// getUpdates confirms what is below the offset and gives what is left, waiting
// for something if there is nothing.
func (s *Server) getUpdates(w http.ResponseWriter, r *http.Request, p params) {
	if s.notifier.URL() != "" {
		refuse(w, http.StatusConflict, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first", nil)
		return
	}
	if !s.startPoll(p) {
		refuse(w, http.StatusConflict, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running", nil)
		return
	}
	defer s.endPoll()
	timer := time.NewTimer(time.Duration(min(max(p.number("timeout"), 0), 50)) * time.Second)
	defer timer.Stop()
	for {
		found, arrived := s.pending(p.number("limit"))
		if len(found) > 0 {
			accept(w, found)
			return
		}
		select {
		case <-arrived:
		case <-timer.C:
			accept(w, []json.RawMessage{})
			return
		case <-s.closing:
			accept(w, []json.RawMessage{})
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (s *Server) startPoll(p params) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polling {
		return false
	}
	s.polling = true
	s.allow(p)
	offset := p.number("offset")
	s.updates = slices.DeleteFunc(s.updates, func(u update) bool { return u.id < offset })
	return true
}

func (s *Server) endPoll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polling = false
}

// pending gives the oldest updates and what closes when there are more.
func (s *Server) pending(limit int64) ([]json.RawMessage, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	var found []json.RawMessage
	for _, u := range s.updates[:min(int(limit), len(s.updates))] {
		found = append(found, u.body)
	}
	return found, s.arrived
}

func (s *Server) controlInbound(w http.ResponseWriter, r *http.Request) {
	var in Inbound
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	var id int64
	if err == nil {
		id, err = s.Inbound(in)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	write(w, http.StatusOK, map[string]int64{"update_id": id})
}
