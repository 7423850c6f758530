package journal_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"

	"switchyard/internal/sim/journal"
)

// Only what was accepted counts, and a second acceptance is a duplicate.
func TestCounts(t *testing.T) {
	j := journal.New(journal.Options{})
	j.Add(journal.Entry{MessageID: "m1", To: "1", Text: "a", Accepted: true})
	j.Add(journal.Entry{MessageID: "m1", To: "1", Text: "a", Accepted: true})
	j.Add(journal.Entry{MessageID: "m2", To: "1", Text: "b", Accepted: false})
	j.Add(journal.Entry{MessageID: "m2", To: "1", Text: "b", Accepted: true})
	if got, want := j.Totals(), (journal.Totals{Submitted: 4, Accepted: 3, Duplicates: 1}); got != want {
		t.Errorf("totals %+v, want %+v", got, want)
	}
	for what, got := range map[string][2]int{
		"m1": {j.MessageID("m1"), 2}, "m2": {j.MessageID("m2"), 1}, "recipient": {j.Recipient("1"), 3},
		"text a": {j.Text("a"), 2}, "text b": {j.Text("b"), 1}, "no text": {j.Text("c"), 0},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: counted %d, want %d", what, got[0], got[1])
		}
	}
}

// Memory is bounded: the ring keeps the latest, full maps say so.
func TestBounds(t *testing.T) {
	j := journal.New(journal.Options{Keep: 3, MaxKeys: 4})
	for i := range 10 {
		j.Add(journal.Entry{MessageID: fmt.Sprint("m", i), To: "1", Accepted: true})
	}
	var kept []int64
	for _, e := range j.Entries() {
		kept = append(kept, e.N)
	}
	if fmt.Sprint(kept) != "[8 9 10]" {
		t.Errorf("kept %v, want the latest three in order", kept)
	}
	if got := j.Totals().Uncounted; got != 6 {
		t.Errorf("uncounted %d, want 6", got)
	}
	if n := len(j.MessageIDs()); n != 4 {
		t.Errorf("%d message ids in memory, want 4", n)
	}
}

func TestOnlyCounts(t *testing.T) {
	j := journal.New(journal.Options{Keep: -1})
	j.Add(journal.Entry{MessageID: "m", Accepted: true})
	if n := len(j.Entries()); n != 0 || j.MessageID("m") != 1 {
		t.Errorf("%d entries kept and m counted %d times, want 0 and 1", n, j.MessageID("m"))
	}
}

func TestOverHTTP(t *testing.T) {
	j := journal.New(journal.Options{})
	for range 2 {
		j.Add(journal.Entry{MessageID: "m", To: "1", Accepted: true})
	}
	w := httptest.NewRecorder()
	j.ServeHTTP(w, httptest.NewRequest("GET", "/_sim/log", nil))
	var got struct {
		Duplicates int64           `json:"duplicates"`
		IDs        map[string]int  `json:"accepted_more_than_once"`
		Entries    []journal.Entry `json:"entries"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Duplicates != 1 || got.IDs["m"] != 2 || len(got.Entries) != 2 {
		t.Errorf("got %+v", got)
	}
	j.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("DELETE", "/_sim/log", nil))
	if j.Totals() != (journal.Totals{}) {
		t.Errorf("totals after DELETE: %+v", j.Totals())
	}
}
