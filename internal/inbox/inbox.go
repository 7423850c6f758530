// Package inbox is a webhook's receiving end for people to look at: it checks
// the signature of each callback and prints a line about it. It must not know
// the gateway that it gets them from.
package inbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/webhook"
)

// Form is how a callback is printed.
type Form uint8

// The forms.
const (
	Line   Form = iota // one readable line
	JSON               // one line: the body as it came
	Pretty             // the readable line, and the body indented below it
)

// Config is an Inbox's.
type Config struct {
	Secret convapi.Secret // "" checks no signatures
	Answer int            // HTTP status of every answer; 0 is 200
	Slow   time.Duration  // time before every answer
	Form   Form
	// Out gets what is printed, in one Write for each callback.
	Out io.Writer
}

// maxBody is the longest body that is read, in bytes: twice what the API takes in
// a request, so that every message fits that comes back in a callback.
const maxBody = 2 << 20

// maxRemembered bounds the callbacks whose attempts are counted.
const maxRemembered = 10_000

// Inbox takes callbacks at any path. Make it with New.
type Inbox struct {
	config Config

	mu       sync.Mutex
	attempts map[string]int // by webhook-id
}

var _ http.Handler = (*Inbox)(nil)

// New makes an Inbox.
func New(c Config) *Inbox {
	if c.Answer == 0 {
		c.Answer = http.StatusOK
	}
	return &Inbox{config: c, attempts: make(map[string]int)}
}

// ServeHTTP prints a callback and answers.
func (i *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "callbacks come by POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	i.print(time.Now(), r.Header, body)
	if !wait(r, i.config.Slow) {
		return
	}
	w.WriteHeader(i.config.Answer)
}

// wait is false when the caller has gone away.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (i *Inbox) print(at time.Time, header http.Header, body []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var text bytes.Buffer
	if i.config.Form == JSON {
		text.Write(bytes.ReplaceAll(bytes.TrimSpace(body), []byte("\n"), nil))
		text.WriteByte('\n')
	} else {
		i.writeLine(&text, at, header, body)
	}
	if i.config.Form == Pretty {
		text.WriteString("    ")
		if json.Indent(&text, body, "    ", "  ") != nil {
			fmt.Fprintf(&text, "%q", body)
		}
		text.WriteString("\n\n")
	}
	// A terminal that is gone takes no complaint either.
	_, _ = i.config.Out.Write(text.Bytes())
}

// columns are those of a line: time, trigger, channel and status, id,
// signature; what is left comes behind them.
const columns = "%-12s  %-18s  %-26s  %-9s  %-10s  "

// Header is the line above the first one.
func Header() string {
	return fmt.Sprintf(columns+"%s\n", "TIME", "CALLBACK", "CHANNEL STATUS", "ID", "SIGNATURE", "ABOUT")
}

func (i *Inbox) writeLine(w io.Writer, at time.Time, header http.Header, body []byte) {
	s := summarize(body)
	about := s.about
	if n := i.attempt(header.Get("webhook-id")); n > 1 {
		about = fmt.Sprintf("(attempt %d) %s", n, about)
	}
	line := fmt.Sprintf(columns+"%s", at.Format("15:04:05.000"), s.trigger, s.what(), short(s.id), i.verdict(header, body), about)
	fmt.Fprintln(w, string(bytes.TrimRight([]byte(line), " ")))
}

// attempt counts the posts of one callback.
func (i *Inbox) attempt(id string) int {
	if id == "" {
		return 1
	}
	if len(i.attempts) >= maxRemembered {
		clear(i.attempts)
	}
	i.attempts[id]++
	return i.attempts[id]
}

// verdict is the word for what is to be thought of the signature.
func (i *Inbox) verdict(header http.Header, body []byte) string {
	if i.config.Secret == "" {
		return "unchecked"
	}
	switch err := webhook.Verify(string(i.config.Secret), header, body); {
	case err == nil:
		return "right"
	case errors.Is(err, webhook.ErrNotSigned):
		return "MISSING"
	case errors.Is(err, webhook.ErrTooOld):
		return "TOO OLD"
	default:
		return "WRONG"
	}
}

// short is the end of an id, where ids made in one second differ.
func short(id string) string {
	const length = 8
	if len(id) <= length {
		return id
	}
	return "…" + id[len(id)-length:]
}
