package process

import (
	"math/rand/v2"
	"testing"
	"time"

	"switchyard/internal/store/storetest"
)

const (
	kills        = 25
	terminations = 5
	senders      = 8
	// endTime is how long an operator waits for an orderly end.
	endTime = 10 * time.Second
	// doubtTime is when the last attempt in doubt has ended, with room for a
	// busy machine: two waits of 30 s, for a report before it is sent again and
	// for one after.
	doubtTime = 80 * time.Second
)

// kill -9 under load loses nothing that was accepted, tells everything in
// order, accepts no message twice, and under the policy WAIT submits nothing
// twice.
func TestKill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) {
		for _, policy := range []string{"WAIT", "RESEND"} {
			t.Run(policy, func(t *testing.T) {
				t.Parallel()
				killOften(t, newScene(t, engine.URL(t), policy))
			})
		}
	})
}

func killOften(t *testing.T, s *scene) {
	s.begin(senders)
	defer s.end()
	begin := time.Now()
	var slowest time.Duration
	for range kills {
		time.Sleep(time.Duration(100+rand.IntN(900)) * time.Millisecond)
		s.kill()
		if rand.IntN(4) == 0 { // and once more while it starts
			s.launch()
			time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
			s.kill()
		}
		restart := time.Now()
		s.start()
		slowest = max(slowest, time.Since(restart))
	}
	s.end()
	loaded := time.Since(begin)
	settled := s.settle(doubtTime)
	t.Logf("kill -9 %d times in %s; ready again after %s at most; settled %s after the load",
		kills, loaded.Round(time.Second), slowest.Round(time.Millisecond), settled.Round(time.Second))
	s.report(t, s.account())
}

// SIGTERM under load: every attempt under way gets its answer onto disk, so
// that nothing is in doubt afterwards, and the process ends in time with 0.
func TestTerminate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) {
		s := newScene(t, engine.URL(t), "WAIT")
		s.begin(senders)
		defer s.end()
		var slowest time.Duration
		for range terminations {
			time.Sleep(time.Duration(500+rand.IntN(1000)) * time.Millisecond)
			code, took := s.terminate()
			if code != 0 {
				t.Errorf("exit code %d after SIGTERM", code)
			}
			slowest = max(slowest, took)
			s.start()
		}
		s.end()
		settled := s.settle(doubtTime)
		if slowest > endTime {
			t.Errorf("the end took %s, want at most %s", slowest, endTime)
		}
		f := s.account()
		if f.failed > 0 || s.met.nobody.Load() > 0 {
			t.Errorf("%d messages failed, and %d answers met no gateway: an orderly end leaves nothing in doubt", f.failed, s.met.nobody.Load())
		}
		t.Logf("%s: SIGTERM %d times; ended after %s at most; settled %s after the load",
			engine.Name, terminations, slowest.Round(time.Millisecond), settled.Round(time.Second))
		s.report(t, f)
	})
}
