package delivery_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
	"switchyard/internal/breaker"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// inTime runs a scenario on SQLite in synctest's time.
func inTime(t *testing.T, cfg delivery.Config, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t, fastSQLite(t), cfg)) })
}

func TestCallbacksArrive(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app, message := gateway.NewID(1), gateway.NewID(2)
		e := w.endpoint("a")
		hook := w.webhook(app, "a")
		for range 3 {
			w.deliver(app, message)
		}
		time.Sleep(time.Second)
		if got := e.taken(); checkOrder(t, got) != 3 || len(got) != 3 {
			t.Errorf("got %+v", got)
		}
		cursors, rows, _ := w.rows(hook.ID)
		if len(cursors) != 1 || len(rows) != 0 {
			t.Errorf("cursors %v, rows %v", cursors, rows)
		}
		w.restart()
		w.deliver(app, message)
		time.Sleep(time.Second)
		if got := e.taken(); len(got) != 4 {
			t.Errorf("after a restart %d posts, want 4", len(got))
		}
	})
}

// A dead endpoint neither delays another one of the app, nor holds more than
// its window.
func TestADeadEndpointDelaysNobody(t *testing.T) {
	inTime(t, delivery.Config{Window: 16, Concurrency: 4}, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		dead, healthy := w.endpoint("dead"), w.endpoint("healthy")
		hang := func(_ post, _ http.ResponseWriter, r *http.Request) int { <-r.Context().Done(); return 0 }
		dead.answers(hang)
		bad := w.webhook(app, "dead")
		w.webhook(app, "healthy")
		begin := time.Now()
		for range 200 {
			w.deliver(app, gateway.NewID(2))
		}
		synctest.Wait()
		if got := len(healthy.taken()); got != 200 {
			t.Errorf("the healthy endpoint has %d of 200", got)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("it took %v", took)
		}
		s := w.d.Status(bad.ID)
		if s.InMemory > 16 || s.InFlight > 4 || !s.Behind {
			t.Errorf("the dead one: %+v", s)
		}
		if most := dead.mostAtOnce(); most > 4 {
			t.Errorf("%d posts at once", most)
		}
		time.Sleep(time.Minute)
		if s := w.d.Status(bad.ID); s.Breaker.Phase == breaker.Closed || s.InMemory > 16 {
			t.Errorf("after a minute: %+v", s)
		}
		dead.answers(nil)
		time.Sleep(30 * time.Minute)
		if got := checkOrder(t, dead.taken()); got != 200 {
			t.Errorf("after its recovery it has %d of 200", got)
		}
	})
}

// A day without the endpoint: what is younger than the schedule's window comes
// in order, the rest is recorded as dropped.
func TestOutageOfADay(t *testing.T) {
	inTime(t, delivery.Config{Window: 8}, func(t *testing.T, w *world) {
		app, message := gateway.NewID(1), gateway.NewID(2)
		e := w.endpoint("a")
		hook := w.webhook(app, "a")
		e.answers(always(503))
		const hours, perHour = 30, 4
		for range hours * perHour {
			w.deliver(app, message)
			w.deliver(app, gateway.NewID(3))
			time.Sleep(time.Hour / perHour)
		}
		probes := len(e.seen())
		if probes > hours*6+30 {
			t.Errorf("%d posts in %d hours to a dead endpoint", probes, hours)
		}
		if s := w.d.Status(hook.ID); s.Breaker.Phase == breaker.Closed || s.InMemory > 8 || time.Since(s.Oldest) > 25*time.Hour {
			t.Errorf("during the outage: %+v", s)
		}
		back := time.Now()
		e.answers(nil)
		time.Sleep(11 * time.Minute)
		if s := w.d.Status(hook.ID); s.Breaker.Phase != breaker.Closed || s.InMemory > 0 || s.Behind {
			t.Errorf("afterwards: %+v", s)
		}
		got := e.taken()
		n := checkOrder(t, got)
		_, rows, dropped := w.rows(hook.ID)
		if n+len(dropped) != 2*hours*perHour || len(rows) != 0 {
			t.Errorf("%d came, %d dropped, %d rows; want %d in all", n, len(dropped), len(rows), 2*hours*perHour)
		}
		if want := 2 * 24 * perHour; n < want-8 || n > want+8 {
			t.Errorf("%d came, want about those of 24 hours: %d", n, want)
		}
		for _, r := range dropped {
			if r.Reason != delivery.ReasonExpired || store.PositionTime(r.Position).After(back.Add(11*time.Minute-24*time.Hour)) {
				t.Errorf("dropped %+v", r)
			}
		}
	})
}

