package lifecycle

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

// in brings a message with further hops into a status; last has none further.
func in(s Status, last bool) *message {
	p := planOf(reporting, reporting, reporting)
	if last {
		p = planOf(reporting)
	}
	if last && s == Switching {
		p = planOf(reporting, reporting)
	}
	m := newMessage(p)
	m.get(Claimed{})
	switch s {
	case OnChannel:
		m.get(m.accepted(1, 1))
	case Switching:
		m.get(m.accepted(1, 1))
		m.toDue().get(Overdue{})
		m.get(Claimed{})
	case Delivered, Read:
		m.get(m.accepted(1, 1), report(0, s))
	case Failed:
		m.get(m.refused(Abort))
	}
	return m
}

// Every status against every signal, cell by cell. "" is a dropped signal.
func TestStateTable(t *testing.T) {
	submit := func(m *message) Signal { return m.accepted(1, 1) }
	delivered := func(m *message) Signal { return report(m.state.Hop, Delivered) }
	read := func(m *message) Signal { return report(m.state.Hop, Read) }
	late := func(s Status) func(*message) Signal { return func(*message) Signal { return report(0, s) } }
	refused := func(m *message) Signal { return m.refused(Refuse) }
	failed := func(m *message) Signal { return report(m.state.Hop, Failed) }

	for i, row := range []struct {
		from   Status
		signal func(*message) Signal
		last   bool
		want   string
	}{
		{Queued, submit, false, "submit/0 QUEUED_ON_CHANNEL/0"},
		{Queued, delivered, false, "submit/0 DELIVERED/0"},
		{Queued, read, false, "submit/0 READ/0"},
		{Queued, refused, false, "SWITCHING_CHANNEL/0(CHANNEL_REJECT) dispatch"},
		{Queued, failed, false, "SWITCHING_CHANNEL/0(RECIPIENT_NOT_REACHABLE) dispatch"},
		{Queued, refused, true, "FAILED/0(CHANNEL_REJECT)"},
		{Queued, failed, true, "FAILED/0(RECIPIENT_NOT_REACHABLE)"},

		{OnChannel, submit, false, ""},
		{OnChannel, delivered, false, "DELIVERED/0"},
		{OnChannel, read, false, "READ/0"},
		{OnChannel, failed, false, "SWITCHING_CHANNEL/0(RECIPIENT_NOT_REACHABLE) dispatch"},
		{OnChannel, failed, true, "FAILED/0(RECIPIENT_NOT_REACHABLE)"},

		{Switching, submit, false, "submit/1 QUEUED_ON_CHANNEL/1"},
		{Switching, delivered, false, "submit/1 DELIVERED/1"},
		{Switching, read, false, "submit/1 READ/1"},
		{Switching, late(Delivered), false, "DELIVERED/0"},
		{Switching, late(Read), false, "READ/0"},
		{Switching, late(Failed), false, ""},
		{Switching, refused, false, "SWITCHING_CHANNEL/1(CHANNEL_REJECT) dispatch"},
		{Switching, refused, true, "FAILED/1(CHANNEL_REJECT)"},

		{Delivered, submit, false, ""},
		{Delivered, delivered, false, ""},
		{Delivered, read, false, "READ/0"},
		{Delivered, failed, false, ""},
		{Delivered, failed, true, ""},

		{Read, submit, false, ""},
		{Read, delivered, false, ""},
		{Read, read, false, ""},
		{Read, failed, false, ""},
		{Read, failed, true, ""},

		{Failed, submit, false, ""},
		{Failed, delivered, false, ""},
		{Failed, read, false, ""},
		{Failed, refused, false, ""},
		{Failed, failed, true, ""},
	} {
		m := in(row.from, row.last)
		sig := row.signal(m)
		t.Run(fmt.Sprintf("%d %s %T", i, row.from, sig), func(t *testing.T) {
			if m.state.Status != row.from {
				t.Fatalf("set-up ends in %s", m.state.Status)
			}
			if got := show(m.get(sig)); got != row.want {
				t.Errorf("%+v in %s:\ngot  %q\nwant %q", sig, row.from, got, row.want)
			}
		})
	}
}

