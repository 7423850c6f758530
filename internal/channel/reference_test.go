package channel

import (
	"encoding/json"
	"testing"
)

func TestReference(t *testing.T) {
	body := json.RawMessage("{}")
	one, three := Outbound{MessageID: "m", Bodies: []json.RawMessage{body}}, Outbound{MessageID: "m", Bodies: []json.RawMessage{body, body, body}}
	for text, want := range map[string]Report{
		one.Reference(0): {MessageID: "m"}, three.Reference(0): {MessageID: "m", Part: 1, Parts: 3}, three.Reference(2): {MessageID: "m", Part: 3, Parts: 3},
		"": {}, "x": {MessageID: "x"}, "m/4/3": {MessageID: "m/4/3"}, "m/0/3": {MessageID: "m/0/3"}, "m/1": {MessageID: "m/1"}, "m/1/x": {MessageID: "m/1/x"},
	} {
		var got Report
		got.SetReference(text)
		if got.MessageID != want.MessageID || got.Part != want.Part || got.Parts != want.Parts {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}
