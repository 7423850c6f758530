package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/notify"
)

// business is the account that webhooks name.
const (
	businessAccountID = "100000000000001"
	displayNumber     = "15550000000"
)

// reportError is an error in a status.
type reportError struct {
	Code      int       `json:"code"`
	Title     string    `json:"title"`
	Message   string    `json:"message"`
	ErrorData errorData `json:"error_data"`
	Href      string    `json:"href"`
}

// status is one entry of a webhook's statuses.
type status struct {
	ID              string        `json:"id"`
	Status          string        `json:"status"`
	Timestamp       string        `json:"timestamp"`
	RecipientID     string        `json:"recipient_id,omitempty"`
	RecipientUserID string        `json:"recipient_user_id,omitempty"`
	Opaque          string        `json:"biz_opaque_callback_data,omitempty"`
	Errors          []reportError `json:"errors,omitempty"`
}

// report sends what the platform tells of an accepted message. It is false when
// there is no room for it.
func (s *Server) report(ctx context.Context, m submission, ref string, f fault.Fault) bool {
	words := []string{"sent", "delivered", "read"}
	if s.config.NoRead {
		words = words[:2]
	}
	switch f.Kind {
	case fault.Silent:
		return true
	case fault.Fail:
		words = []string{"failed"}
	case fault.Disorder:
		slices.Reverse(words)
	case fault.Twice:
		words = slices.Concat(words, words)
		slices.SortStableFunc(words, func(a, b string) int { return rank(a) - rank(b) })
	}
	steps := make([]notify.Step, len(words))
	for i, word := range words {
		steps[i] = notify.Step{After: s.config.ReportAfter, Body: s.statusBody(m, ref, word, f)}
	}
	switch f.Kind {
	case fault.Late:
		steps[0].After += f.Delay()
	case fault.Early:
		return s.reportNow(ctx, steps)
	}
	return s.notifier.Post(steps...)
}

// reportNow posts before the answer; what is not taken comes again later.
func (s *Server) reportNow(ctx context.Context, steps []notify.Step) bool {
	for i, step := range steps {
		if err := s.notifier.PostNow(ctx, step.Body); err != nil {
			s.config.Log.Debug("early report not taken", "error", err)
			return s.notifier.Post(steps[i:]...)
		}
	}
	return true
}

// rank orders the statuses of a message that arrives.
func rank(word string) int { return slices.Index([]string{"sent", "delivered", "read"}, word) }

func (s *Server) statusBody(m submission, ref, word string, f fault.Fault) []byte {
	st := status{ID: ref, Status: word, Timestamp: seconds(time.Now()), Opaque: m.Opaque}
	if m.To != "" {
		st.RecipientID = strings.TrimPrefix(m.To, "+")
	} else {
		st.RecipientUserID = m.Recipient
	}
	if word == "failed" {
		title := failures()[f.Code].title
		details := f.Words
		if details == "" {
			details = title
		}
		st.Errors = []reportError{{Code: f.Code, Title: title, Message: title, ErrorData: errorData{Details: details}, Href: "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"}}
	}
	return s.webhook("messages", map[string]any{"statuses": []status{st}})
}

// webhook is the body of a notification; messaging_product and metadata are
// added to the value of field messages.
func (s *Server) webhook(field string, value map[string]any) []byte {
	if field == "messages" {
		value["messaging_product"] = "whatsapp"
		value["metadata"] = map[string]string{"display_phone_number": displayNumber, "phone_number_id": s.config.PhoneNumberID}
	}
	body, err := json.Marshal(map[string]any{
		"object": "whatsapp_business_account",
		"entry":  []any{map[string]any{"id": businessAccountID, "changes": []any{map[string]any{"field": field, "value": value}}}},
	})
	if err != nil {
		// Only strings, numbers and JSON that was parsed get here.
		panic(fmt.Sprintf("graph: encode a webhook: %v", err))
	}
	return escapeNonASCII(body)
}

// escapeNonASCII writes JSON as Meta does: everything beyond ASCII as \uXXXX. A
// receiver that parses before it verifies fails on it.
func escapeNonASCII(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		switch {
		case r < 0x80:
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return out
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// errBusy says that too many notifications wait.
var errBusy = errors.New("too many notifications wait in the simulation")

// post starts one notification.
func (s *Server) post(body []byte) error {
	if !s.notifier.Post(notify.Step{Body: body}) {
		return errBusy
	}
	return nil
}
