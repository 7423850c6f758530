package smpp

import (
	"math/rand/v2"
	"time"
)

// When a bind is tried again.
const (
	retryFirst   = time.Second
	retryCap     = time.Minute
	retryJitter  = 0.2
	retryRefused = 5 * time.Minute  // credentials do not get better by hammering
	stableAfter  = 30 * time.Second // a bind that lived this long starts again from retryFirst
)

// runBind keeps one transceiver, or one pair, until the client closes.
func (c *Client) runBind(i int) {
	if !c.cfg.Pair && !c.keep(i, Transceiver) {
		return
	}
	c.loops.Go(func() { c.keep(i, Receiver) })
	c.keep(i, Transmitter)
}

// keep binds again and again. It returns false when the client closes, and true when the centre has no transceivers.
func (c *Client) keep(i int, t BindType) (usePair bool) {
	for failures := 0; ; {
		started := time.Now()
		s, err := Connect(c.ctx, c.cfg.Account, t, c.cfg.Limits, c.cfg.Handler)
		if err == nil {
			err = c.hold(i, t, s)
		}
		if c.ctx.Err() != nil {
			return false
		}
		status := errAsStatus(err)
		if t == Transceiver && (status == StatusInvCmdID || status == StatusBindFail) {
			return true
		}
		if time.Since(started) >= stableAfter {
			failures = 0
		}
		event := BindEvent{Bind: i, Type: t, State: BindDown, Err: err}
		delay := retryDelay(failures)
		if needsOperator(status) {
			event.State, delay = BindRefused, jitter(retryRefused)
		}
		failures++
		event.RetryAt = time.Now().Add(delay)
		c.cfg.OnBind(event)
		if sleep(c.ctx, delay) != nil {
			return false
		}
	}
}

// hold offers a bound session to submits until it ends, or until the client closes and it has been unbound.
func (c *Client) hold(i int, t BindType, s *Session) error {
	if t.Sends() {
		c.add(s)
	}
	defer c.remove(s)
	c.cfg.OnBind(BindEvent{Bind: i, Type: t, State: BindUp}) // from here on a submit finds it
	select {
	case <-s.Done():
	case <-c.ctx.Done():
		_ = s.Unbind(c.closeCtx) // Close tells what the context says; there is nobody else to tell
	}
	s.Close()
	return s.Err()
}

// needsOperator tells refusals that come from the configuration from those that pass.
func needsOperator(status Status) bool {
	switch status {
	case StatusAlyBnd, StatusInvPaswd, StatusInvSysID, StatusInvSysTyp:
		return true
	}
	return false
}

// retryDelay doubles from retryFirst to retryCap, give or take the jitter.
func retryDelay(failures int) time.Duration {
	d := retryCap
	if failures < 6 { // 1 s << 6 exceeds the cap
		d = min(retryFirst<<failures, retryCap)
	}
	return jitter(d)
}

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 - retryJitter + 2*retryJitter*rand.Float64()))
}
