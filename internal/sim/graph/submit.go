package graph

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
)

const (
	maxBody = 1 << 20 // bytes of a request
	// The platform's limits, in characters and bytes.
	maxText   = 4096
	maxOpaque = 512
)

// submission is a request to send, as far as every type has it; the body of the
// type is checked by name.
type submission struct {
	MessagingProduct string `json:"messaging_product"`
	RecipientType    string `json:"recipient_type"`
	To               string `json:"to"`
	Recipient        string `json:"recipient"` // a business-scoped user id
	Type             string `json:"type"`
	Opaque           string `json:"biz_opaque_callback_data"`
	Text             struct {
		Body string `json:"body"`
	} `json:"text"`
	Context *struct {
		MessageID string `json:"message_id"`
	} `json:"context"`
	Status    string  `json:"status"`
	MessageID string  `json:"message_id"`
	Typing    *typing `json:"typing_indicator"`

	body map[string]json.RawMessage
}

type typing struct {
	Type string `json:"type"`
}

// identity is whom the platform takes for the recipient: to goes first.
func (m submission) identity() string {
	if m.To != "" {
		return m.To
	}
	return m.Recipient
}

// messages serves POST /{phone-number-id}/messages.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		refuse(w, 190, "Invalid OAuth access token")
		return
	}
	if r.PathValue("phone") != s.config.PhoneNumberID {
		refuseSub(w, 100, unknownObject, "Unsupported post request. Object with ID "+strconv.Quote(r.PathValue("phone"))+" does not exist")
		return
	}
	m, code, details := parse(http.MaxBytesReader(w, r.Body, maxBody))
	if code != 0 {
		refuse(w, code, details)
		return
	}
	if m.Status == "read" {
		s.markRead(w, r, m)
		return
	}
	s.submit(w, r, m)
}

// markRead carries out a well-formed read receipt, with the fault that is due to
// the person. In the journal it is of the type read or typing.
func (s *Server) markRead(w http.ResponseWriter, r *http.Request, m submission) {
	from, known := s.posted.find(m.MessageID)
	if !known {
		refuse(w, 131009, "Message ID "+strconv.Quote(m.MessageID)+" is not that of a received message")
		return
	}
	m.To, m.Type = from, "read"
	if m.Typing != nil {
		m.Type = "typing"
	}
	f := s.faults.Take(from)
	if s.refused(w, m, f) {
		return
	}
	s.record(m, f, m.MessageID)
	s.hold(r, f)
	answer(w, http.StatusOK, map[string]bool{"success": true})
}

func (s *Server) authorized(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(token), []byte(s.config.AccessToken)) == 1
}

// submit carries out a well-formed request, with the fault that is due.
func (s *Server) submit(w http.ResponseWriter, r *http.Request, m submission) {
	f := s.faults.Take(m.identity())
	if s.refused(w, m, f) {
		return
	}
	ref := fmt.Sprintf("wamid.SIM%s%010d", m.identity(), s.serial.Add(1))
	if !s.report(r.Context(), m, ref, f) {
		s.record(m, f, "")
		refuse(w, 131016, "too many reports wait in the simulation")
		return
	}
	s.record(m, f, ref)
	s.hold(r, f)
	answer(w, http.StatusOK, accepted(m, ref))
}

// refused answers what is not accepted.
func (s *Server) refused(w http.ResponseWriter, m submission, f fault.Fault) bool {
	switch f.Kind {
	case fault.Refuse, fault.Throttle, fault.Status, fault.DropBefore:
		s.record(m, f, "")
	}
	switch f.Kind {
	case fault.Refuse:
		refuse(w, f.Code, f.Words)
	case fault.Throttle:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		refuse(w, 130429, f.Words)
	case fault.Status:
		w.WriteHeader(f.Code)
	case fault.DropBefore:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// hold delays or drops the answer to what is accepted.
func (s *Server) hold(r *http.Request, f fault.Fault) {
	switch f.Kind {
	case fault.DropAfter:
		panic(http.ErrAbortHandler)
	case fault.Slow:
		s.wait(r, f.Delay())
	}
}

// wait returns after d, or when the client or the Server is gone.
func (s *Server) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.closing:
	}
}

func (s *Server) record(m submission, f fault.Fault, ref string) {
	s.journal.Add(journal.Entry{
		At: time.Now(), MessageID: m.Opaque, Ref: ref, To: m.identity(), Type: m.Type,
		Text: m.words(), Accepted: ref != "", Fault: f.Kind,
	})
}

// words is what a message says, for the journal.
func (m submission) words() string {
	var content struct {
		Caption string `json:"caption"`
		Name    string `json:"name"`
		Body    struct {
			Text string `json:"text"`
		} `json:"body"`
	}
	if m.Type == "text" || json.Unmarshal(m.body[m.Type], &content) != nil {
		return m.Text.Body
	}
	return cmp.Or(content.Body.Text, content.Caption, content.Name)
}

// accepted is the platform's answer to a message that it takes.
func accepted(m submission, ref string) map[string]any {
	contact := map[string]string{"input": m.identity()}
	if m.To != "" {
		contact["wa_id"] = strings.TrimPrefix(m.To, "+")
	} else {
		contact["user_id"] = m.Recipient
	}
	return map[string]any{
		"messaging_product": "whatsapp",
		"contacts":          []any{contact},
		"messages":          []any{map[string]string{"id": ref}},
	}
}

// phoneNumber takes what the platform takes: digits with or without a plus.
var phoneNumber = regexp.MustCompile(`^\+?[0-9]{5,20}$`)

// userID is the form of a business-scoped user id.
var userID = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$`)
