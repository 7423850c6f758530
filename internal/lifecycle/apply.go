package lifecycle

import (
	"math"
	"slices"
	"time"

	"switchyard/convapi"
	"switchyard/internal/backoff"
)

// Apply gives the state after sig at the time now and what follows from it.
// rnd in [0, 1) spreads retries. A signal that means nothing in this state,
// because it is repeated, late or stale, changes nothing and has no effects.
func Apply(p Plan, s State, sig Signal, now time.Time, rnd float64) (State, []Effect) {
	s.Progress = slices.Clone(s.Progress)
	m := machine{plan: p, State: s, now: now, rnd: rnd}
	switch sig := sig.(type) {
	case Claimed:
		m.claimed()
	case Accepted:
		m.accepted(sig)
	case Refused:
		m.refused(sig)
	case Lost:
		if m.Phase == Doubt { // already
			m.noteParts(sig.Hop, sig.Parts)
		} else if m.answered(sig.Hop, sig.Attempt, sig.Parts, sig.Now) {
			m.doubt()
		}
	case Orphaned:
		if m.Phase == Sending {
			m.doubt()
		}
	case Reported:
		m.reported(sig)
	case Overdue:
		m.overdue()
	case Withdrawn:
		if m.Phase == Waiting && !m.Status.Settled() {
			m.end(sig.Reason)
		}
	}
	return m.State, m.effects
}

// machine is one Apply under way.
type machine struct {
	State
	plan    Plan
	now     time.Time
	rnd     float64
	effects []Effect
}

func (m *machine) do(e ...Effect) { m.effects = append(m.effects, e...) }

func (m *machine) expired() bool {
	return !m.plan.Expires.IsZero() && !m.now.Before(m.plan.Expires)
}

func (m *machine) hopsLeft() bool { return m.Hop+1 < len(m.plan.Hops) }

func (m *machine) claimed() {
	if m.Phase != Waiting || m.Status.Settled() || m.now.Before(m.Due) {
		return
	}
	switch hop := m.plan.Hops[m.Hop]; {
	case m.expired():
		m.end(expiredReason)
	case hop.Fault != nil:
		m.fail(*hop.Fault)
	default:
		m.Attempt++
		m.Progress[m.Hop].Attempts = min(m.Progress[m.Hop].Attempts, 254) + 1
		m.Phase = Sending
		m.do(Send{})
	}
}

func (m *machine) accepted(sig Accepted) {
	if !m.answered(sig.Hop, sig.Attempt, sig.Parts, sig.Now) {
		return
	}
	m.submitted()
	// A report may have been faster than the answer that tells the parts.
	if !m.Status.Settled() && m.Progress[m.Hop].complete() {
		m.settle(Delivered, m.Hop)
	}
}

// answered says whether an answer is that of the attempt under way, and notes
// the parts that it tells of. An attempt in doubt may still be answered: by a
// node that was only taken for dead. A late one still says how many reports to wait
// for; but what it handed over must not be counted twice.
func (m *machine) answered(hop, attempt, parts, now int) bool {
	current := (m.Phase == Sending || m.Phase == Doubt) && m.Hop == hop && m.Attempt == attempt
	m.noteParts(hop, parts)
	if p := &m.Progress[hop]; current {
		p.Accepted = uint8(min(int(p.Accepted)+now, int(p.Parts)))
	}
	return current
}

// noteParts notes how many reports there will be.
func (m *machine) noteParts(hop, parts int) {
	p := &m.Progress[hop]
	p.Parts = max(p.Parts, uint8(min(parts, MaxParts)))
}

// submitted enters the phase Submitted on the current hop.
func (m *machine) submitted() {
	m.Phase, m.Due = Submitted, time.Time{}
	if m.Status.Settled() { // by a late report of an earlier hop
		m.do(Duplicate{})
		return
	}
	hop := m.plan.Hops[m.Hop]
	m.Status = OnChannel
	m.tellSubmitted(m.Hop)
	m.do(Tell{Status: OnChannel, Hop: m.Hop})
	switch {
	case hop.Assume:
		m.settle(Delivered, m.Hop)
	case hop.Reports && m.plan.ReportWait > 0 && m.hopsLeft():
		m.Due = m.now.Add(m.plan.ReportWait)
	}
}

