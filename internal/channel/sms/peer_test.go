package sms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"switchyard/convapi"
	"switchyard/smpp"
	"switchyard/test/peers"
)

// The whole way against a message centre on another implementation: a long text, its receipts, an answer of the handset.
func TestAgainstNode(t *testing.T) {
	var node struct{ SMPP, Control int }
	if err := json.Unmarshal([]byte(peers.Start(t, "smsc.js", "PASSWORD="+password)), &node); err != nil {
		t.Fatal(err)
	}
	order := func(path string, body map[string]any) {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d%s", node.Control, path), bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var answer struct{ Status smpp.Status }
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Status != smpp.StatusOK {
			t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
	}
	w, stop := start(t, credential(fmt.Sprintf("127.0.0.1:%d", node.SMPP)), (&net.Dialer{}).DialContext)
	defer stop()
	w.log.await(t, "bound to the message centre")

	receipt, err := w.Send(t.Context(), message("m1", "46701112233", strings.Repeat("Привет ", 11)))
	if err != nil || len(receipt.Refs) != 2 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	for i, stat := range []string{"DELIVRD", "UNDELIV"} {
		order("/receipt", map[string]any{"id": strings.ToUpper(receipt.Refs[i]), "from": "46701112233", "to": "Acme", "stat": stat, "text": "-", "tlv": i == 0})
	}
	if r := await(t, "report", w.sink.reports); r.Ref != receipt.Refs[0] || r.Status != convapi.StatusDelivered {
		t.Errorf("%+v", r)
	}
	if r := await(t, "report", w.sink.reports); r.Ref != receipt.Refs[1] || r.Status != convapi.StatusFailed {
		t.Errorf("%+v", r)
	}
	order("/deliver", map[string]any{"source_addr": "46701112233", "destination_addr": "72323", "short_message": "Да 😀", "data_coding": 8})
	if in := await(t, "message", w.sink.inbound); in.Message.TextMessage.Text != "Да 😀" || in.SenderID != "72323" {
		t.Errorf("%+v", in)
	}
}