// story is a message's life: what happens, and all that follows from it.
type story struct {
	plan Plan
	tell func(m *message)
	want string
}

func check(t *testing.T, stories map[string]story) {
	t.Helper()
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			m := newMessage(s.plan)
			s.tell(m)
			if diff := cmp.Diff(s.want, show(m.effects)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Section 3: when the next channel is tried.
func TestFallback(t *testing.T) {
	noFallback := planOf(reporting, reporting)
	noFallback.ReportWait = 0
	const first = "send submit/0 QUEUED_ON_CHANNEL/0"
	const over = " revoke/0 SWITCHING_CHANNEL/0(DELIVERY_REPORT_TIME_OUT) dispatch"
	submit := func(m *message) { m.get(Claimed{}); m.get(m.accepted(1, 1)) }
	silence := func(m *message) { submit(m); m.after(time.Minute).get(Overdue{}) }
	check(t, map[string]story{
		"no report in time": {planOf(reporting, reporting), silence, first + over},
		"a moment before the time": {planOf(reporting, reporting), func(m *message) {
			submit(m)
			m.after(time.Minute - 1).get(Overdue{})
		}, first},
		"no report in time, feature off":  {noFallback, func(m *message) { submit(m); m.after(time.Hour).get(Overdue{}) }, first},
		"no report in time, last channel": {planOf(reporting), func(m *message) { submit(m); m.after(time.Hour).get(Overdue{}) }, first},
		"a channel without reports never times out": {planOf(mute, reporting), func(m *message) {
			submit(m)
			m.after(time.Hour).get(Overdue{})
		}, first},
		"accepted counts as delivered": {planOf(assuming, reporting), submit, first + " DELIVERED/0"},
		"late DELIVERED before the next channel's turn": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			m.get(report(0, Delivered), Claimed{})
		}, first + over + " DELIVERED/0"},
		"late DELIVERED while the next channel is asked": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			m.get(Claimed{}, report(0, Delivered))
			m.get(m.accepted(1, 1))
		}, first + over + " send DELIVERED/0 duplicate"},
		"late DELIVERED, then the next channel refuses": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			m.get(Claimed{}, report(0, Delivered))
			m.get(m.refused(Refuse))
		}, first + over + " send DELIVERED/0"},
		"late DELIVERED, then no answer": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			m.get(Claimed{}, report(0, Delivered), Orphaned{})
		}, first + over + " send DELIVERED/0 duplicate"},
		"late DELIVERED while the next channel is in doubt": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			m.get(Claimed{}, Orphaned{}, report(0, Delivered))
		}, first + over + " send duplicate DELIVERED/0"},
		"late DELIVERED after the next channel accepted": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			submit(m)
			m.get(report(0, Delivered), report(1, Delivered), report(1, Read))
		}, first + over + " send submit/1 QUEUED_ON_CHANNEL/1 duplicate DELIVERED/0 READ/1"},
		"late DELIVERED after the next channel delivered": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			submit(m)
			m.get(report(1, Delivered), report(0, Delivered), report(0, Delivered))
		}, first + over + " send submit/1 QUEUED_ON_CHANNEL/1 DELIVERED/1 duplicate"},
		"late failure of the old channel": {planOf(reporting, reporting), func(m *message) {
			silence(m)
			submit(m)
			m.get(report(0, Failed))
		}, first + over + " send submit/1 QUEUED_ON_CHANNEL/1"},
		"a malformed identity is passed over": {planOf(faulty, reporting), func(m *message) {
			m.get(Claimed{})
			submit(m)
		}, "SWITCHING_CHANNEL/0(RECIPIENT_INVALID_CHANNEL_IDENTITY) dispatch send submit/1 QUEUED_ON_CHANNEL/1"},
		"nothing but malformed identities": {planOf(faulty, faulty), func(m *message) { m.get(Claimed{}, Claimed{}) },
			"SWITCHING_CHANNEL/0(RECIPIENT_INVALID_CHANNEL_IDENTITY) dispatch FAILED/1(RECIPIENT_INVALID_CHANNEL_IDENTITY)"},
		"no other channel after an abort": {planOf(reporting, reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.refused(Abort))
		}, "send FAILED/0(CHANNEL_REJECT)"},
		"app deleted while queued": {planOf(reporting, reporting), func(m *message) { m.get(Withdrawn{appGone}, Claimed{}) },
			"FAILED/0(UNKNOWN_APP)"},
		"app deleted after the submission": {planOf(reporting, reporting), func(m *message) {
			submit(m)
			m.get(Withdrawn{appGone})
		}, first},
		"a message without hops": {Plan{}, func(m *message) {
			m.get(Withdrawn{convapi.Reason{Code: convapi.ReasonNoChannelIdentityForContact}}, Claimed{}, Overdue{})
		}, "FAILED/0(NO_CHANNEL_IDENTITY_FOR_CONTACT)"},
	})
}

