// Package lifecycle is the state machine of one message to a contact: from
// QUEUED over its planned channels to DELIVERED, READ or FAILED. It is pure:
// state and signal in, new state and effects out; time and chance are passed
// in. It knows neither stores nor channels nor webhooks.
//
// docs/states.md draws it, and a test holds the drawing against the code.
package lifecycle

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"switchyard/convapi"
)

// Status is what the customer was last told, or QUEUED.
type Status uint8

// The statuses of the contract. FAILED and READ are final.
const (
	Queued Status = iota
	OnChannel
	Switching
	Delivered
	Read
	Failed
)

var statusNames = [...]string{"QUEUED", "QUEUED_ON_CHANNEL", "SWITCHING_CHANNEL", "DELIVERED", "READ", "FAILED"}

// String gives the contract's name of the status.
func (s Status) String() string { return statusNames[s] }

// Final says that no signal changes the status any more.
func (s Status) Final() bool { return s == Read || s == Failed }

// Settled says that the message needs no further attempt.
func (s Status) Settled() bool { return s >= Delivered }

// Phase is where the current attempt stands.
type Phase uint8

// The phases of an attempt.
const (
	Waiting   Phase = iota // for its turn, or for the time of a retry
	Sending                // started: on disk before it is on the wire
	Doubt                  // without an answer: it may have been sent
	Submitted              // accepted by the channel, or settled without it
)

var phaseNames = [...]string{"waiting", "sending", "doubt", "submitted"}

// String gives the phase's name for logs.
func (p Phase) String() string { return phaseNames[p] }

// MaxParts is how many parts of one message reports are gathered for: one bit
// each of Progress.Delivered.
const MaxParts = 64

// Hop is a planned channel as far as its rules matter here.
type Hop struct {
	Reports   bool          // the channel reports DELIVERED, so silence means something
	Assume    bool          // accepted counts as DELIVERED
	Resend    bool          // an attempt in doubt is sent once more (policy RESEND)
	DoubtWait time.Duration // how long a resend waits for a report first
	// Fault is why this hop cannot even be tried, such as an identity that is
	// malformed for the channel; nil if it can.
	Fault *convapi.Reason
}

// Plan is what was decided when the message was accepted. It never changes.
type Plan struct {
	Hops []Hop
	// Expires is the end of the message's ttl; zero for none.
	Expires time.Time
	// ReportWait is delivery_report_waiting_time, 10 s to 259,200 s; 0 if the
	// delivery-report-based fallback is off.
	ReportWait time.Duration
	// RetryFor is message_retry_settings.retry_duration, 30 s to 3,600 s.
	RetryFor time.Duration
}

// Progress counts what a message has done on one hop.
type Progress struct {
	Attempts  uint8  // attempts started; stays at 255
	Parts     uint8  // in all; 0 as long as it is not known
	Accepted  uint8  // parts that the channel took
	Delivered uint64 // a bit for each delivered part; all are set for the whole
	Told      bool   // TellSubmitted was given
}

func (p Progress) complete() bool {
	all := uint64(1)<<p.Parts - 1
	return p.Parts > 0 && p.Delivered&all == all
}

// State is what changes.
type State struct {
	Status   Status
	Phase    Phase
	Hop      int       // index of the current hop
	Attempt  int       // number of the current attempt over all hops, from 1
	Retries  int       // temporary failures on this hop
	Resent   bool      // the one resend of this hop has been made
	FailedAt time.Time // first temporary failure on this hop
	Progress []Progress
	// Due is when the message wants the signal Overdue; zero for never. A
	// message that is Waiting or Sending always has one, so that reading the
	// due messages is all that a restart needs.
	Due time.Time
}

// Equal says whether nothing differs.
func (s State) Equal(o State) bool {
	return s.Status == o.Status && s.Phase == o.Phase && s.Hop == o.Hop && s.Attempt == o.Attempt && s.Retries == o.Retries &&
		s.Resent == o.Resent && s.FailedAt.Equal(o.FailedAt) && s.Due.Equal(o.Due) && slices.Equal(s.Progress, o.Progress)
}

// New is the state of a message accepted at now.
func New(p Plan, now time.Time) State {
	return State{Progress: make([]Progress, len(p.Hops)), Due: now}
}

// Signal is something that happened to a message.
type Signal interface{ signal() }