// The state of a breaker outlives a restart.
func TestBreakerIsKept(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		e := w.endpoint("a")
		hook := w.webhook(app, "a")
		e.answers(always(500))
		for range 12 {
			w.deliver(app, gateway.NewID(2))
		}
		time.Sleep(time.Second)
		w.restart()
		time.Sleep(10 * time.Second)
		if s := w.d.Status(hook.ID); s.Breaker.Phase != breaker.Open || s.Breaker.LastStatus != 500 {
			t.Errorf("after a restart: %+v", s.Breaker)
		}
		before := len(e.seen())
		e.answers(nil)
		time.Sleep(time.Minute)
		if n := checkOrder(t, e.taken()); n != 12 {
			t.Errorf("%d of 12 came (%d posts before)", n, before)
		}
		c, err := w.db.Configuration(context.Background())
		if err != nil || len(c.States) != 0 {
			t.Errorf("states %v, %v", c.States, err)
		}
	})
}

// A new URL is tried at once.
func TestANewURLClosesTheBreaker(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		w.endpoint("old").answers(always(500))
		hook := w.webhook(app, "old")
		for range 30 {
			w.deliver(app, gateway.NewID(2))
		}
		time.Sleep(time.Second)
		e := w.endpoint("new")
		hook.URL = "http://new/hook"
		w.set(hook)
		time.Sleep(time.Second)
		if n := checkOrder(t, e.taken()); n != 30 {
			t.Errorf("%d of 30 came", n)
		}
	})
}

// A crash before the cursor is written repeats callbacks and loses none.
func TestACrashRepeats(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app, message := gateway.NewID(1), gateway.NewID(2)
		e := w.endpoint("a")
		w.webhook(app, "a")
		for range 5 {
			w.deliver(app, message)
		}
		synctest.Wait()
		if n := len(e.taken()); n != 5 {
			t.Fatalf("%d came", n)
		}
		w.crash()
		time.Sleep(time.Second)
		got := e.taken()
		if n := checkOrder(t, got); n != 5 || len(got) != 10 {
			t.Errorf("%d callbacks came in %d posts, want 5 in 10", n, len(got))
		}
	})
}

// What has a row and stands in the log behind the cursor as well is one
// callback after a crash, not two.
func TestARowAheadOfTheCursorIsNotReadAgain(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app, slow, failing := gateway.NewID(1), gateway.NewID(2), gateway.NewID(3)
		e := w.endpoint("a")
		e.answers(func(p post, _ http.ResponseWriter, r *http.Request) int {
			if p.Message == slow.String() {
				<-r.Context().Done()
				return 0
			}
			return 503
		})
		hook := w.webhook(app, "a")
		w.deliver(app, slow)
		w.deliver(app, failing)
		time.Sleep(time.Second)
		if cursors, rows, _ := w.rows(hook.ID); len(rows) != 1 || len(cursors) != 1 || cursors[0].Position >= rows[0].Position {
			t.Fatalf("cursors %v, rows %v", cursors, rows)
		}
		e.answers(nil)
		w.crash()
		time.Sleep(time.Minute)
		if got := e.taken(); checkOrder(t, got) != 2 || len(got) != 2 {
			t.Errorf("%d callbacks came in %d posts, want 2 in 2", checkOrder(t, got), len(got))
		}
	})
}

