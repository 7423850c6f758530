package whatsapp

import (
	"encoding/json"
	"strconv"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// status is one entry of a webhook's statuses.
type status struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Timestamp unixTime  `json:"timestamp"`
	Opaque    string    `json:"biz_opaque_callback_data"`
	Errors    []problem `json:"errors"`
}

// states maps Meta's words; others (deleted, warning) say nothing about the
// delivery. sent is worth a report, too: with our message id it tells of an
// answer that was lost.
func states() map[string]convapi.DeliveryStatus {
	return map[string]convapi.DeliveryStatus{
		"sent":      convapi.StatusQueuedOnChannel,
		"delivered": convapi.StatusDelivered,
		"read":      convapi.StatusRead,
		"played":    convapi.StatusRead,
		"failed":    convapi.StatusFailed,
	}
}

func (a *adapter) status(batch *channel.Batch, raw json.RawMessage) {
	var st status
	if err := json.Unmarshal(raw, &st); err != nil || st.ID == "" {
		a.log.Warn("status of a webhook cannot be read", "error", err)
		return
	}
	state, ok := states()[st.Status]
	if !ok {
		return
	}
	report := channel.Report{Ref: st.ID, Status: state, At: st.Timestamp.Time}
	report.SetReference(st.Opaque)
	if state == convapi.StatusFailed {
		report.Reason = a.reason(st.Errors)
	}
	batch.Reports = append(batch.Reports, report)
}

// unixTime reads seconds since 1970, which Meta writes as a string in messages
// and as a number in entries. What is not a time of our days is zero.
type unixTime struct{ time.Time }

// maxSeconds is the year 2200: beyond it a time has no sense and, later, no
// form in RFC 3339.
const maxSeconds = 7_258_118_400

// UnmarshalJSON implements json.Unmarshaler. It never fails: a message is worth
// more than its time.
func (t *unixTime) UnmarshalJSON(data []byte) error {
	t.Time = time.Time{}
	digits := string(data)
	if unquoted, err := strconv.Unquote(digits); err == nil {
		digits = unquoted
	}
	if seconds, err := strconv.ParseInt(digits, 10, 64); err == nil && seconds > 0 && seconds < maxSeconds {
		t.Time = time.Unix(seconds, 0).UTC()
	}
	return nil
}
