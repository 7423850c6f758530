package smsc_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/pdu"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
	"switchyard/internal/sim/smsc"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// patience is how long a test waits for something that takes milliseconds.
const patience = 20 * time.Second

func serve(t *testing.T, config smsc.Config) (*smsc.Server, string) {
	t.Helper()
	s, err := smsc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s, listener.Addr().String()
}

func await[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s in %s", what, patience)
		panic("unreachable")
	}
}

// esme is an ESME on another implementation.
type esme struct {
	*gosmpp.Session
	pdus chan pdu.PDU
}

func connect(t *testing.T, address, password string) (*esme, error) {
	t.Helper()
	e := &esme{pdus: make(chan pdu.PDU, 100)}
	session, err := gosmpp.NewSession(
		gosmpp.TRXConnector(gosmpp.NonTLSDialer, gosmpp.Auth{SMSC: address, SystemID: "gw", Password: password}),
		gosmpp.Settings{
			ReadTimeout: patience,
			OnPDU:       func(p pdu.PDU, _ bool) { e.pdus <- p },
		}, -1)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = session.Close() })
	e.Session = session
	return e, nil
}

func (e *esme) submit(t *testing.T, to string) {
	t.Helper()
	sm := pdu.NewSubmitSM().(*pdu.SubmitSM)
	destination, err := pdu.NewAddressWithTonNpiAddr(1, 1, to)
	if err != nil {
		t.Fatal(err)
	}
	sm.DestAddr, sm.RegisteredDelivery = destination, 1
	message, err := pdu.NewShortMessage("hi")
	if err != nil {
		t.Fatal(err)
	}
	sm.Message = message
	if err := e.Transceiver().Submit(sm); err != nil {
		t.Fatal(err)
	}
}

// Another implementation's ESME is served: bound, answered, given receipts and messages.
func TestServesAnotherESME(t *testing.T) {
	s, address := serve(t, smsc.Config{SystemID: "gw", Password: "secret", Faults: smsc.NumberFaults()})
	if _, err := connect(t, address, "wrong"); err == nil {
		t.Error("bound with a wrong password")
	}
	e, err := connect(t, address, "secret")
	if err != nil {
		t.Fatal(err)
	}
	e.submit(t, "46701112233")
	resp := await(t, "answer", e.pdus).(*pdu.SubmitSMResp)
	receipt := await(t, "receipt", e.pdus).(*pdu.DeliverSM)
	text, err := receipt.Message.GetMessage()
	if err != nil {
		t.Fatal(err)
	}
	r, ok := coding.ParseReceipt(&smpp.DeliverSM{ShortMessage: []byte(text)}, coding.ASCII)
	if !ok || r.MessageID != resp.MessageID || r.State != coding.Delivered {
		t.Errorf("answered %q, receipt %q", resp.MessageID, text)
	}
	if field := receipt.OptionalParameters[pdu.TagReceiptedMessageID]; field.String() != resp.MessageID {
		t.Errorf("receipted_message_id %q", field.String())
	}
	e.submit(t, "467018011")
	if refused := await(t, "answer", e.pdus); smpp.Status(refused.GetHeader().CommandStatus) != smpp.StatusInvDstAdr {
		t.Errorf("answered %v", refused.GetHeader())
	}
	if totals := s.Journal().Totals(); totals.Submitted != 2 || totals.Accepted != 1 {
		t.Errorf("%+v", totals)
	}
}

func TestControl(t *testing.T) {
	s, address := serve(t, smsc.Config{})
	control := httptest.NewServer(s)
	defer control.Close()
	call := func(method, path, body string, want int) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, control.URL+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var answer bytes.Buffer
		if _, err := answer.ReadFrom(resp.Body); err != nil || resp.StatusCode != want {
			t.Errorf("%s %s: %s, %v", method, path, resp.Status, err)
		}
		return answer.Bytes()
	}
	e, err := connect(t, address, "any")
	if err != nil {
		t.Fatal(err)
	}
	call("POST", "/_sim/faults", `{"kind":"refuse","code":88,"times":1}`, http.StatusOK)
	e.submit(t, "46701112233")
	if refused := await(t, "answer", e.pdus); smpp.Status(refused.GetHeader().CommandStatus) != smpp.StatusThrottled {
		t.Errorf("answered %v", refused.GetHeader())
	}
	var log struct{ Entries []journal.Entry }
	if err := json.Unmarshal(call("GET", "/_sim/log", "", http.StatusOK), &log); err != nil {
		t.Fatal(err)
	}
	want := []journal.Entry{{N: 1, To: "46701112233", Type: "text", Text: "hi", Fault: fault.Refuse}}
	if diff := cmp.Diff(want, log.Entries, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".At" }, cmp.Ignore())); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	call("POST", "/_sim/inbound", `{"from":"46701112233","to":"72323","text":"hello"}`, http.StatusOK)
	if text, err := await(t, "message", e.pdus).(*pdu.DeliverSM).Message.GetMessage(); text != "hello" || err != nil {
		t.Errorf("delivered %q, %v", text, err)
	}
	call("POST", "/_sim/inbound", `{"frm":"x"}`, http.StatusBadRequest)
	call("POST", "/_sim/unbind", "", http.StatusOK)
	if n := s.Sessions(); n != 0 {
		t.Errorf("%d sessions after unbind", n)
	}
}
