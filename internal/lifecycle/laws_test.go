package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The laws of the message's life, held against random plans and random,
// repeated, late, stale and reordered signals.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWitness(anyPlan(t))
		w.parts = rapid.SliceOfN(rapid.SampledFrom([]int{1, 1, 2, 3, MaxParts, MaxParts + 1}), 4, 4).Draw(t, "parts of the hops")
		for range rapid.IntRange(1, 40).Draw(t, "signals") {
			w.pass(t)
			sig := w.anySignal(t)
			w.apply(t, sig, rapid.Float64Range(0, 0.999).Draw(t, "rnd"))
		}
		w.settles(t)
	})
}

func anyPlan(t *rapid.T) Plan {
	hop := rapid.Custom(func(t *rapid.T) Hop {
		h := Hop{
			Reports: rapid.Bool().Draw(t, "reports"), Resend: rapid.Bool().Draw(t, "resend"),
			Assume:    rapid.IntRange(0, 4).Draw(t, "assume") == 0,
			DoubtWait: time.Duration(rapid.IntRange(1, 120).Draw(t, "doubt wait")) * time.Second,
		}
		if rapid.IntRange(0, 5).Draw(t, "fault") == 0 {
			h.Fault = &malformed
		}
		return h
	})
	p := Plan{
		Hops:     rapid.SliceOfN(hop, 1, 4).Draw(t, "hops"),
		RetryFor: time.Duration(rapid.IntRange(30, 300).Draw(t, "retry for")) * time.Second,
	}
	if rapid.Bool().Draw(t, "report fallback") {
		p.ReportWait = time.Duration(rapid.IntRange(10, 200).Draw(t, "report wait")) * time.Second
	}
	if rapid.IntRange(0, 2).Draw(t, "ttl") == 0 {
		p.Expires = start.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "ttl seconds")) * time.Second)
	}
	return p
}

// anySignal is mostly one that fits the phase, else any.
func (w *witness) anySignal(t *rapid.T) Signal {
	fitting := map[Phase][]string{
		Waiting: {"claimed", "overdue"}, Sending: {"accepted", "refused", "lost", "orphaned"},
		Doubt: {"overdue", "reported", "accepted", "refused"}, Submitted: {"overdue", "reported"},
	}[w.state.Phase]
	hop, attempt := w.state.Hop, w.state.Attempt
	if rapid.IntRange(0, 2).Draw(t, "any signal") == 0 {
		fitting = []string{"claimed", "accepted", "refused", "lost", "orphaned", "reported", "overdue", "withdrawn"}
		hop = rapid.IntRange(0, len(w.plan.Hops)-1).Draw(t, "hop")
		attempt = rapid.IntRange(0, w.state.Attempt+1).Draw(t, "attempt")
	}
	parts := w.parts[hop]
	now := rapid.IntRange(0, parts).Draw(t, "now")
	switch rapid.SampledFrom(fitting).Draw(t, "signal") {
	case "accepted":
		return Accepted{Hop: hop, Attempt: attempt, Parts: parts, Now: now}
	case "refused":
		return Refused{
			Hop: hop, Attempt: attempt, Reason: rejection, Parts: parts, Now: now,
			Verdict:    rapid.SampledFrom([]Verdict{Retry, Retry, Refuse, Abort}).Draw(t, "verdict"),
			RetryAfter: time.Duration(rapid.SampledFrom([]int{0, 0, 5, 500}).Draw(t, "retry after")) * time.Second,
		}
	case "lost":
		return Lost{Hop: hop, Attempt: attempt, Parts: rapid.SampledFrom([]int{0, parts}).Draw(t, "known parts"), Now: now}
	case "orphaned":
		return Orphaned{}
	case "reported":
		return Reported{
			Hop:    rapid.SampledFrom([]int{hop, hop, max(hop-1, 0), -1, len(w.plan.Hops)}).Draw(t, "reported hop"),
			Part:   rapid.SampledFrom([]int{Whole, 0, 1, 2, MaxParts}).Draw(t, "part"),
			Parts:  rapid.SampledFrom([]int{0, parts}).Draw(t, "told parts"),
			Status: rapid.SampledFrom([]Status{OnChannel, Delivered, Delivered, Read, Failed, Failed}).Draw(t, "status"),
			Reason: unreachable,
		}
	case "overdue":
		return Overdue{}
	case "withdrawn":
		return Withdrawn{Reason: appGone}
	}
	return Claimed{}
}

