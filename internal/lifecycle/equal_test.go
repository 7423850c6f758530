package lifecycle

import (
	"reflect"
	"testing"
	"time"
)

// Each member counts.
func TestStatesDifferInEachMember(t *testing.T) {
	same := State{Progress: []Progress{{}}}
	if !same.Equal(State{Progress: []Progress{{}}}) {
		t.Error("a state does not equal its copy")
	}
	others := map[string]any{
		"Status": Read, "Phase": Doubt, "Hop": 1, "Attempt": 1, "Retries": 1, "Resent": true,
		"FailedAt": start, "Due": start.Add(time.Second), "Progress": []Progress{{Told: true}},
	}
	members := reflect.TypeFor[State]()
	for i := range members.NumField() {
		name := members.Field(i).Name
		value, ok := others[name]
		if !ok {
			t.Fatalf("no value for %s", name)
		}
		other := same
		reflect.ValueOf(&other).Elem().Field(i).Set(reflect.ValueOf(value))
		if same.Equal(other) {
			t.Errorf("states with another %s are equal", name)
		}
	}
}
