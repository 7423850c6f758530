package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// Inbound is what a person does. Message is the message as the platform puts it
// into a webhook: its type and the member of that name; id, timestamp and from
// are added where they are missing. Text is short for a text message.
type Inbound struct {
	From string `json:"from"` // a phone number, or a business-scoped user id
	// Name is the person's profile name; "" is "Simulated Person".
	Name    string         `json:"name,omitempty"`
	Text    string         `json:"text,omitempty"`
	Message map[string]any `json:"message,omitempty"`
}

// Inbound posts a message to the webhook and returns its id. It does not wait
// for the post.
func (s *Server) Inbound(in Inbound) (string, error) {
	message := map[string]any{"id": fmt.Sprintf("wamid.SIMIN%010d", s.serial.Add(1)), "timestamp": seconds(time.Now())}
	contact := map[string]any{"profile": map[string]string{"name": "Simulated Person"}}
	if in.Name != "" {
		contact["profile"] = map[string]string{"name": in.Name}
	}
	switch {
	case phoneNumber.MatchString(in.From):
		message["from"], contact["wa_id"] = in.From, in.From
	case userID.MatchString(in.From):
		message["from_user_id"], contact["user_id"] = in.From, in.From
	default:
		return "", errors.New("from is neither a phone number nor a user id")
	}
	if in.Text != "" {
		message["type"], message["text"] = "text", map[string]string{"body": in.Text}
	}
	for name, value := range in.Message {
		message[name] = value
	}
	if kind, ok := message["type"].(string); !ok || kind == "" {
		return "", errors.New("the message has no type")
	}
	id, ok := message["id"].(string)
	if !ok {
		return "", errors.New("the message's id is not a string")
	}
	s.posted.add(id, in.From)
	return id, s.Notify("messages", map[string]any{"contacts": []any{contact}, "messages": []any{message}})
}

// maxPosted bounds what is remembered of messages that were posted.
const maxPosted = 10_000

// ids remembers who the messages are from that were posted last.
type ids struct {
	mu   sync.Mutex
	from map[string]string
	next []string // a ring once it is full
	n    int
}

func (p *ids) add(id, from string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.from == nil {
		p.from = make(map[string]string)
	}
	if len(p.next) < maxPosted {
		p.next = append(p.next, id)
	} else {
		delete(p.from, p.next[p.n])
		p.next[p.n] = id
		p.n = (p.n + 1) % maxPosted
	}
	p.from[id] = from
}

func (p *ids) find(id string) (from string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, known = p.from[id]
	return from, known
}

// Notify posts a webhook with that field and value, like
// phone_number_quality_update. It does not wait for the post.
func (s *Server) Notify(field string, value map[string]any) error {
	return s.post(s.webhook(field, value))
}

// Button is the Message of a tap on a reply button; replyTo is the id of the
// message that had it.
func Button(replyTo, id, title string) map[string]any {
	return map[string]any{
		"type":        "interactive",
		"context":     map[string]string{"from": displayNumber, "id": replyTo},
		"interactive": map[string]any{"type": "button_reply", "button_reply": map[string]string{"id": id, "title": title}},
	}
}

// Location is the Message of a shared place.
func Location(latitude, longitude float64, name string) map[string]any {
	return map[string]any{"type": "location", "location": map[string]any{"latitude": latitude, "longitude": longitude, "name": name}}
}

// Image is the Message of a picture, of which the Server serves a small one.
func Image(mediaID, caption string) map[string]any {
	return map[string]any{"type": "image", "image": map[string]string{"id": mediaID, "mime_type": "image/png", "sha256": "", "caption": caption}}
}

func (s *Server) controlInbound(w http.ResponseWriter, r *http.Request) {
	var in Inbound
	if !decode(w, r, &in) {
		return
	}
	id, err := s.Inbound(in)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, http.StatusOK, map[string]string{"id": id})
}

func (s *Server) controlNotify(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Field string         `json:"field"`
		Value map[string]any `json:"value"`
	}
	if !decode(w, r, &in) {
		return
	}
	if in.Field == "" || in.Value == nil {
		http.Error(w, "field and value are required", http.StatusBadRequest)
		return
	}
	if err := s.Notify(in.Field, in.Value); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answer(w, http.StatusOK, struct{}{})
}

// decode reads a control request strictly and answers what is wrong with it.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// mediaID is the form of the platform's media ids.
var mediaID = regexp.MustCompile(`^[0-9]{1,32}$`)

// mediaURL serves GET /{media-id}: every number is a picture.
func (s *Server) mediaURL(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("media")
	switch {
	case !s.authorized(r):
		refuse(w, 190, "Invalid OAuth access token")
	case !mediaID.MatchString(id):
		refuseSub(w, 100, unknownObject, "Unsupported get request. Object does not exist")
	default:
		answer(w, http.StatusOK, map[string]string{
			"messaging_product": "whatsapp", "id": id, "mime_type": "image/png",
			"url": "http://" + r.Host + "/media/" + id,
		})
	}
}

// media serves the bytes of a picture, for the bearer of the token alone.
func (s *Server) media(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		refuse(w, 190, "Invalid OAuth access token")
		return
	}
	w.Header().Set("Content-Type", "image/png")
	// A client that went away does not matter here.
	_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 8, 8)))
}