// witness watches one message and remembers what the laws speak of.
type witness struct {
	*message
	parts     []int          // of the message on each hop
	told      Status         // last
	tells     map[Tell]bool  // without reason
	counts    map[Status]int // of tells
	submitted map[int]bool   // hops of which TellSubmitted was given
	doubted   map[int]bool   // hops of which an attempt was in doubt
	sent      map[int]bool   // attempt numbers
	duplicate int
}

func newWitness(p Plan) *witness {
	return &witness{
		message: newMessage(p), tells: map[Tell]bool{}, counts: map[Status]int{},
		submitted: map[int]bool{}, doubted: map[int]bool{}, sent: map[int]bool{},
	}
}

// pass lets some time go by: none, a little, or until the message is due.
func (w *witness) pass(t *rapid.T) {
	switch rapid.IntRange(0, 3).Draw(t, "time") {
	case 1:
		w.after(time.Duration(rapid.IntRange(1, 60_000).Draw(t, "ms")) * time.Millisecond)
	case 2, 3:
		w.toDue()
	}
}

// apply gives one signal and checks every law.
func (w *witness) apply(t *rapid.T, sig Signal, rnd float64) {
	before := w.state
	progress := slices.Clone(before.Progress)
	after, effects := Apply(w.plan, before, sig, w.now, rnd)
	if diff := cmp.Diff(progress, before.Progress); diff != "" {
		t.Fatalf("Apply changed its input:\n%s", diff)
	}
	w.state = after
	w.effects = append(w.effects, effects...)
	t.Logf("%s %T%+v: %s/%s hop %d -> %s/%s hop %d: %s", w.now.Sub(start), sig, sig,
		before.Status, before.Phase, before.Hop, after.Status, after.Phase, after.Hop, show(effects))

	w.checkEffects(t, before, sig, effects)
	w.checkState(t)
	w.checkStep(t, before, sig, effects)
	w.checkStale(t, before, sig, effects)
	w.checkRepeat(t, sig, rnd)
}

func (w *witness) checkEffects(t *rapid.T, before State, sig Signal, effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Tell:
			w.checkTell(t, e)
		case TellSubmitted:
			if w.submitted[e.Hop] {
				t.Fatalf("TellSubmitted twice for hop %d", e.Hop)
			}
			w.submitted[e.Hop] = true
		case Send:
			w.checkSend(t, before, sig)
		case Duplicate:
			w.duplicate++
			if w.duplicate > 1 {
				t.Fatal("Duplicate counted twice")
			}
		case Revoke:
			if e.Hop != before.Hop || !w.submitted[e.Hop] {
				t.Fatalf("hop %d is revoked but was not submitted", e.Hop)
			}
		}
	}
}

// forward has the statuses that may be told after each one (the table in
// docs/states.md).
var forward = map[Status][]Status{
	Queued:    {OnChannel, Delivered, Read, Switching, Failed},
	OnChannel: {Delivered, Read, Switching, Failed},
	Switching: {OnChannel, Delivered, Read, Switching, Failed},
	Delivered: {Read},
}

func (w *witness) checkTell(t *rapid.T, e Tell) {
	if !slices.Contains(forward[w.told], e.Status) {
		t.Fatalf("%s told after %s", e.Status, w.told)
	}
	key := Tell{Status: e.Status, Hop: e.Hop}
	if w.tells[key] {
		t.Fatalf("%s of hop %d told twice", e.Status, e.Hop)
	}
	w.tells[key] = true
	w.told = e.Status
	w.counts[e.Status]++
	if e.Status != OnChannel && e.Status != Switching && w.counts[e.Status] > 1 {
		t.Fatalf("%s told twice", e.Status)
	}
	positive := e.Status == OnChannel || e.Status == Delivered || e.Status == Read
	if positive && !w.submitted[e.Hop] {
		t.Fatalf("%s of hop %d told before TellSubmitted", e.Status, e.Hop)
	}
	if (e.Reason == nil) != positive {
		t.Fatalf("%s told with reason %v", e.Status, e.Reason)
	}
	if e.Status == Switching && !w.plan.Expires.IsZero() && !w.now.Before(w.plan.Expires) {
		t.Fatal("failover after the ttl")
	}
}

