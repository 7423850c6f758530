package delivery_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"switchyard/convapi"
	"switchyard/internal/backoff"
	"switchyard/internal/breaker"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// moody answers at random. What it refuses for ever depends on the callback.
type moody struct {
	mu   sync.Mutex
	rnd  *rand.Rand
	bad  float64       // share of failures
	slow time.Duration // the longest answer
}

func refused(p post) bool { return p.N%17 == 11 }

func (m *moody) answer(p post, w http.ResponseWriter, r *http.Request) int {
	m.mu.Lock()
	failure, kind, wait := m.rnd.Float64() < m.bad, m.rnd.IntN(5), time.Duration(m.rnd.Int64N(int64(m.slow)+1))
	m.mu.Unlock()
	if m.slow > 0 {
		time.Sleep(wait)
	}
	switch {
	case refused(p):
		return 404
	case !failure:
		return 204
	case kind == 0:
		w.Header().Set("Retry-After", "2")
		return 429
	case kind == 1:
		return 0 // breaks off
	case kind == 2 && m.slow > 0:
		<-r.Context().Done() // a timeout
		return 0
	default:
		return 500 + kind
	}
}

// scenario is a webhook and an origin under random answers, and the callbacks
// that each has to get.
type scenario struct {
	*world
	app      gateway.ID
	hook     delivery.Target
	own      *endpoint
	direct   *endpoint
	messages []gateway.ID
	want     map[bool]map[string]bool // by "direct", then by message and number
}

func newScenario(w *world, seed uint64, bad float64, slow time.Duration) *scenario {
	s := &scenario{
		world: w, app: gateway.NewID(1), own: w.endpoint(fmt.Sprint("own", seed)), direct: w.endpoint(fmt.Sprint("direct", seed)),
		want: map[bool]map[string]bool{false: {}, true: {}},
	}
	s.hook = w.webhook(s.app, fmt.Sprint("own", seed))
	for range 4 {
		s.messages = append(s.messages, gateway.NewID(byte(rand.IntN(256))))
	}
	for i, e := range []*endpoint{s.own, s.direct} {
		m := &moody{rnd: rand.New(rand.NewPCG(seed, uint64(i))), bad: bad, slow: slow}
		e.answers(m.answer)
	}
	return s
}

func (s *scenario) send(message int, direct bool, seed uint64) {
	target := ""
	if direct {
		message, target = message%2, fmt.Sprint("http://direct", seed, "/x")
	} else {
		message = 2 + message%2
	}
	id := s.messages[message]
	s.want[direct][fmt.Sprint(id, " ", s.counts[id])] = true
	s.append(s.app, id, convapi.TriggerMessageDelivery, target)
}

// pass stores a callback that the webhook does not want.
func (s *scenario) pass() { s.append(s.app, gateway.NewID(0), convapi.TriggerMessageInbound, "") }

// missing is what has neither come nor been refused.
func (s *scenario) missing() (missing []string) {
	for direct, e := range map[bool]*endpoint{false: s.own, true: s.direct} {
		left := maps.Clone(s.want[direct])
		for _, p := range e.seen() {
			if p.Status/100 == 2 || refused(p) {
				delete(left, fmt.Sprint(p.Message, " ", p.N))
			}
		}
		missing = slices.AppendSeq(missing, maps.Keys(left))
	}
	return missing
}

// check wants that nothing is lost or reordered, and no row left.
func (s *scenario) check(t testing.TB) {
	t.Helper()
	if missing := s.missing(); len(missing) > 0 {
		t.Errorf("missing: %v; status %+v", missing, s.d.Status(s.hook.ID))
	}
	checkOrder(t, s.own.taken())
	checkOrder(t, s.direct.taken())
	if ids, err := s.db.DeliveryWebhooks(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("rows are left: %v %v", ids, err)
	}
}