type (
	// Claimed: the engine has a worker ready and asks for the next attempt.
	Claimed struct{}
	// Accepted: the channel took attempt Attempt. Parts is the message's
	// number of parts on this channel, Now how many of them this attempt
	// handed over.
	Accepted struct {
		Hop, Attempt int
		Parts, Now   int
	}
	// Refused: attempt Attempt was certainly not sent, but for the first Now
	// of its parts.
	Refused struct {
		Hop, Attempt int
		Verdict      Verdict
		Reason       convapi.Reason
		RetryAfter   time.Duration
		Parts, Now   int
	}
	// Lost: nobody knows whether attempt Attempt went out, beyond the first
	// Now of its parts.
	Lost struct {
		Hop, Attempt int
		Parts, Now   int
	}
	// Orphaned: the process that made the current attempt is gone.
	Orphaned struct{}
	// Reported: the channel tells about a hop. Part is the index of the part,
	// or Whole; Parts the message's number of parts if the report tells it, else 0.
	Reported struct {
		Hop, Part int
		Parts     int
		Status    Status // OnChannel, Delivered, Read or Failed
		Reason    convapi.Reason
	}
	// Overdue: the time State.Due has come.
	Overdue struct{}
	// Withdrawn: the app or the contact is gone.
	Withdrawn struct{ Reason convapi.Reason }
)

// Whole is the Part of a report that speaks of the whole message.
const Whole = -1

func (Claimed) signal()   {}
func (Accepted) signal()  {}
func (Refused) signal()   {}
func (Lost) signal()      {}
func (Orphaned) signal()  {}
func (Reported) signal()  {}
func (Overdue) signal()   {}
func (Withdrawn) signal() {}

// Verdict is what a refusal means. Doubt is not a refusal: it is Lost.
type Verdict uint8

// The verdicts of a refusal.
const (
	Retry  Verdict = iota // the same channel again, later
	Refuse                // the next channel
	Abort                 // no channel
)

// Effect is what the engine has to do, in order; what it has to write goes
// into the transaction that writes the new state.
type Effect interface{ effect() }

type (
	// Send: hand the message to the current hop's channel. Only Claimed gives it.
	Send struct{}
	// Dispatch: put the message in the queue of its current hop's account.
	Dispatch struct{}
	// Tell: a MESSAGE_DELIVERY callback. Reason is nil but for FAILED and
	// SWITCHING_CHANNEL.
	Tell struct {
		Status Status
		Hop    int
		Reason *convapi.Reason
	}
	// TellSubmitted: a MESSAGE_SUBMIT callback.
	TellSubmitted struct{ Hop int }
	// Revoke: take the message back from the channel where that is possible.
	Revoke struct{ Hop int }
	// Duplicate: the person has or will have the message twice; counted.
	Duplicate struct{}
)

func (Send) effect()          {}
func (Dispatch) effect()      {}
func (Tell) effect()          {}
func (TellSubmitted) effect() {}
func (Revoke) effect()        {}
func (Duplicate) effect()     {}

// ProgressText gives the progress of all hops as text: "2.3.1.1.1,0.0.0.0.0" is
// attempts, parts, accepted, delivered and told (0 or 1) of each hop.
func (s *State) ProgressText() string {
	b := make([]byte, 0, 64)
	for i, p := range s.Progress {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(p.Attempts), 10)
		b = strconv.AppendUint(append(b, '.'), uint64(p.Parts), 10)
		b = strconv.AppendUint(append(b, '.'), uint64(p.Accepted), 10)
		b = strconv.AppendUint(append(b, '.'), p.Delivered, 10)
		told := byte('0')
		if p.Told {
			told = '1'
		}
		b = append(b, '.', told)
	}
	return string(b)
}

// ParseProgress reads what ProgressText wrote.
func ParseProgress(text string) []Progress {
	if text == "" {
		return nil
	}
	out := make([]Progress, 0, 1+strings.Count(text, ","))
	for hop := range strings.SplitSeq(text, ",") {
		var n [5]uint64
		i := 0
		for field := range strings.SplitSeq(hop, ".") {
			if i < len(n) {
				n[i], _ = strconv.ParseUint(field, 10, 64)
				i++
			}
		}
		out = append(out, Progress{uint8(n[0]), uint8(n[1]), uint8(n[2]), n[3], n[4] == 1})
	}
	return out
}