func (w *witness) checkSend(t *rapid.T, before State, sig Signal) {
	if _, ok := sig.(Claimed); !ok {
		t.Fatalf("%T gave Send", sig)
	}
	hop := w.state.Hop
	switch {
	case before.Phase != Waiting || w.state.Phase != Sending:
		t.Fatalf("Send with %s -> %s", before.Phase, w.state.Phase)
	case before.Status.Settled():
		t.Fatalf("Send after %s", before.Status)
	case w.now.Before(before.Due):
		t.Fatal("Send before its time")
	case !w.plan.Expires.IsZero() && !w.now.Before(w.plan.Expires):
		t.Fatal("Send after the ttl")
	case w.plan.Hops[hop].Fault != nil:
		t.Fatal("Send on a hop with a fault")
	case w.state.Attempt != before.Attempt+1 || w.sent[w.state.Attempt]:
		t.Fatalf("attempt %d after %d", w.state.Attempt, before.Attempt)
	case w.doubted[hop] && !w.plan.Hops[hop].Resend:
		t.Fatal("Send after a doubt, without the policy for it")
	}
	w.sent[w.state.Attempt] = true
}

// checkState: what holds between any two signals.
func (w *witness) checkState(t *rapid.T) {
	s := w.state
	switch {
	case s.Hop < 0 || s.Hop >= len(w.plan.Hops):
		t.Fatalf("hop %d of %d", s.Hop, len(w.plan.Hops))
	case s.Status != w.told:
		t.Fatalf("status is %s, but %s was told", s.Status, w.told)
	case s.Due.IsZero() && s.Phase != Submitted:
		t.Fatalf("%s without a due time: a restart would not find it", s.Phase)
	case s.Status.Settled() && s.Phase != Submitted && s.Phase != Sending:
		t.Fatalf("%s and still %s", s.Status, s.Phase)
	case s.Status.Settled() && s.Phase == Submitted && !s.Due.IsZero():
		t.Fatalf("%s and still due", s.Status)
	}
	if diff := cmp.Diff(s.Progress, ParseProgress(s.ProgressText())); diff != "" {
		t.Fatalf("progress as text (-state +text):\n%s", diff)
	}
}

// checkStep: what one signal may do.
func (w *witness) checkStep(t *rapid.T, before State, sig Signal, effects []Effect) {
	s := w.state
	switched := slices.ContainsFunc(effects, func(e Effect) bool { tell, ok := e.(Tell); return ok && tell.Status == Switching })
	if want := before.Hop + map[bool]int{true: 1}[switched]; s.Hop != want {
		t.Fatalf("hop %d -> %d, switched: %v", before.Hop, s.Hop, switched)
	}
	if switched && (s.Phase != Waiting || s.Due.After(w.now)) {
		t.Fatalf("SWITCHING_CHANNEL leaves the next hop %s until %v", s.Phase, s.Due)
	}
	if switched && !mayFallBack(w.plan, before, sig, w.now) {
		t.Fatalf("fallback after %T", sig)
	}
	if before.Status.Final() && (s.Status != before.Status || slices.ContainsFunc(effects, func(e Effect) bool { return e != Duplicate{} })) {
		t.Fatalf("after %s: %s", before.Status, show(effects))
	}
	if s.Phase == Doubt && before.Phase != Doubt {
		w.doubted[s.Hop] = true
	}
	if refused, ok := sig.(Refused); ok && s.Phase == Waiting && before.Phase != Waiting && !switched {
		w.doubted[s.Hop] = false // the answer came late, but it is one
		w.checkRetry(t, refused)
	}
	if r, ok := sig.(Reported); ok && r.Hop < before.Hop && !before.Status.Settled() && s.Status.Settled() {
		twice := before.Phase == Submitted || before.Phase == Doubt
		if twice != slices.Contains(effects, Effect(Duplicate{})) {
			t.Fatalf("late %s while %s: %s", r.Status, before.Phase, show(effects))
		}
	}
}