// tellSubmitted tells once for each hop, and before anything good of it.
func (m *machine) tellSubmitted(hop int) {
	if !m.Progress[hop].Told {
		m.Progress[hop].Told = true
		m.do(TellSubmitted{hop})
	}
}

func (m *machine) refused(sig Refused) {
	if !m.answered(sig.Hop, sig.Attempt, sig.Parts, sig.Now) {
		return
	}
	switch {
	case m.Status.Settled(): // by a late report of an earlier hop
		m.Phase, m.Due = Submitted, time.Time{}
	case sig.Verdict == Abort:
		m.end(sig.Reason)
	case sig.Verdict == Refuse:
		m.fail(sig.Reason)
	default:
		m.retry(sig)
	}
}

// retry waits for another attempt on the same hop, until the retry duration
// since the first failure is used up; the last attempt is at its very end.
func (m *machine) retry(sig Refused) {
	if m.FailedAt.IsZero() {
		m.FailedAt = m.now
	}
	m.Retries++
	at, ok := backoff.Channel(m.Retries, m.FailedAt, m.now, m.plan.RetryFor, m.rnd)
	if !ok {
		m.fail(sig.Reason)
		return
	}
	if wish := m.now.Add(sig.RetryAfter); wish.After(at) {
		at = wish
		if end := m.FailedAt.Add(m.plan.RetryFor); at.After(end) && end.After(m.now) {
			at = end
		}
	}
	m.Phase, m.Due = Waiting, m.notAfterExpiry(at)
}

func (m *machine) notAfterExpiry(at time.Time) time.Time {
	if !m.plan.Expires.IsZero() && at.After(m.plan.Expires) {
		return m.plan.Expires
	}
	return at
}

// doubt: the attempt may have been sent. A report settles it; without one the
// hop's policy decides when the time is up.
func (m *machine) doubt() {
	m.Phase = Doubt
	hop := m.plan.Hops[m.Hop]
	switch {
	case m.Status.Settled():
		m.Phase, m.Due = Submitted, time.Time{}
		m.do(Duplicate{})
	case hop.Resend && !m.Resent:
		m.Due = m.now.Add(hop.DoubtWait)
	case m.plan.ReportWait > 0 && m.hopsLeft():
		m.Due = m.now.Add(m.plan.ReportWait)
	default:
		m.Due = m.now.Add(m.plan.RetryFor)
	}
}

func (m *machine) overdue() {
	if m.Due.IsZero() || m.now.Before(m.Due) || m.Status.Settled() {
		return
	}
	switch m.Phase {
	case Waiting:
		if m.expired() {
			m.end(expiredReason)
		} else {
			m.do(Dispatch{})
		}
	case Doubt:
		if hop := m.plan.Hops[m.Hop]; hop.Resend && !m.Resent && !m.expired() {
			m.Resent = true
			m.Phase, m.Due = Waiting, m.now
			m.do(Dispatch{})
		} else {
			m.fail(doubtReason)
		}
	case Submitted:
		m.Due = time.Time{}
		if !m.expired() {
			m.do(Revoke{m.Hop})
			m.fail(silenceReason)
		}
	}
}

