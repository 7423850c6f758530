package notify_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/sim/notify"
)

// inbox is a webhook in memory that refuses the first posts.
type inbox struct {
	mu     sync.Mutex
	refuse int
	got    []string
	start  time.Time
}

func (b *inbox) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if b.refuse > 0 {
		b.refuse--
		status = http.StatusServiceUnavailable
	} else {
		b.got = append(b.got, time.Since(b.start).String()+" "+string(body)+r.Header.Get("X-Signed"))
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, nil
}

func newNotifier(b *inbox) *notify.Notifier {
	b.start = time.Now()
	return notify.New("http://gateway.test/hook", notify.Config{
		Client:  &http.Client{Transport: b},
		Prepare: func(h http.Header, body []byte) { h.Set("X-Signed", "!") },
		Log:     slog.New(slog.DiscardHandler),
	})
}

// The steps of a sequence come in order, each after its time, also when one has
// to be posted several times.
func TestOrderAndRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &inbox{refuse: 3}
		n := newNotifier(b)
		if !n.Post(notify.Step{After: time.Second, Body: []byte("a")}, notify.Step{After: time.Minute, Body: []byte("b")}) {
			t.Fatal("not taken")
		}
		time.Sleep(time.Hour)
		n.Close()
		// 50, 100 and 200 ms of waiting for the three refusals.
		if diff := cmp.Diff([]string{"1.35s a!", "1m1.35s b!"}, b.got); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
	})
}

// A webhook that is dead for good does not keep a sequence for ever.
func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &inbox{refuse: 1 << 30}
		n := newNotifier(b)
		n.Post(notify.Step{Body: []byte("a")})
		time.Sleep(time.Hour)
		synctest.Wait()
		left := b.refuse
		time.Sleep(time.Hour)
		n.Close()
		if left == 1<<30 || b.refuse != left {
			t.Errorf("%d posts in the first hour, %d in the second; want some and none", 1<<30-left, left-b.refuse)
		}
	})
}

// Memory is bounded, and Close ends everything: the bubble would deadlock on a
// goroutine that is left.
func TestBoundAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotifier(&inbox{})
		for i := range notify.Pending {
			if !n.Post(notify.Step{After: time.Hour}) {
				t.Fatalf("sequence %d not taken", i)
			}
		}
		if n.Post(notify.Step{}) {
			t.Error("one more than Pending was taken")
		}
		n.Close()
		n.Close()
		if n.Post(notify.Step{}) {
			t.Error("taken after Close")
		}
	})
}
