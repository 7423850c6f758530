package delivery

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/observe"
	"switchyard/internal/store"
	"switchyard/internal/webhook"
)

// judge applies what came of a post.
func (h *hook) judge(j job, out webhook.Outcome, now time.Time) {
	e, metrics := j.entry, h.d.cfg.Metrics
	metrics.Callbacks.WithLabelValues(out.Class.String(), observe.StatusClass(out.Status)).Inc()
	metrics.CallbackDuration.Observe(out.Duration.Seconds())
	if out.Class == webhook.Delivered {
		metrics.EventToWebhook.Observe(now.Sub(e.callback.At).Seconds())
	}
	if j.generation != h.generation {
		if out.Class == webhook.Delivered {
			h.settle(e)
		} else {
			h.enqueue(e) // for the new URL
		}
		return
	}
	h.teach(j, out, now)
	if out.Class == webhook.Delivered {
		h.speedUp()
		h.settle(e)
		return
	}
	e.attempts++
	e.status, e.error = out.Status, out.Err.Error()
	switch {
	case out.Class == webhook.Drop:
		h.drop(e, ReasonRefused)
	case h.target.Paused:
		h.drop(e, ReasonDismissed)
	default:
		h.retry(e, out, now)
	}
}

// retry schedules the next attempt, or gives up.
func (h *hook) retry(e *entry, out webhook.Outcome, now time.Time) {
	schedule := h.d.cfg.Retry
	at, ok := schedule.Next(e.attempts, e.firstAt, now, rand.Float64())
	if asked := now.Add(out.RetryAfter); ok && asked.After(at) {
		at, ok = asked, !schedule.Expired(e.firstAt, asked)
	}
	if !ok {
		h.drop(e, ReasonExpired)
		return
	}
	if out.Status == http.StatusTooManyRequests {
		h.limit, h.streak = max(1, h.limit/2), 0
	}
	e.nextAt = at
	h.note("callback attempt failed", e, "next_at", at)
	h.park(e)
	h.enqueue(e)
}

// speedUp doubles the posts at once, up to the limit, for each round of
// successes: after an outage or a 429 the endpoint is not overrun.
func (h *hook) speedUp() {
	most := h.d.concurrency()
	if h.limit >= most {
		h.limit = most // it falls when nodes join
		return
	}
	if h.streak++; h.streak >= h.limit {
		h.limit, h.streak = min(2*h.limit, most), 0
	}
}

// teach tells the breaker. In the half-open phase only the probe counts: calls
// from before the opening may still come back.
func (h *hook) teach(j job, out webhook.Outcome, now time.Time) {
	before := h.breaker.Phase
	if before == breaker.HalfOpen && !j.probe {
		return
	}
	outcome := breaker.Outcome{Status: out.Status}
	if out.Err != nil {
		outcome.Error = out.Err.Error()
	}
	h.breaker = h.breaker.Next(h.d.cfg.Breaker, outcome, now)
	after := h.breaker.Phase
	if after == before {
		return
	}
	h.changeState()
	h.d.cfg.Metrics.BreakerTransitions.WithLabelValues(after.String()).Inc()
	switch {
	case after == breaker.Closed:
		h.outage = store.PositionAt(now)
		h.limit, h.streak = 1, 0
		h.d.cfg.Metrics.BreakersOpen.Dec()
		h.noteBreaker("breaker closed")
	case before == breaker.Closed:
		h.enqueueAll()
		h.d.cfg.Metrics.BreakersOpen.Inc()
		h.noteBreaker("breaker opened")
	default:
		h.noteBreaker("breaker stays open")
	}
}

// closeBreaker forgets what is known of the endpoint.
func (h *hook) closeBreaker() {
	if h.breaker.Phase != breaker.Closed {
		h.d.cfg.Metrics.BreakersOpen.Dec()
		h.d.cfg.Metrics.BreakerTransitions.WithLabelValues(breaker.Closed.String()).Inc()
		h.changeState()
		h.noteBreaker("breaker closed by a change")
	}
	h.breaker, h.limit, h.streak = breaker.State{}, h.d.concurrency(), 0
}

func (h *hook) noteBreaker(what string) {
	h.notes = append(h.notes, note{slog.LevelWarn, what, []any{
		"webhook", h.id.String(), "app", h.target.App.String(), "host", hostOf(h.target.URL),
		"status", h.breaker.LastStatus, "error", h.breaker.LastError, "probe_at", h.breaker.ProbeAt,
	}})
}

// note keeps a line about an entry for the log; the next flush writes it,
// which holds no lock.
func (h *hook) note(what string, e *entry, more ...any) {
	target := h.target.URL
	if h.direct {
		target = e.callback.Target
	}
	h.notes = append(h.notes, note{slog.LevelWarn, what, append([]any{
		"webhook", h.id.String(), "app", e.callback.App.String(), "host", hostOf(target),
		"callback", CallbackID(&e.callback), "attempts", e.attempts, "status", e.status, "error", e.error,
	}, more...)})
}