func (m *machine) reported(sig Reported) {
	if m.Status.Final() || sig.Hop < 0 || sig.Hop > m.Hop || m.Progress[sig.Hop].Attempts == 0 {
		return
	}
	if sig.Part != Whole {
		m.noteParts(sig.Hop, sig.Parts)
	}
	switch sig.Status {
	case OnChannel:
		// This settles a doubt, also one whose resend waits for its turn, and
		// what would be one if the process ended before the answer is on disk.
		told := sig.Part == Whole || sig.Parts > 0
		if sig.Hop == m.Hop && m.all(sig) && (m.Phase == Doubt || m.Phase == Waiting && m.Resent || m.Phase == Sending && told) {
			m.submitted()
		}
	case Delivered:
		m.arrived(Delivered, sig.Hop, sig.Part)
	case Read:
		m.arrived(Read, sig.Hop, sig.Part)
	case Failed:
		// The failure of an earlier hop is old news; that of one of two
		// attempts in doubt says nothing about the other.
		if sig.Hop == m.Hop && !m.Status.Settled() && !(m.Resent && m.Phase != Submitted) {
			m.fail(sig.Reason)
		}
	}
}

// all says whether the channel has all parts if it has the one of a report: they
// are handed over one after the other, each when the one before was taken.
func (m *machine) all(sig Reported) bool {
	return sig.Part == Whole || sig.Part+1 == int(m.Progress[sig.Hop].Parts)
}

// arrived: the person has a part of the message, or the whole, by a hop. If a
// later hop has been submitted meanwhile, that may reach the person as well.
func (m *machine) arrived(status Status, hop, part int) {
	known := m.Status.Settled() && slices.ContainsFunc(m.Progress[:m.Hop], Progress.complete)
	if !m.mark(hop, part) {
		return
	}
	if hop < m.Hop && !known && (m.Phase == Submitted || m.Phase == Doubt) {
		m.do(Duplicate{})
	}
	if status > m.Status {
		m.settle(status, hop)
	}
}

// mark notes a delivered part and says whether all are.
func (m *machine) mark(hop, part int) bool {
	p := &m.Progress[hop]
	switch {
	case part == Whole:
		p.Parts = max(p.Parts, 1)
		p.Delivered = math.MaxUint64 // however many there turn out to be
	case part >= 0 && part < MaxParts:
		p.Delivered |= 1 << part
	}
	return p.complete()
}

// settle tells DELIVERED or READ of a hop. A later hop that has not been
// submitted is never tried.
func (m *machine) settle(status Status, hop int) {
	settled := m.Status.Settled()
	m.Status = status
	m.tellSubmitted(hop) // the report may have overtaken the channel's answer
	m.do(Tell{Status: status, Hop: hop})
	if m.Phase == Sending && (settled || hop < m.Hop) {
		return // its answer will tell whether there are two
	}
	m.Phase, m.Due = Submitted, time.Time{}
}

// fail ends the current hop: on to the next one, or FAILED.
func (m *machine) fail(reason convapi.Reason) {
	if !m.hopsLeft() || m.expired() {
		m.end(reason)
		return
	}
	m.Status = Switching
	m.do(Tell{Status: Switching, Hop: m.Hop, Reason: &reason}, Dispatch{})
	m.Hop++
	m.Phase, m.Due = Waiting, m.now
	m.Retries, m.Resent, m.FailedAt = 0, false, time.Time{}
}

// end is FAILED.
func (m *machine) end(reason convapi.Reason) {
	m.Status, m.Phase, m.Due = Failed, Submitted, time.Time{}
	m.do(Tell{Status: Failed, Hop: m.Hop, Reason: &reason})
}

// The reasons that this machine gives by itself.
var (
	expiredReason = convapi.Reason{
		Code: convapi.ReasonMessageExpired, SubCode: convapi.SubCodeUnspecified,
		Description: "the ttl of the message ran out before it was submitted to a channel",
	}
	silenceReason = convapi.Reason{
		Code: convapi.ReasonDeliveryReportTimeOut, SubCode: convapi.SubCodeUnspecified,
		Description: "no positive delivery report came within the waiting time",
	}
	doubtReason = convapi.Reason{
		Code: convapi.ReasonDeliveryReportTimeOut, SubCode: convapi.SubCodeUnspecified,
		Description: "the channel never answered the submission, and no delivery report came within the waiting time; the message may have been sent",
	}
)