// Section 5: expiry.
func TestTTL(t *testing.T) {
	plan := planOf(reporting, reporting)
	plan.Expires = start.Add(45 * time.Second)
	check(t, map[string]story{
		"before the first attempt": {plan, func(m *message) { m.after(45*time.Second).get(Claimed{}, Claimed{}) },
			"FAILED/0(MESSAGE_EXPIRED)"},
		"while waiting, told by the deadline": {plan, func(m *message) { m.after(45 * time.Second).get(Overdue{}) },
			"FAILED/0(MESSAGE_EXPIRED)"},
		"before the retry": {plan, func(m *message) {
			m.after(44 * time.Second).get(Claimed{})
			m.get(Refused{Attempt: 1, Verdict: Retry, RetryAfter: time.Minute})
			m.after(time.Second).get(Overdue{}) // not as late as the retry
		}, "send FAILED/0(MESSAGE_EXPIRED)"},
		"before the next channel": {plan, func(m *message) {
			m.get(Claimed{})
			m.get(m.refused(Refuse))
			m.after(45 * time.Second).get(Claimed{})
		}, "send SWITCHING_CHANNEL/0(CHANNEL_REJECT) dispatch FAILED/1(MESSAGE_EXPIRED)"},
		"a refusal afterwards": {plan, func(m *message) {
			m.get(Claimed{})
			m.after(45 * time.Second).get(m.refused(Refuse))
		}, "send FAILED/0(CHANNEL_REJECT)"},
		"silence afterwards": {plan, func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(1, 1))
			m.after(time.Minute).get(Overdue{})
			m.get(report(0, Delivered))
		}, "send submit/0 QUEUED_ON_CHANNEL/0 DELIVERED/0"},
	})
}

// Section 4: at least one retry, the last one at the limit, then the next
// channel with a clean sheet.
func TestRetries(t *testing.T) {
	m := newMessage(planOf(reporting, reporting))
	m.get(Claimed{})
	m.get(m.refused(Retry))
	limit := m.now.Add(m.plan.RetryFor)
	tries := 1
	var last time.Time
	for m.state.Hop == 0 {
		if m.state.Phase != Waiting || !m.state.Due.After(m.now) {
			t.Fatalf("after %v: %s until %v", m.now.Sub(start), m.state.Phase, m.state.Due.Sub(start))
		}
		if got := show(m.get(Claimed{})); got != "" {
			t.Fatalf("before its time: %s", got)
		}
		last = m.toDue().now
		if got := show(m.get(Overdue{})); got != "dispatch" {
			t.Fatalf("due: %s", got)
		}
		m.get(Claimed{})
		m.get(m.refused(Retry))
		tries++
	}
	if tries < 4 || !last.Equal(limit) {
		t.Errorf("%d tries, the last %v after the limit", tries, last.Sub(limit))
	}
	if s := m.state; s.Status != Switching || s.Retries != 0 || !s.FailedAt.IsZero() {
		t.Errorf("the next hop starts with %+v", s)
	}
	// However late the first retry is made, it is made.
	m = newMessage(planOf(reporting))
	m.get(Claimed{})
	m.get(Refused{Attempt: 1, Verdict: Retry, RetryAfter: time.Hour})
	if want := start.Add(m.plan.RetryFor); !m.state.Due.Equal(want) {
		t.Errorf("Retry-After of an hour gives %v, want the limit", m.state.Due.Sub(start))
	}
	if got := show(m.after(2 * time.Hour).get(Claimed{})); got != "send" {
		t.Errorf("the one guaranteed retry: %q", got)
	}
	if got := show(m.get(m.refused(Retry))); got != "FAILED/0(CHANNEL_REJECT)" {
		t.Errorf("after it: %q", got)
	}
}

