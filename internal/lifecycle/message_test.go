package lifecycle

import (
	"fmt"
	"strings"
	"time"

	"switchyard/convapi"
)

// start is when the messages of these tests are accepted.
var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// message drives one message through signals, keeping its clock.
type message struct {
	plan    Plan
	state   State
	now     time.Time
	effects []Effect // all so far
}

func newMessage(p Plan) *message {
	return &message{plan: p, state: New(p, start), now: start}
}

// get applies signals at the present time and gives the effects of the last.
func (m *message) get(signals ...Signal) []Effect {
	var effects []Effect
	for _, sig := range signals {
		m.state, effects = Apply(m.plan, m.state, sig, m.now, 0.5)
		m.effects = append(m.effects, effects...)
	}
	return effects
}

// after lets time pass.
func (m *message) after(d time.Duration) *message {
	m.now = m.now.Add(d)
	return m
}

// toDue lets time pass until the message wants Overdue.
func (m *message) toDue() *message {
	if m.state.Due.After(m.now) {
		m.now = m.state.Due
	}
	return m
}

// The answers to the attempt under way.
func (m *message) accepted(parts, now int) Signal {
	return Accepted{Hop: m.state.Hop, Attempt: m.state.Attempt, Parts: parts, Now: now}
}

func (m *message) refused(v Verdict) Signal {
	return Refused{Hop: m.state.Hop, Attempt: m.state.Attempt, Verdict: v, Reason: rejection}
}

func (m *message) lost() Signal { return Lost{Hop: m.state.Hop, Attempt: m.state.Attempt} }

func report(hop int, s Status) Reported {
	r := Reported{Hop: hop, Part: Whole, Status: s}
	if s == Failed {
		r.Reason = unreachable
	}
	return r
}

var (
	rejection   = convapi.Reason{Code: convapi.ReasonChannelReject, SubCode: convapi.SubCodeUnspecified}
	unreachable = convapi.Reason{Code: convapi.ReasonRecipientNotReachable, SubCode: convapi.SubCodeUnspecified}
	malformed   = convapi.Reason{Code: convapi.ReasonRecipientInvalidChannelIdentity, SubCode: convapi.SubCodeUnspecified}
	appGone     = convapi.Reason{Code: convapi.ReasonUnknownApp, SubCode: convapi.SubCodeUnspecified}
)

// planOf has n hops with report-based fallback after a minute and retries for
// half a minute.
func planOf(hops ...Hop) Plan {
	return Plan{Hops: hops, ReportWait: time.Minute, RetryFor: 30 * time.Second}
}

var (
	reporting = Hop{Reports: true, DoubtWait: 10 * time.Second}
	resending = Hop{Reports: true, Resend: true, DoubtWait: 10 * time.Second}
	mute      = Hop{DoubtWait: 10 * time.Second}
	assuming  = Hop{Assume: true, DoubtWait: 10 * time.Second}
	faulty    = Hop{Fault: &malformed}
)

// show writes effects as text, such as "submit/0 QUEUED_ON_CHANNEL/0 dispatch".
// A status' reason follows it, in brackets.
func show(effects []Effect) string {
	var out []string
	for _, e := range effects {
		switch e := e.(type) {
		case Send:
			out = append(out, "send")
		case Dispatch:
			out = append(out, "dispatch")
		case Duplicate:
			out = append(out, "duplicate")
		case Revoke:
			out = append(out, fmt.Sprintf("revoke/%d", e.Hop))
		case TellSubmitted:
			out = append(out, fmt.Sprintf("submit/%d", e.Hop))
		case Tell:
			text := fmt.Sprintf("%s/%d", e.Status, e.Hop)
			if e.Reason != nil {
				text += "(" + string(e.Reason.Code) + ")"
			}
			out = append(out, text)
		}
	}
	return strings.Join(out, " ")
}