// A refusal is recorded and lets the message's next ones go.
func TestRefusal(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app, message := gateway.NewID(1), gateway.NewID(2)
		e := w.endpoint("a")
		hook := w.webhook(app, "a")
		e.answers(func(p post, _ http.ResponseWriter, _ *http.Request) int {
			if p.N == 1 {
				return 410
			}
			return 200
		})
		for range 3 {
			w.deliver(app, message)
		}
		time.Sleep(time.Second)
		if n := checkOrder(t, e.taken()); n != 2 || len(e.seen()) != 3 {
			t.Errorf("%d came in %d posts", n, len(e.seen()))
		}
		cursors, rows, dropped := w.rows(hook.ID)
		if len(rows) != 0 || len(dropped) != 1 || dropped[0].Reason != delivery.ReasonRefused || dropped[0].Status != 410 || dropped[0].Attempts != 1 {
			t.Errorf("rows %+v, dropped %+v", rows, dropped)
		}
		if len(cursors) != 1 || cursors[0].Position <= dropped[0].Position {
			t.Errorf("cursors %+v", cursors)
		}
	})
}

// A callback in retry has a row, and so has what follows it in its message;
// the cursor passes both, and other messages do not wait.
func TestRetryHoldsItsMessageOnly(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app, failing, other := gateway.NewID(1), gateway.NewID(2), gateway.NewID(3)
		e := w.endpoint("a")
		hook := w.webhook(app, "a")
		e.answers(func(p post, w http.ResponseWriter, _ *http.Request) int {
			if p.Message == failing.String() {
				w.Header().Set("Retry-After", "600")
				return 429
			}
			return 200
		})
		w.deliver(app, failing)
		w.deliver(app, failing)
		w.deliver(app, other)
		time.Sleep(time.Second)
		w.deliver(app, failing)
		w.deliver(app, other)
		time.Sleep(time.Second)
		if n := checkOrder(t, e.taken()); n != 2 || len(e.seen()) != 3 {
			t.Errorf("%d came in %d posts, want 2 in 3", n, len(e.seen()))
		}
		_, rows, _ := w.rows(hook.ID)
		if len(rows) != 3 || rows[0].Attempts != 1 || rows[0].Status != 429 || rows[1].Attempts+rows[2].Attempts != 0 {
			t.Fatalf("rows %+v", rows)
		}
		if wait := time.Until(rows[0].NextAt); wait < 590*time.Second || wait > 600*time.Second {
			t.Errorf("next attempt in %v", wait)
		}
		w.restart()
		e.answers(nil)
		time.Sleep(10 * time.Minute)
		if n := checkOrder(t, e.taken()); n != 5 || len(e.taken()) != 5 {
			t.Errorf("%d came in %d posts", n, len(e.taken()))
		}
		if _, rows, _ := w.rows(hook.ID); len(rows) != 0 {
			t.Errorf("rows %+v", rows)
		}
	})
}

// A new webhook gets nothing from before, another trigger nothing from before
// its change, and none gets what it does not want, whatever happens between.
func TestOnlyWhatIsWanted(t *testing.T) {
	for name, again := range map[string]func(w *world){"restart": (*world).restart, "crash": (*world).crash} {
		t.Run(name, func(t *testing.T) {
			inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
				app, message := gateway.NewID(1), gateway.NewID(2)
				e := w.endpoint("a")
				w.deliver(app, message)
				time.Sleep(time.Second)
				hook := delivery.Target{
					ID: gateway.NewID(0), App: app, URL: "http://a/", Triggers: []convapi.Trigger{convapi.TriggerMessageInbound},
					Since: store.PositionAt(time.Now()),
				}
				w.set(hook)
				w.deliver(app, message)
				w.append(app, message, convapi.TriggerMessageInbound, "")
				time.Sleep(time.Second)
				hook.Triggers = []convapi.Trigger{convapi.TriggerMessageDelivery}
				w.set(hook)
				time.Sleep(time.Second)
				again(w)
				w.deliver(app, message)
				time.Sleep(time.Second)
				var got []int
				for _, p := range e.seen() {
					got = append(got, p.N)
				}
				if len(got) != 2 || got[0] != 2 || got[1] != 3 {
					t.Errorf("got callbacks %v, want 2 and 3", got)
				}
			})
		})
	}
}