// Law 3: an attempt without an answer is never sent again silently.
func TestDoubt(t *testing.T) {
	patient := planOf(resending, reporting)
	const lost = "send"
	const over = " SWITCHING_CHANNEL/0(DELIVERY_REPORT_TIME_OUT) dispatch"
	lose := func(m *message) { m.get(Claimed{}); m.get(m.lost()) }
	check(t, map[string]story{
		"wait: the next channel after the waiting time": {planOf(reporting, reporting), func(m *message) {
			lose(m)
			m.get(Claimed{}, Overdue{})
			m.after(time.Minute).get(Overdue{})
		}, lost + over},
		"wait: not before the waiting time": {planOf(reporting, reporting), func(m *message) {
			lose(m)
			m.after(time.Minute-1).get(Overdue{}, Claimed{})
		}, lost},
		"resend: once on each hop": {planOf(resending, resending), func(m *message) {
			for range 2 {
				lose(m)
				m.toDue().get(Overdue{}, Claimed{})
				m.get(m.lost())
				m.toDue().get(Overdue{})
			}
		}, lost + " dispatch send" + over + " send dispatch send FAILED/1(DELIVERY_REPORT_TIME_OUT)"},
		"wait: failed without a next channel": {planOf(reporting), func(m *message) {
			lose(m)
			m.toDue().get(Overdue{})
		}, lost + " FAILED/0(DELIVERY_REPORT_TIME_OUT)"},
		"wait: a report settles it": {planOf(reporting, reporting), func(m *message) { lose(m); m.get(report(0, Delivered)) },
			lost + " submit/0 DELIVERED/0"},
		"wait: an interim report counts as the answer": {planOf(reporting, reporting), func(m *message) { lose(m); m.get(report(0, OnChannel)) },
			lost + " submit/0 QUEUED_ON_CHANNEL/0"},
		"wait: good news after the switch": {planOf(reporting, reporting), func(m *message) {
			lose(m)
			m.toDue().get(Overdue{}, report(0, Delivered))
		}, lost + over + " submit/0 DELIVERED/0"},
		"resend once, then wait": {patient, func(m *message) {
			lose(m)
			m.after(10*time.Second).get(Overdue{}, Claimed{})
			m.get(m.lost())
			m.toDue().get(Overdue{})
		}, lost + " dispatch send" + over},
		"resend: a report in time": {patient, func(m *message) {
			lose(m)
			m.get(report(0, OnChannel))
			m.after(10*time.Second).get(Overdue{}, Claimed{})
		}, lost + " submit/0 QUEUED_ON_CHANNEL/0"},
		"resend: a report before its turn": {patient, func(m *message) {
			lose(m)
			m.after(10*time.Second).get(Overdue{}, report(0, OnChannel), Claimed{})
		}, lost + " dispatch submit/0 QUEUED_ON_CHANNEL/0"},
		"resend: one failure says nothing about the other attempt": {patient, func(m *message) {
			lose(m)
			m.after(10*time.Second).get(Overdue{}, Claimed{}, report(0, Failed))
			m.get(m.accepted(1, 1))
		}, lost + " dispatch send submit/0 QUEUED_ON_CHANNEL/0"},
		"after a crash": {planOf(reporting, reporting), func(m *message) {
			m.get(Claimed{}, Orphaned{}, Orphaned{}, Claimed{})
			m.toDue().get(Overdue{})
		}, lost + over},
	})
}

