// Package journal counts what a simulated provider was given, so that a test
// can account for every message: none lost, none twice. It must not know any
// protocol.
package journal

import (
	"encoding/json"
	"hash/maphash"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"switchyard/internal/sim/fault"
)

// Entry is one submission.
type Entry struct {
	N  int64     `json:"n"` // 1, 2, 3 … since the journal was cleared
	At time.Time `json:"at"`
	// MessageID is the sender's own id, where the protocol carries one.
	MessageID string `json:"message_id,omitempty"`
	// Ref is the id that the provider gave; "" if it took nothing.
	Ref      string     `json:"ref,omitempty"`
	To       string     `json:"to"`
	Type     string     `json:"type"`
	Text     string     `json:"text,omitempty"`
	Accepted bool       `json:"accepted"`
	Fault    fault.Kind `json:"fault,omitempty"`
}

// Options bound a journal.
type Options struct {
	// Keep is how many entries are kept in full, the latest; 0 is 10,000 and
	// -1 none: only counts.
	Keep int
	// MaxKeys is how many different message ids, recipients and texts are
	// counted each; 0 is 1,000,000. What comes on top is in Totals.Uncounted.
	MaxKeys int
}

// Totals are the sums over all submissions.
type Totals struct {
	Submitted int64 `json:"submitted"`
	// Accepted includes those whose answer was then dropped.
	Accepted int64 `json:"accepted"`
	// Duplicates is how many accepted submissions had a message id that was
	// accepted before.
	Duplicates int64 `json:"duplicates"`
	// Uncounted is how many accepted submissions had a new key of some kind
	// when there was room for none. Duplicates among them are not seen.
	Uncounted int64 `json:"uncounted"`
}

// Journal is the record. It is safe for concurrent use, and serves itself over
// HTTP: GET gives totals, duplicates and entries, DELETE clears.
type Journal struct {
	keep, maxKeys int
	seed          maphash.Seed

	mu      sync.Mutex
	totals  Totals
	byID    map[string]int
	byTo    map[string]int
	byText  map[uint64]int // by hash: texts are long
	entries []Entry        // a ring once it is full
	next    int            // where the ring goes on
}

// New makes an empty journal.
func New(o Options) *Journal {
	if o.Keep == 0 {
		o.Keep = 10_000
	}
	if o.MaxKeys == 0 {
		o.MaxKeys = 1_000_000
	}
	j := &Journal{keep: o.Keep, maxKeys: o.MaxKeys, seed: maphash.MakeSeed()}
	j.Clear()
	return j
}

// Clear forgets everything.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.totals = Totals{}
	j.byID, j.byTo, j.byText = map[string]int{}, map[string]int{}, map[uint64]int{}
	j.entries, j.next = nil, 0
}

// Add records e and sets its N.
func (j *Journal) Add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.totals.Submitted++
	e.N = j.totals.Submitted
	if e.Accepted {
		j.count(e)
	}
	switch {
	case j.keep < 0:
	case len(j.entries) < j.keep:
		j.entries = append(j.entries, e)
	default:
		j.entries[j.next] = e
		j.next = (j.next + 1) % j.keep
	}
}

func (j *Journal) count(e Entry) {
	j.totals.Accepted++
	counted := true
	if e.MessageID != "" {
		if j.byID[e.MessageID] > 0 {
			j.totals.Duplicates++
		}
		counted = increment(j.byID, e.MessageID, j.maxKeys)
	}
	counted = increment(j.byTo, e.To, j.maxKeys) && counted
	counted = increment(j.byText, maphash.String(j.seed, e.Text), j.maxKeys) && counted
	if !counted {
		j.totals.Uncounted++
	}
}

// increment adds one to m[key] if the key is there or there is room for it.
func increment[K comparable](m map[K]int, key K, limit int) bool {
	if m[key] == 0 && len(m) >= limit {
		return false
	}
	m[key]++
	return true
}

// Totals gives the sums.
func (j *Journal) Totals() Totals {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.totals
}

// MessageID says how often that message id was accepted.
func (j *Journal) MessageID(id string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.byID[id]
}

// Recipient says how many submissions to that recipient were accepted.
func (j *Journal) Recipient(to string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.byTo[to]
}

// Text says how many submissions with exactly that text were accepted.
func (j *Journal) Text(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.byText[maphash.String(j.seed, text)]
}

// MessageIDs gives how often each message id was accepted.
func (j *Journal) MessageIDs() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.byID)
}

// Entries gives the entries that are kept, the oldest first.
func (j *Journal) Entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Concat(j.entries[j.next:], j.entries[:j.next])
}

// ServeHTTP implements http.Handler.
func (j *Journal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		j.Clear()
	default:
		w.Header().Set("Allow", "GET, DELETE")
		http.Error(w, "use GET or DELETE", http.StatusMethodNotAllowed)
		return
	}
	duplicates := j.MessageIDs()
	maps.DeleteFunc(duplicates, func(_ string, n int) bool { return n < 2 })
	w.Header().Set("Content-Type", "application/json")
	// A client that went away does not matter here.
	_ = json.NewEncoder(w).Encode(struct {
		Totals
		MessageIDs map[string]int `json:"accepted_more_than_once"`
		Entries    []Entry        `json:"entries"`
	}{j.Totals(), duplicates, append([]Entry{}, j.Entries()...)})
}