// Passing by costs one write a minute, not one a callback.
func TestPassingByIsKept(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		w.endpoint("a")
		hook := w.webhook(app, "a")
		time.Sleep(time.Second)
		w.append(app, gateway.NewID(1), convapi.TriggerMessageInbound, "")
		time.Sleep(time.Second)
		if cursors, _, _ := w.rows(hook.ID); len(cursors) != 0 {
			t.Errorf("cursors %v at once", cursors)
		}
		time.Sleep(delivery.PassInterval)
		if cursors, _, _ := w.rows(hook.ID); len(cursors) != 1 {
			t.Errorf("cursors %v after a while", cursors)
		}
	})
}

func TestDismiss(t *testing.T) {
	inTime(t, delivery.Config{Window: 4}, func(t *testing.T, w *world) {
		app, message := gateway.NewID(1), gateway.NewID(2)
		e := w.endpoint("a")
		e.answers(always(500))
		hook := w.webhook(app, "a")
		synctest.Wait() // it has been looked up in the store
		for range 10 {
			w.deliver(app, message)
		}
		time.Sleep(time.Second)
		hook.Paused = true
		w.set(hook)
		e.answers(nil)
		w.deliver(app, message)
		time.Sleep(time.Hour)
		if n := len(e.taken()); n != 0 {
			t.Errorf("%d came while paused", n)
		}
		if _, rows, dropped := w.rows(hook.ID); len(rows) != 0 || len(dropped) != 4 || dropped[0].Reason != delivery.ReasonDismissed {
			t.Errorf("rows %v, dropped %v", rows, dropped)
		}
		hook.Paused = false
		w.set(hook)
		w.deliver(app, message)
		time.Sleep(time.Second)
		w.restart()
		time.Sleep(time.Second)
		if got := e.taken(); len(got) != 1 || got[0].N != 11 {
			t.Errorf("got %+v, want callback 11 alone", got)
		}
	})
}

func TestRemovalLeavesNoRows(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		e := w.endpoint("a")
		hook := w.webhook(app, "a")
		w.deliver(app, gateway.NewID(2))
		time.Sleep(time.Second)
		e.answers(always(500))
		for range 20 {
			w.deliver(app, gateway.NewID(2))
		}
		time.Sleep(time.Second)
		delete(w.targets, hook.ID)
		w.apply(func(tx *store.Tx) error { tx.After(func() { w.d.Remove(hook.ID) }); return nil })
		w.deliver(app, gateway.NewID(2))
		time.Sleep(time.Minute)
		cursors, rows, _ := w.rows(hook.ID)
		c, err := w.db.Configuration(context.Background())
		if err != nil || len(cursors)+len(rows)+len(c.States) != 0 {
			t.Errorf("left: %v, %v, %v, %v", cursors, rows, c.States, err)
		}
		before := len(e.seen())
		w.restart()
		time.Sleep(time.Hour)
		if after := len(e.seen()); after != before {
			t.Errorf("%d posts after the removal", after-before)
		}
	})
}

// A callback with a target of its own goes there and nowhere else.
func TestMessageLevelURL(t *testing.T) {
	secret := func(gateway.ID) convapi.Secret { return "topsecret" }
	inTime(t, delivery.Config{Window: 4, DirectSecret: secret}, func(t *testing.T, w *world) {
		app, message := gateway.NewID(1), gateway.NewID(2)
		ours, theirs := w.endpoint("a"), w.endpoint("b")
		w.webhook(app, "a")
		for range 3 {
			w.append(app, message, convapi.TriggerMessageDelivery, "http://b/one?x=y")
		}
		time.Sleep(time.Second)
		if got := theirs.taken(); checkOrder(t, got) != 3 || !got[0].Signed || got[0].Path != "/one" || len(ours.seen()) != 0 {
			t.Errorf("got %+v and %+v", got, ours.seen())
		}
		if n := w.d.Hooks(); n != 1 {
			t.Errorf("%d hooks are kept, want the webhook's", n)
		}
		theirs.answers(always(500))
		for range 40 {
			w.append(app, message, convapi.TriggerMessageDelivery, "http://b/two")
			w.append(app, gateway.NewID(4), convapi.TriggerMessageDelivery, "http://b/two")
		}
		time.Sleep(time.Minute)
		w.restart()
		w.append(app, message, convapi.TriggerMessageDelivery, "http://b/two")
		time.Sleep(time.Minute)
		theirs.answers(nil)
		time.Sleep(time.Hour)
		if n := checkOrder(t, theirs.taken()); n != 84 || len(ours.seen()) != 0 {
			t.Errorf("%d of 84 came", n)
		}
		ids, err := w.db.DeliveryWebhooks(context.Background())
		if err != nil || len(ids) != 0 || w.d.Hooks() != 1 {
			t.Errorf("left: %v, %v, %d hooks", ids, err, w.d.Hooks())
		}
	})
}

