package fault_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/sim/fault"
)

// The first fault that matches is taken, as often as it says.
func TestTake(t *testing.T) {
	var p fault.Plan
	if err := p.Add(
		fault.Fault{Kind: fault.Throttle, To: "467001", Times: 2},
		fault.Fault{Kind: fault.Silent, To: "*9001"},
		fault.Fault{Kind: fault.Slow, Times: 1},
	); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		to   string
		want fault.Kind
	}{
		{"467001", fault.Throttle},
		{"46709001", fault.Silent},
		{"467001", fault.Throttle},
		{"467001", fault.Slow}, // the throttle is used up, the one for all is next
		{"467001", fault.None},
		{"46709001", fault.Silent}, // without Times it stays
	}
	for i, step := range steps {
		if got := p.Take(step.to).Kind; got != step.want {
			t.Errorf("step %d, to %s: got %q, want %q", i, step.to, got, step.want)
		}
	}
}

// A fault that would do nothing is refused when it is given.
func TestPlanOverHTTP(t *testing.T) {
	tests := []struct {
		name, method, body string
		status             int
		want               []fault.Fault
	}{
		{"one", "POST", `{"kind":"refuse","code":131026,"to":"1"}`, 200, []fault.Fault{{Kind: fault.Refuse, Code: 131026, To: "1"}}},
		{"several", "POST", ` [{"kind":"slow","delay_ms":5},{"kind":"silent","times":2}]`, 200,
			[]fault.Fault{{Kind: fault.Slow, DelayMS: 5}, {Kind: fault.Silent, Times: 2}}},
		{"unknown kind", "POST", `{"kind":"sluggish"}`, 400, nil},
		{"unknown member", "POST", `{"kind":"slow","dealy_ms":5}`, 400, nil},
		{"not an HTTP error", "POST", `{"kind":"status","code":200}`, 400, nil},
		{"negative", "POST", `{"kind":"slow","delay_ms":-5}`, 400, nil},
		{"one bad of two", "POST", `[{"kind":"silent"},{"kind":""}]`, 400, nil},
		{"clear", "DELETE", ``, 200, nil},
		{"other method", "PUT", ``, 405, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p fault.Plan
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(tt.method, "/_sim/faults", strings.NewReader(tt.body)))
			if w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if diff := cmp.Diff(tt.want, p.List()); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// The table for people is a valid plan without two rules for one number.
func TestByNumber(t *testing.T) {
	var p fault.Plan
	if err := p.Add(fault.ByNumber()...); err != nil {
		t.Fatal(err)
	}
	for _, f := range fault.ByNumber() {
		number := "46701" + strings.TrimPrefix(f.To, "*")
		if got := p.Take(number); got != f {
			t.Errorf("%s: got %+v, want %+v", number, got, f)
		}
	}
}
