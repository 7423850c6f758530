package smpp

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestReconnectSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		c.refuse = errors.New("connection refused")
		client := c.open(t, ClientConfig{})
		_, err := client.Submit(t.Context(), to("1"))
		wantNotSent(t, err, ErrNotBound)
		time.Sleep(10 * time.Minute)
		want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}
		attempts := c.attempts()
		for i, w := range want {
			w *= time.Second
			if got := attempts[i+1].Sub(attempts[i]); got < w*8/10 || got > w*12/10 {
				t.Errorf("attempt %d came after %s, want %s ± 20 %%", i+1, got, w)
			}
		}
		c.refuseDials(nil)
		time.Sleep(72 * time.Second)
		if _, err := client.Submit(t.Context(), to("1")); err != nil {
			t.Errorf("when the centre is back: %v", err)
		}
		closeAll(t, client, c)
	})
}

// Wrong credentials do not get better by hammering; somebody has to be told.
func TestARefusedBindBacksOffAndIsTold(t *testing.T) {
	for _, status := range []Status{StatusInvPaswd, StatusInvSysID, StatusAlyBnd} {
		synctest.Test(t, func(t *testing.T) {
			c := newCentre()
			c.Bind = func(context.Context, *Session, *Bind) Status { return status }
			events := make(chan BindEvent, 10)
			client := c.open(t, ClientConfig{OnBind: func(e BindEvent) { events <- e }})
			e := <-events
			wantStatus(t, e.Err, status)
			if wait := time.Until(e.RetryAt); e.State != BindRefused || wait < 4*time.Minute || wait > 6*time.Minute {
				t.Errorf("%s, again in %s", e.State, wait)
			}
			time.Sleep(3 * time.Minute)
			if n := len(c.attempts()); n != 1 {
				t.Errorf("%d attempts in 3 minutes", n)
			}
			closeAll(t, client, c)
		})
	}
}

func TestPairWhereTheCentreHasNoTransceivers(t *testing.T) {
	for _, status := range []Status{StatusInvCmdID, StatusBindFail} {
		synctest.Test(t, func(t *testing.T) {
			c := newCentre()
			c.Bind = func(_ context.Context, _ *Session, b *Bind) Status {
				if b.Type == Transceiver {
					return status
				}
				return StatusOK
			}
			var delivered []byte
			client := c.open(t, ClientConfig{Handler: func(_ context.Context, sm *DeliverSM) Status {
				delivered = sm.Payload()
				return StatusOK
			}})
			if _, err := client.Submit(t.Context(), to("1")); err != nil {
				t.Errorf("submit over the transmitter: %v", err)
			}
			for _, s := range c.Sessions() {
				if s.BindType() == Receiver {
					if err := s.Deliver(t.Context(), &DeliverSM{ShortMessage: []byte("mo")}); err != nil {
						t.Error(err)
					}
				}
			}
			if string(delivered) != "mo" || len(c.Sessions()) != 2 {
				t.Errorf("%d binds, %q over the receiver", len(c.Sessions()), delivered)
			}
			closeAll(t, client, c)
		})
	}
}

func TestSubmitsSpreadOverBinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		release := make(chan struct{})
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) {
			<-release
			return nil, StatusOK
		}
		client := c.open(t, ClientConfig{Binds: 3, Limits: Limits{Window: 2}})
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if _, err := client.Submit(t.Context(), to("1")); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if client.InFlight() != 6 {
			t.Errorf("%d outstanding over three windows of two", client.InFlight())
		}
		close(release)
		wg.Wait()
		closeAll(t, client, c)
	})
}

func TestADroppedLinkComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		client := c.open(t, ClientConfig{})
		c.Sessions()[0].Drop()
		synctest.Wait()
		_, err := client.Submit(t.Context(), to("1"))
		wantNotSent(t, err, ErrNotBound)
		time.Sleep(2 * time.Second)
		if _, err := client.Submit(t.Context(), to("1")); err != nil {
			t.Error(err)
		}
		closeAll(t, client, c)
	})
}

// A centre that has forgotten the bind is bound to again.
func TestALostBindIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		forgotten := true
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) {
			if forgotten {
				return nil, StatusInvBndSts
			}
			return nil, StatusOK
		}
		client := c.open(t, ClientConfig{})
		_, err := client.Submit(t.Context(), to("1"))
		wantStatus(t, err, StatusInvBndSts)
		forgotten = false
		time.Sleep(2 * time.Second)
		if _, err := client.Submit(t.Context(), to("1")); err != nil || len(c.attempts()) != 2 {
			t.Errorf("%d binds, %v", len(c.attempts()), err)
		}
		closeAll(t, client, c)
	})
}

// Their unbind: answered, what is outstanding finishes, and the client binds again.
func TestTheCentreUnbinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) {
			time.Sleep(2 * time.Second)
			return &SubmitSMResp{MessageID: "late"}, StatusOK
		}
		client := c.open(t, ClientConfig{Binds: 2})
		results := make(chan error, 2)
		for range 2 { // one over each bind
			go func() {
				_, err := client.Submit(t.Context(), to("1"))
				results <- err
			}()
		}
		synctest.Wait()
		peer := c.Sessions()[0]
		if _, err := peer.roundTrip(t.Context(), &Unbind{}, time.Second); err != nil {
			t.Errorf("their unbind: %v", err)
		}
		if _, err := client.Submit(t.Context(), to("2")); err != nil {
			t.Errorf("over the other bind: %v", err)
		}
		for range 2 {
			if err := <-results; err != nil {
				t.Errorf("outstanding at their unbind: %v", err)
			}
		}
		time.Sleep(5 * time.Second)
		if n := len(c.Sessions()); n != 2 {
			t.Errorf("%d binds after it", n)
		}
		closeAll(t, client, c)
	})
}

func TestTheRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		client := c.open(t, ClientConfig{Rate: 10})
		start := time.Now()
		for range 101 {
			if _, err := client.Submit(t.Context(), to("1")); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 9900*time.Millisecond || took > 10100*time.Millisecond {
			t.Errorf("101 submits at 10 a second took %s", took)
		}
		closeAll(t, client, c)
	})
}

// ESME_RTHROTTLED: a second of silence, half the rate, then additive recovery; for those too who were waiting for their turn.
func TestThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		var mu sync.Mutex
		var arrivals []time.Time
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) {
			mu.Lock()
			arrivals = append(arrivals, time.Now())
			n := len(arrivals)
			mu.Unlock()
			time.Sleep(50 * time.Millisecond)
			if n <= 3 { // one burst of complaints, which counts once
				return nil, StatusThrottled
			}
			return nil, StatusOK
		}
		client := c.open(t, ClientConfig{Rate: 100, Limits: Limits{Window: 100}})
		start := time.Now()
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() { _, _ = client.Submit(t.Context(), to("1")) })
		}
		time.Sleep(500 * time.Millisecond)
		if client.Rate() != 50 {
			t.Errorf("rate %v after the complaints", client.Rate())
		}
		wg.Wait()
		before := 0
		for _, at := range arrivals {
			since := at.Sub(start)
			if since <= 50*time.Millisecond {
				before++
			} else if since < 1050*time.Millisecond {
				t.Errorf("a submit went out %s after the start, in the hold", since)
			}
		}
		// 50 a second and slowly more: what is left takes about a second.
		if took := arrivals[len(arrivals)-1].Sub(start); took < 1700*time.Millisecond || took > 2300*time.Millisecond {
			t.Errorf("%d went out before the hold, and the last one after %s", before, took)
		}
		time.Sleep(time.Until(start.Add(5050 * time.Millisecond)))
		_, _ = client.Submit(t.Context(), to("1"))
		if r := client.Rate(); r < 69 || r > 71 {
			t.Errorf("rate %v four seconds after the hold, want 70", r)
		}
		time.Sleep(10 * time.Second)
		_, _ = client.Submit(t.Context(), to("1"))
		if client.Rate() != 100 {
			t.Errorf("rate %v in the end", client.Rate())
		}
		closeAll(t, client, c)
	})
}

func TestThrottlingWithoutAConfiguredRate(t *testing.T) {
	th := newThrottle(0)
	now := time.Now()
	for range 40 {
		if bucket, pause := th.present(now); pause > 0 || !th.admit(bucket, now) {
			t.Fatal("held without a complaint")
		}
	}
	th.learn(StatusThrottled, now)
	if th.rate() != 20 {
		t.Errorf("rate %v after 40 in a second", th.rate())
	}
	th.learn(StatusThrottled, now.Add(time.Second))
	if th.rate() != 10 {
		t.Errorf("rate %v after another complaint", th.rate())
	}
	th.present(now.Add(time.Minute))
	if th.rate() != 0 {
		t.Errorf("rate %v in the end, want none", th.rate())
	}
}

func TestAFullQueueHolds(t *testing.T) {
	th := newThrottle(10)
	now := time.Now()
	bucket, _ := th.present(now)
	th.learn(StatusMsgQFul, now)
	if _, pause := th.present(now); pause < 2*time.Second || pause > 5*time.Second || th.rate() != 10 {
		t.Errorf("held for %s at rate %v", pause, th.rate())
	}
	if th.admit(bucket, now) || !th.admit(bucket, now.Add(queueFullMax)) {
		t.Error("a token of before the hold is good after it, not in it")
	}
}

func TestCloseIsCutShortByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) { return nil, NoAnswer }
		client := c.open(t, ClientConfig{})
		errs := make(chan error, 1)
		go func() {
			_, err := client.Submit(t.Context(), to("1"))
			errs <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		if err := client.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("closed after %s: %v", time.Since(start), err)
		}
		wantInDoubt(t, <-errs, ErrClosed)
		_, err := client.Submit(t.Context(), to("1"))
		wantNotSent(t, err, ErrClosed)
		closeAll(t, nil, c)
	})
}

func TestOpenRefuses(t *testing.T) {
	good := ClientConfig{Account: Account{Addr: "127.0.0.1:2775"}, Handler: storeNothing}
	for name, spoil := range map[string]func(*ClientConfig){
		"no address":      func(c *ClientConfig) { c.Account.Addr = "" },
		"long password":   func(c *ClientConfig) { c.Account.Password = "123456789" },
		"11 binds":        func(c *ClientConfig) { c.Binds = 11 },
		"window of 1001":  func(c *ClientConfig) { c.Limits.Window = 1001 },
		"nobody to store": func(c *ClientConfig) { c.Handler = nil },
	} {
		cfg := good
		spoil(&cfg)
		if client, err := Open(cfg); err == nil {
			t.Errorf("%s was taken", name)
			_ = client.Close(t.Context())
		}
	}
}
