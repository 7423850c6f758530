// Package fault holds what the simulated providers are to do wrong, and for
// whom. It must not know any protocol: how a fault looks on the wire is each
// provider's own.
package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what a provider does with one submission.
type Kind string

const (
	// None accepts and reports as usual.
	None Kind = ""
	// Refuse answers with the platform's error of Fault.Code.
	Refuse Kind = "refuse"
	// Fail accepts, then reports the failure of Fault.Code.
	Fail Kind = "fail"
	// Silent accepts and never reports.
	Silent Kind = "silent"
	// Late accepts and reports after Fault.DelayMS more.
	Late Kind = "late"
	// Twice accepts and sends every report twice.
	Twice Kind = "twice"
	// Disorder accepts and reports the last status first.
	Disorder Kind = "disorder"
	// Early reports before the submission is answered.
	Early Kind = "early"
	// Throttle answers with the platform's rate limit.
	Throttle Kind = "throttle"
	// DropBefore breaks the connection; nothing was accepted.
	DropBefore Kind = "drop_before"
	// DropAfter accepts, reports, and breaks the connection without an answer.
	DropAfter Kind = "drop_after"
	// Slow accepts and answers after Fault.DelayMS.
	Slow Kind = "slow"
	// Status answers with the HTTP status Fault.Code and no body, as a proxy
	// in front of the platform does.
	Status Kind = "status"
)

// Kinds lists all kinds but None.
func Kinds() []Kind {
	return []Kind{Refuse, Fail, Silent, Late, Twice, Disorder, Early, Throttle, DropBefore, DropAfter, Slow, Status}
}

// Fault is one order to a simulated provider.
type Fault struct {
	Kind Kind `json:"kind"`
	// To says whose submissions: a recipient, "*1234" for every recipient with
	// that end, or "" for all.
	To string `json:"to,omitempty"`
	// Times is how many submissions it takes; 0 is until cleared.
	Times int `json:"times,omitempty"`
	// Code is the platform's error code or, with Status, the HTTP status.
	Code int `json:"code,omitempty"`
	// Words replaces the platform's usual words for Code.
	Words string `json:"words,omitempty"`
	// DelayMS is in milliseconds; for Late and Slow.
	DelayMS int `json:"delay_ms,omitempty"`
	// RetryAfter is in seconds; for Throttle.
	RetryAfter int `json:"retry_after,omitempty"`
}

// Delay is DelayMS as a duration.
func (f Fault) Delay() time.Duration { return time.Duration(f.DelayMS) * time.Millisecond }

func (f Fault) matches(to string) bool {
	if end, ok := strings.CutPrefix(f.To, "*"); ok {
		return strings.HasSuffix(to, end)
	}
	return f.To == "" || f.To == to
}

func (f Fault) check() error {
	switch {
	case !slices.Contains(Kinds(), f.Kind):
		return fmt.Errorf("kind %q is not one of %q", f.Kind, Kinds())
	case f.Times < 0 || f.DelayMS < 0 || f.RetryAfter < 0:
		return fmt.Errorf("a fault's numbers are not negative")
	case f.Kind == Status && (f.Code < 400 || f.Code > 599):
		return fmt.Errorf("code %d is no HTTP status of an error", f.Code)
	}
	return nil
}

// ByNumber is the table for people at a demo: who writes to a number with such
// an end gets that fault, every time.
func ByNumber() []Fault {
	return []Fault{
		{To: "*9001", Kind: Silent},
		{To: "*9002", Kind: Late, DelayMS: 30_000},
		{To: "*9003", Kind: Twice},
		{To: "*9004", Kind: Disorder},
		{To: "*9005", Kind: Early},
		{To: "*9006", Kind: DropBefore},
		{To: "*9007", Kind: DropAfter},
		{To: "*9008", Kind: Slow, DelayMS: 2_000},
		{To: "*9009", Kind: Status, Code: http.StatusServiceUnavailable},
		{To: "*9010", Kind: Throttle, RetryAfter: 1},
	}
}

// maxFaults bounds a plan.
const maxFaults = 10_000

// Plan is the orders that stand. The zero value has none. It is safe for
// concurrent use, and serves itself over HTTP: GET lists, POST adds one fault
// or an array, DELETE clears.
type Plan struct {
	mu     sync.Mutex
	faults []Fault
}

// Add puts faults behind those that stand; the first that matches is taken.
// Either all are added or, with an error, none.
func (p *Plan) Add(faults ...Fault) error {
	for _, f := range faults {
		if err := f.check(); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults)+len(faults) > maxFaults {
		return fmt.Errorf("more than %d faults", maxFaults)
	}
	p.faults = append(p.faults, faults...)
	return nil
}

// Clear forgets all faults.
func (p *Plan) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// List gives the faults that stand, with the times left.
func (p *Plan) List() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.faults)
}

// Take gives the fault for a submission to that recipient and counts it. None
// is the zero Fault.
func (p *Plan) Take(to string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.faults, func(f Fault) bool { return f.matches(to) })
	if i < 0 {
		return Fault{}
	}
	taken := p.faults[i]
	switch taken.Times {
	case 0:
	case 1:
		p.faults = slices.Delete(p.faults, i, i+1)
	default:
		p.faults[i].Times--
	}
	return taken
}

// ServeHTTP implements http.Handler.
func (p *Plan) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		p.Clear()
	case http.MethodPost:
		faults, err := decode(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = p.Add(faults...)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		w.Header().Set("Allow", "GET, POST, DELETE")
		http.Error(w, "use GET, POST or DELETE", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that went away does not matter here.
	_ = json.NewEncoder(w).Encode(append([]Fault{}, p.List()...))
}