// mayFallBack: only a certain "not sent", a negative report, a time that has
// come, or a fault known beforehand.
func mayFallBack(p Plan, before State, sig Signal, now time.Time) bool {
	due := !before.Due.IsZero() && !now.Before(before.Due)
	switch sig := sig.(type) {
	case Claimed:
		return before.Phase == Waiting && p.Hops[before.Hop].Fault != nil
	case Refused:
		return (before.Phase == Sending || before.Phase == Doubt) && sig.Hop == before.Hop && sig.Attempt == before.Attempt
	case Reported:
		return sig.Status == Failed && sig.Hop == before.Hop && before.Progress[sig.Hop].Attempts > 0
	case Overdue:
		return due && (before.Phase == Doubt || before.Phase == Submitted && p.ReportWait > 0 && p.Hops[before.Hop].Reports)
	}
	return false
}

// checkRetry: later, but not after the retry duration or the ttl; a first
// failure always gets here.
func (w *witness) checkRetry(t *rapid.T, sig Refused) {
	s := w.state
	end := s.FailedAt.Add(w.plan.RetryFor)
	expired := !w.plan.Expires.IsZero() && !s.Due.Before(w.plan.Expires)
	switch {
	case sig.Verdict != Retry:
		t.Fatal("a refusal is retried")
	case s.Due.After(end):
		t.Fatalf("retry %v after the end of the retry duration", s.Due.Sub(end))
	case expired && s.Due.After(w.plan.Expires):
		t.Fatal("retry after the ttl")
	case s.Due.Before(w.now) && !expired:
		t.Fatal("retry in the past")
	case sig.RetryAfter > 0 && s.Due.Before(w.now.Add(sig.RetryAfter)) && !s.Due.Equal(end) && !expired:
		t.Fatal("retry before the channel wants it")
	}
}

// checkStale: the answer to any other attempt than the current one, which is
// being made or in doubt, means nothing, and neither does not knowing what is in
// doubt already. It may only tell how many parts there are.
func (w *witness) checkStale(t *rapid.T, before State, sig Signal, effects []Effect) {
	var hop, attempt int
	open := before.Phase == Sending || before.Phase == Doubt
	switch sig := sig.(type) {
	case Accepted:
		hop, attempt = sig.Hop, sig.Attempt
	case Refused:
		hop, attempt = sig.Hop, sig.Attempt
	case Lost:
		hop, attempt = sig.Hop, sig.Attempt
		open = before.Phase == Sending
	default:
		return
	}
	if open && hop == before.Hop && attempt == before.Attempt {
		return
	}
	after := w.state
	after.Progress = slices.Clone(after.Progress)
	for i := range after.Progress {
		after.Progress[i].Parts = before.Progress[i].Parts
	}
	if diff := cmp.Diff(before, after); diff != "" || len(effects) > 0 {
		t.Fatalf("a stale answer changes something: %s\n%s", show(effects), diff)
	}
}

// checkRepeat: the same signal once more changes nothing. A claim is a request
// and not news; a dispatch is a hint that may be given any number of times.
func (w *witness) checkRepeat(t *rapid.T, sig Signal, rnd float64) {
	if _, ok := sig.(Claimed); ok && w.state.Phase != Sending {
		return
	}
	again, effects := Apply(w.plan, w.state, sig, w.now, rnd)
	if diff := cmp.Diff(w.state, again); diff != "" {
		t.Fatalf("%T repeated changes the state:\n%s", sig, diff)
	}
	if slices.ContainsFunc(effects, func(e Effect) bool { return e != Dispatch{} }) {
		t.Fatalf("%T repeated has effects: %s", sig, show(effects))
	}
}

// settles: following its due times and refusing every attempt brings a message
// to rest: FAILED, or settled, or with the channel's word still to come.
func (w *witness) settles(t *rapid.T) {
	for range 3*len(w.plan.Hops) + 3 {
		switch w.toDue(); {
		case w.state.Phase == Sending:
			w.apply(t, w.refused(Refuse), 0)
		case w.state.Due.IsZero():
			return
		case w.state.Phase == Waiting:
			w.apply(t, Claimed{}, 0)
		default:
			w.apply(t, Overdue{}, 0)
		}
	}
	t.Fatalf("no end in sight: %+v", w.state)
}
