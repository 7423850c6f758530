package delivery

import (
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/webhook"
)

// job is one post.
type job struct {
	entry      *entry
	request    webhook.Request
	generation int
	probe      bool
}

// step starts what may be started. It follows everything that happens.
func (h *hook) step() {
	if h.ended || h.removed {
		return
	}
	now := time.Now()
	for e := h.waiting.first(); e != nil && !now.Before(e.nextAt); e = h.waiting.first() {
		h.ready.add(h.waiting.take())
	}
	allowed, probe := h.breaker.Allow(now)
	switch {
	case probe:
		if e := h.take(now); e != nil {
			h.breaker = h.breaker.Probing(h.d.cfg.Breaker, now)
			h.d.cfg.Metrics.BreakerTransitions.WithLabelValues(breaker.HalfOpen.String()).Inc()
			h.launch(h.job(e, now, true))
		}
	case allowed:
		for h.workers < h.limit {
			e := h.take(now)
			if e == nil {
				break
			}
			h.launch(h.job(e, now, false))
		}
	}
	if h.mayRead(now) {
		h.reading = true
		h.d.running.Add(1)
		go h.read()
	}
	h.arm(now)
}

// take gives the oldest ready entry that is not too old, if it is the hook's turn.
func (h *hook) take(now time.Time) *entry {
	for h.ready.Len() > 0 && h.roomToDrop() {
		switch e := h.ready.first(); {
		case h.target.Paused:
			h.drop(h.ready.take(), ReasonDismissed)
		case h.tooOld(e, now):
			h.drop(h.ready.take(), ReasonExpired)
		case h.turns.Next(now).After(now):
			return nil
		default:
			h.turns.Take()
			return h.ready.take()
		}
	}
	return nil
}

// tooOld: what was attempted is given up by the schedule. What never was, is
// given up by its age if that is the endpoint's fault and not ours.
func (h *hook) tooOld(e *entry, now time.Time) bool {
	if e.attempts > 0 {
		return h.d.cfg.Retry.Expired(e.firstAt, now)
	}
	return h.waited(e) && h.d.cfg.Retry.Expired(e.callback.At, now)
}

// waited says whether an entry had to wait for the breaker.
func (h *hook) waited(e *entry) bool {
	return h.breaker.Phase != breaker.Closed || e.callback.Position <= h.outage
}

func (h *hook) job(e *entry, now time.Time, probe bool) job {
	switch {
	case !e.firstAt.IsZero():
	case h.waited(e):
		e.firstAt = e.callback.At // its clock has run meanwhile
	default:
		e.firstAt = now
	}
	h.flying[e] = struct{}{}
	r := webhook.Request{
		Target: h.target.URL, Secret: h.target.Secret, ClientCredentials: h.target.ClientCredentials,
		ID: CallbackID(&e.callback), Body: e.callback.Body,
	}
	if h.direct {
		r.Target = e.callback.Target
		h.target.URL = r.Target // for the log
	}
	return job{entry: e, request: r, generation: h.generation, probe: probe}
}

func (h *hook) launch(j job) {
	h.workers++
	h.d.running.Add(1)
	go h.work(j)
}

// work posts, and goes on as long as there is something to post.
func (h *hook) work(j job) {
	defer h.d.running.Done()
	for more := true; more; {
		if h.direct {
			j.request.Secret = h.d.cfg.DirectSecret(j.entry.callback.App)
		}
		span := h.startSpan(&j)
		out := h.d.cfg.Poster.Post(h.d.ctx, j.request)
		endSpan(span, out)
		j, more = h.finish(j, out)
	}
}

// finish notes what came of a job and gives its worker the next one.
func (h *hook) finish(j job, out webhook.Outcome) (next job, more bool) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.workers--
	delete(h.flying, j.entry)
	if landed := j.entry.landed; landed != nil {
		j.entry.landed = nil
		defer landed.Done()
	}
	if h.removed || out.Class == webhook.Retry && h.d.ctx.Err() != nil {
		return next, false // broken off: nothing is known, and nothing changes
	}
	if j.entry.shed {
		h.teach(j, out, now)
	} else {
		h.judge(j, out, now)
	}
	if h.breaker.Phase == breaker.Closed && h.workers < h.limit && !h.ended {
		if e := h.take(now); e != nil {
			h.workers++
			next, more = h.job(e, now, false), true
		}
	}
	h.step()
	return next, more
}

// arm sets the timer for what only the time can bring.
func (h *hook) arm(now time.Time) {
	var at time.Time
	earlier := func(t time.Time) {
		if t.After(now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if e := h.waiting.first(); e != nil {
		earlier(e.nextAt)
	}
	if h.breaker.Phase != breaker.Closed && (h.count > 0 || h.behind()) {
		earlier(h.breaker.ProbeAt)
	}
	if allowed, probe := h.breaker.Allow(now); h.ready.Len() > 0 && h.workers < h.limit && (allowed || probe) {
		earlier(h.turns.Next(now))
	}
	earlier(h.readAfter)
	switch {
	case at.Equal(h.timerAt):
		return
	case at.IsZero():
		h.timer.Stop()
	case h.timer == nil:
		h.timer = time.AfterFunc(at.Sub(now), h.wake)
	default:
		h.timer.Reset(at.Sub(now))
	}
	h.timerAt = at
}

func (h *hook) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timerAt = time.Time{}
	h.step()
}
