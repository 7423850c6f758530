// Package notify posts a simulated provider's notifications to a webhook: in
// the order given, again after a failure, never more than a bounded number at
// once. It must not know what the notifications say.
package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// Pending is how many sequences may wait or be under way at once.
	Pending = 50_000
	// posting is how many requests are on the wire at once.
	posting = 64
	// postTimeout is how long one request may take.
	postTimeout = 10 * time.Second
	// retryFirst doubles up to retryCap until retryWindow is over. The real
	// platforms go on for a day and more; a simulation need only outlive the
	// restart of a gateway.
	retryFirst  = 50 * time.Millisecond
	retryCap    = 2 * time.Second
	retryWindow = 10 * time.Minute
)

// Step is one notification, posted After the step before it is through.
type Step struct {
	After time.Duration
	Body  []byte
}

// Config is a Notifier's. Only Log is required.
type Config struct {
	Client *http.Client
	// Prepare sets the headers of a request, its signature above all. nil sets
	// none.
	Prepare func(header http.Header, body []byte)
	// Answered gets the body of each 2xx answer, at most 64 KiB of it. nil
	// ignores them.
	Answered func(body []byte)
	Log      *slog.Logger
}

// Notifier posts for one provider. Make it with New; Close it.
type Notifier struct {
	config Config
	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{} // one taken for each pending sequence
	wire   chan struct{} // one taken for each request under way
	tasks  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	url    string
}

// New makes a Notifier that posts to url; with "" everything is discarded until
// SetURL.
func New(url string, c Config) *Notifier {
	if c.Client == nil {
		c.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: posting}}
	}
	n := &Notifier{config: c, url: url, slots: make(chan struct{}, Pending), wire: make(chan struct{}, posting)}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// SetURL changes where notifications go; also those that wait.
func (n *Notifier) SetURL(url string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.url = url
}

// URL gives where notifications go.
func (n *Notifier) URL() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.url
}

// Post starts a sequence. It returns false, and posts nothing, when Pending
// sequences wait already or the Notifier is closed.
func (n *Notifier) Post(steps ...Step) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	select {
	case n.slots <- struct{}{}:
	default:
		return false
	}
	n.tasks.Go(func() {
		defer func() { <-n.slots }()
		for _, step := range steps {
			if !n.sleep(step.After) {
				return
			}
			n.persist(step.Body)
		}
	})
	return true
}

// persist posts until it is taken, the window is over or the Notifier closes.
func (n *Notifier) persist(body []byte) {
	wait := retryFirst
	for started := time.Now(); time.Since(started) < retryWindow; {
		err := n.PostNow(n.ctx, body)
		if err == nil || n.ctx.Err() != nil {
			return
		}
		n.config.Log.Debug("notification not taken", "error", err, "again_in", wait)
		if !n.sleep(wait) {
			return
		}
		wait = min(2*wait, retryCap)
	}
	n.config.Log.Warn("notification given up", "after", retryWindow)
}

// PostNow posts once and says how it went; nil means a 2xx answer, or that
// there is nowhere to post.
func (n *Notifier) PostNow(ctx context.Context, body []byte) error {
	url := n.URL()
	if url == "" {
		return nil
	}
	select {
	case n.wire <- struct{}{}:
		defer func() { <-n.wire }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("build the notification: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if n.config.Prepare != nil {
		n.config.Prepare(req.Header, body)
	}
	res, err := n.config.Client.Do(req)
	if err != nil {
		return fmt.Errorf("post the notification: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("read the answer to the notification: %w", err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("post the notification: status %d", res.StatusCode)
	}
	if n.config.Answered != nil {
		n.config.Answered(answer)
	}
	return nil
}

// sleep says false when the Notifier closed first.
func (n *Notifier) sleep(d time.Duration) bool {
	if d <= 0 {
		return n.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-n.ctx.Done():
		return false
	}
}

// Close drops what waits, ends what is under way and returns when all is ended.
// It may be called more than once.
func (n *Notifier) Close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.cancel()
	n.tasks.Wait()
	n.config.Client.CloseIdleConnections()
}