// A message of several parts is delivered when all its parts are.
func TestParts(t *testing.T) {
	part := func(i int, s Status) Reported { return Reported{Part: i, Status: s, Reason: unreachable} }
	const sent = "send submit/0 QUEUED_ON_CHANNEL/0"
	check(t, map[string]story{
		"in any order, some twice": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(3, 3), part(2, Delivered), part(0, Delivered), part(2, Delivered))
			m.get(part(1, Delivered))
		}, sent + " DELIVERED/0"},
		"told of as a whole": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(3, 3), report(0, Delivered))
		}, sent + " DELIVERED/0"},
		"one missing": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(3, 3), part(2, Delivered), part(0, Delivered))
		}, sent},
		"before the answer tells how many": {planOf(reporting), func(m *message) {
			m.get(Claimed{}, part(0, Delivered), part(1, Delivered))
			m.get(m.accepted(2, 2))
		}, sent + " DELIVERED/0"},
		"one fails": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(2, 2), part(0, Delivered), part(1, Failed))
		}, sent + " FAILED/0(RECIPIENT_NOT_REACHABLE)"},
		"one is read": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(2, 2), part(0, Read))
		}, sent},
		"all are read": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(2, 2), part(0, Read), part(1, Read))
		}, sent + " READ/0"},
		"read when all are delivered": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(2, 2), part(0, Delivered), part(1, Delivered), part(0, Read))
		}, sent + " DELIVERED/0 READ/0"},
		"in doubt, the channel has one": {planOf(reporting), func(m *message) {
			m.get(Claimed{}, Lost{Attempt: 1, Parts: 2, Now: 1}, part(0, OnChannel))
		}, "send"},
		"in doubt, the channel has the last": {planOf(reporting), func(m *message) {
			m.get(Claimed{}, Lost{Attempt: 1, Parts: 2, Now: 1}, part(1, OnChannel))
		}, sent},
		"in doubt after a crash, the channel has the last": {planOf(reporting), func(m *message) {
			m.get(Claimed{}, Orphaned{}, Reported{Part: 0, Parts: 2, Status: OnChannel}, Reported{Part: 1, Parts: 2, Status: OnChannel})
		}, sent},
		"in doubt after a crash, all are delivered": {planOf(reporting), func(m *message) {
			m.get(Claimed{}, Orphaned{}, Reported{Part: 0, Parts: 2, Status: Delivered}, Reported{Part: 1, Parts: 2, Status: Delivered})
		}, "send submit/0 DELIVERED/0"},
		"the last is known before the answer": {planOf(reporting), func(m *message) {
			m.get(Claimed{}, Reported{Part: 0, Parts: 2, Status: OnChannel}, Reported{Part: 1, Parts: 2, Status: OnChannel})
			m.get(m.accepted(2, 2))
		}, sent},
		"as many as there are bits": {planOf(reporting), func(m *message) {
			m.get(Claimed{})
			m.get(m.accepted(MaxParts, MaxParts))
			for i := range MaxParts {
				m.get(part(i, Delivered))
			}
		}, sent + " DELIVERED/0"},
	})

	// A refusal after some parts is continued, and counted once.
	m := newMessage(planOf(reporting))
	m.get(Claimed{})
	partly := Refused{Attempt: 1, Verdict: Retry, Reason: rejection, Parts: 3, Now: 1}
	m.get(partly, partly)
	if p := m.state.Progress[0]; p.Accepted != 1 || p.Parts != 3 {
		t.Errorf("after one part of three: %+v", p)
	}
	m.toDue().get(Claimed{})
	m.get(m.accepted(3, 2))
	want := Progress{Attempts: 2, Parts: 3, Accepted: 3, Told: true}
	if diff := cmp.Diff(want, m.state.Progress[0]); diff != "" {
		t.Error(diff)
	}
}

func TestProgressText(t *testing.T) {
	s := State{Progress: []Progress{{Attempts: 2, Parts: 3, Accepted: 1, Delivered: 5, Told: true}, {}}}
	const text = "2.3.1.5.1,0.0.0.0.0"
	if got := s.ProgressText(); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	if diff := cmp.Diff(s.Progress, ParseProgress(text)); diff != "" {
		t.Error(diff)
	}
	if got := ParseProgress((&State{}).ProgressText()); got != nil {
		t.Errorf("no hops: %v", got)
	}
}