// What finds no room in the window waits in the log.
func TestFullWindowDrainsFromTheLog(t *testing.T) {
	inTime(t, delivery.Config{Window: 8, Concurrency: 3}, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		e := w.endpoint("a")
		e.answers(func(post, http.ResponseWriter, *http.Request) int { time.Sleep(time.Second); return 200 })
		hook := w.webhook(app, "a")
		synctest.Wait() // it has been looked up in the store
		messages := []gateway.ID{gateway.NewID(2), gateway.NewID(3), gateway.NewID(4)}
		for i := range 300 {
			w.deliver(app, messages[i%3])
		}
		if s := w.d.Status(hook.ID); s.InMemory != 8 || !s.Behind {
			t.Errorf("%+v", s)
		}
		time.Sleep(5 * time.Minute)
		if got := e.taken(); checkOrder(t, got) != 300 || len(got) != 300 {
			t.Errorf("%d came in %d posts", checkOrder(t, got), len(got))
		}
	})
}

// One slow post does not hold back the cursor of thousands.
func TestASlowPostIsPassed(t *testing.T) {
	inTime(t, delivery.Config{Window: 8}, func(t *testing.T, w *world) {
		app, slow := gateway.NewID(1), gateway.NewID(2)
		e := w.endpoint("a")
		e.answers(func(p post, _ http.ResponseWriter, _ *http.Request) int {
			if p.Message == slow.String() {
				time.Sleep(9 * time.Second)
			}
			return 200
		})
		hook := w.webhook(app, "a")
		w.deliver(app, slow)
		for range 100 {
			w.deliver(app, gateway.NewID(3))
			synctest.Wait()
		}
		time.Sleep(time.Second)
		if _, rows, _ := w.rows(hook.ID); len(rows) != 1 {
			t.Errorf("rows %v, want the slow one's", rows)
		}
		w.crash()
		time.Sleep(time.Minute)
		got := e.taken()
		if n := checkOrder(t, got); n != 101 || len(got) > 101+9 {
			t.Errorf("%d callbacks came in %d posts", n, len(got))
		}
		if _, rows, _ := w.rows(hook.ID); len(rows) != 0 {
			t.Errorf("rows %v", rows)
		}
	})
}

// Stop breaks off what does not end, keeps it for the next start, and leaves
// no goroutine: synctest fails if one is left.
func TestStopKeepsWhatItBreaksOff(t *testing.T) {
	inTime(t, delivery.Config{}, func(t *testing.T, w *world) {
		app, message := gateway.NewID(1), gateway.NewID(2)
		e := w.endpoint("a")
		e.answers(func(_ post, _ http.ResponseWriter, r *http.Request) int { <-r.Context().Done(); return 0 })
		hook := w.webhook(app, "a")
		w.deliver(app, message)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		begin := time.Now()
		w.d.Stop(ctx)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("it took %v", took)
		}
		w.deliver(app, message) // the engine may outlive the delivery
		e.answers(nil)
		w.start()
		time.Sleep(time.Second)
		if got := checkOrder(t, e.taken()); got != 2 {
			t.Errorf("%d of 2 came", got)
		}
		if s := w.d.Status(hook.ID); s.Breaker.Failures != 0 {
			t.Errorf("the end of the process counts as a failure: %+v", s)
		}
	})
}