// At least once, in order within a message, whatever the endpoints answer,
// however often the process ends, and lanes go to another node and come back.
func TestNothingIsLostOrReordered(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		cfg := delivery.Config{
			Window:      rapid.IntRange(1, 12).Draw(r, "window"),
			Concurrency: rapid.IntRange(1, 4).Draw(r, "concurrency"),
		}
		bad := rapid.Float64Range(0, 0.9).Draw(r, "failures")
		slow := time.Duration(rapid.IntRange(0, 3000).Draw(r, "slow")) * time.Millisecond
		steps := rapid.SliceOfN(rapid.IntRange(0, 48), 1, 60).Draw(r, "steps")
		failed := false
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, fastSQLite(t), cfg)
			s := newScenario(w, seed, bad, slow)
			for i, step := range steps {
				switch {
				case step < 30:
					s.send(step, step%3 == 0, seed)
				case step < 33:
					time.Sleep(time.Duration(step-29) * 150 * time.Millisecond)
				case step < 36:
					time.Sleep(time.Duration(i) * time.Second)
				case step == 36:
					w.restart()
				case step == 37:
					w.crash()
				case step == 38:
					s.own.answers(always(503))
				case step < 41:
					s.pass()
				case step < 43:
					w.hand(false)
				case step < 45:
					w.hand(true)
				case step < 47:
					time.Sleep(90 * time.Second) // nothing younger than a minute is cut
					w.cut()
				default:
					synctest.Wait()
				}
				if err := w.d.Audit(); err != nil {
					t.Fatalf("step %d (%d): %v", i, step, err)
				}
			}
			well := &moody{rnd: rand.New(rand.NewPCG(seed, 9))}
			s.own.answers(well.answer)
			s.direct.answers(well.answer)
			time.Sleep(3 * time.Hour)
			s.check(t)
			failed = t.Failed()
		})
		if failed {
			r.FailNow()
		}
	})
}

// The same in real time and on both engines, with a schedule of milliseconds.
func TestNothingIsLostOnEitherEngine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		cfg := delivery.Config{
			Window: 16, Concurrency: 4,
			Retry:   backoff.Policy{First: time.Millisecond, Cap: 5 * time.Millisecond, Window: time.Hour, Factor: 2},
			Breaker: breaker.Config{Failures: 5, Ratio: 0.5, MinCalls: 20, Window: time.Second, Open: 5 * time.Millisecond, OpenCap: 10 * time.Millisecond, Probe: time.Minute},
		}
		w := newWorld(t, e.URL(t), cfg)
		const seed = 1
		s := newScenario(w, seed, 0.3, 0)
		// 429 asks for two seconds, which is too long in real time.
		for i, e := range []*endpoint{s.own, s.direct} {
			m := &moody{rnd: rand.New(rand.NewPCG(seed, uint64(i))), bad: 0.3}
			e.answers(func(p post, w http.ResponseWriter, r *http.Request) int {
				status := m.answer(p, w, r)
				w.Header().Del("Retry-After")
				return status
			})
		}
		for i := range 300 {
			s.send(i/2, i%2 == 0, seed)
			switch i {
			case 100:
				w.restart()
			case 200:
				w.crash()
			}
		}
		deadline := time.Now().Add(30 * time.Second)
		for len(s.missing()) > 0 && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		w.restart()
		for ids := []gateway.ID{s.app}; len(ids) > 0 && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
			ids, _ = w.db.DeliveryWebhooks(t.Context())
		}
		s.check(t)
	})
}

// The id of a callback is a ULID that differs with each of lane, app and
// position.
func TestCallbackID(t *testing.T) {
	callback := func(lane int, app gateway.ID, position uint64) *store.Callback {
		return &store.Callback{Lane: lane, App: app, Position: position}
	}
	id := delivery.CallbackID(callback(0, gateway.ID{1}, 1<<56))
	if diff := cmp.Diff("0100000000000BDK98QH9NMWY5", id); diff != "" {
		t.Error(diff)
	}
	if _, ok := gateway.ParseID(id); !ok {
		t.Errorf("%q is no ULID", id)
	}
	for _, other := range []*store.Callback{
		callback(1, gateway.ID{1}, 1<<56), callback(0, gateway.ID{2}, 1<<56), callback(0, gateway.ID{1}, 1<<56+1),
	} {
		if delivery.CallbackID(other) == id {
			t.Errorf("%+v has the same id", other)
		}
	}
}

// The numbers of triggers are in the store: they must not change.
func TestTriggerIndex(t *testing.T) {
	for trigger, want := range map[convapi.Trigger]int{
		convapi.TriggerMessageInbound: 0, convapi.TriggerMessageDelivery: 1, convapi.TriggerMessageSubmit: 2,
		convapi.TriggerRecordNotification: 20, convapi.TriggerBatchStatusUpdate: 21, "NO_TRIGGER": -1,
	} {
		if got := delivery.TriggerIndex(trigger); got != want {
			t.Errorf("%s is %d, want %d", trigger, got, want)
		}
	}
}
