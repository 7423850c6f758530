package smpp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/smpp"
	"switchyard/smpp/coding"
	"switchyard/test/peers"
)

// patience is how long a test waits for something that takes milliseconds.
const patience = 20 * time.Second

// nodeSMSC is a message centre on another implementation, in a process of its own.
type nodeSMSC struct {
	t             *testing.T
	SMPP, Control int
}

func startNode(t *testing.T, env ...string) *nodeSMSC {
	t.Helper()
	n := &nodeSMSC{t: t}
	if err := json.Unmarshal([]byte(peers.Start(t, "smsc.js", env...)), n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *nodeSMSC) account() smpp.Account {
	return smpp.Account{Addr: fmt.Sprintf("127.0.0.1:%d", n.SMPP), SystemID: "gw", Password: "secret"}
}

// call sends an order to the control server and decodes its answer.
func (n *nodeSMSC) call(method, path string, order, answer any) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	body, err := json.Marshal(order)
	if err != nil {
		n.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://127.0.0.1:%d%s", n.Control, path), bytes.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		n.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		n.t.Fatal(err)
	}
}

// status sends an order that makes the centre ask us something, and gives our answer's command_status.
func (n *nodeSMSC) status(path string, order any) smpp.Status {
	n.t.Helper()
	var answer struct{ Status smpp.Status }
	n.call("POST", path, order, &answer)
	return answer.Status
}

type loggedPDU struct {
	Command         string   `json:"command"`
	SystemID        string   `json:"system_id"`
	DestinationAddr string   `json:"destination_addr"`
	SourceAddr      string   `json:"source_addr"`
	SourceTON       int      `json:"source_addr_ton"`
	DestNPI         int      `json:"dest_addr_npi"`
	ESMClass        int      `json:"esm_class"`
	DataCoding      int      `json:"data_coding"`
	Registered      int      `json:"registered_delivery"`
	UDH             []string `json:"udh"`
	Payload         any      `json:"message_payload"`
	SarRef          int      `json:"sar_msg_ref_num"`
	SarTotal        int      `json:"sar_total_segments"`
	SarSeq          int      `json:"sar_segment_seqnum"`
	Reference       int      `json:"user_message_reference"`
	Text            any      `json:"short_message"`
}

// log gives the PDUs of one command that the centre has received.
func (n *nodeSMSC) log(command string) []loggedPDU {
	n.t.Helper()
	var all, some []loggedPDU
	n.call("GET", "/log", nil, &all)
	for _, p := range all {
		if p.Command == command {
			some = append(some, p)
		}
	}
	return some
}

// openOn starts a client and waits until its first bind is up.
func openOn(t *testing.T, cfg smpp.ClientConfig) (*smpp.Client, <-chan smpp.BindEvent) {
	t.Helper()
	events := make(chan smpp.BindEvent, 100)
	cfg.OnBind = func(e smpp.BindEvent) { events <- e }
	if cfg.Handler == nil {
		cfg.Handler = func(context.Context, *smpp.DeliverSM) smpp.Status { return smpp.StatusOK }
	}
	client, err := smpp.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := client.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return client, events
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

func awaitState(t *testing.T, events <-chan smpp.BindEvent, state smpp.BindState) smpp.BindEvent {
	t.Helper()
	for {
		if e := await(t, "bind that is "+state.String(), events); e.State == state {
			return e
		}
	}
}

func TestNodeRefusesAndTakesBinds(t *testing.T) {
	n := startNode(t)
	for _, tt := range []struct {
		systemID string
		password smpp.Secret
		want     smpp.Status
	}{{"gw", "secret", 0}, {"gw", "wrong", smpp.StatusInvPaswd}, {"who", "secret", smpp.StatusInvSysID}} {
		for _, bind := range []smpp.BindType{smpp.Receiver, smpp.Transmitter, smpp.Transceiver} {
			account := n.account()
			account.SystemID, account.Password = tt.systemID, tt.password
			s, err := smpp.Connect(t.Context(), account, bind, smpp.Limits{}, nil)
			var refused *smpp.StatusError
			switch {
			case err == nil:
				if s.PeerVersion() != smpp.Version34 || s.PeerSystemID() != "node" {
					t.Errorf("bound to %q, version 0x%x", s.PeerSystemID(), s.PeerVersion())
				}
				if err := s.Unbind(t.Context()); err != nil {
					t.Errorf("unbind: %v", err)
				}
			case !errors.As(err, &refused) || refused.Status != tt.want:
				t.Errorf("%s as %s: %v", bind, tt.systemID, err)
			}
			if (err == nil) != (tt.want == smpp.StatusOK) {
				t.Errorf("%s as %s with %s bound", bind, tt.systemID, string(tt.password))
			}
		}
	}
}

func TestNodeWithoutTransceivers(t *testing.T) {
	n := startNode(t, "NO_TRANSCEIVER=1")
	client, events := openOn(t, smpp.ClientConfig{Account: n.account()})
	up := map[smpp.BindType]bool{}
	for range 2 {
		up[awaitState(t, events, smpp.BindUp).Type] = true
	}
	if !up[smpp.Receiver] || !up[smpp.Transmitter] {
		t.Errorf("bound %v", up)
	}
	if _, err := client.Submit(t.Context(), &smpp.SubmitSM{ShortMessage: []byte("hi")}); err != nil {
		t.Error(err)
	}
	if status := n.status("/enquire", nil); status != smpp.StatusOK {
		t.Errorf("enquire_link over the receiver: %s", status)
	}
}

func TestNodeReadsOurTexts(t *testing.T) {
	n := startNode(t)
	client, events := openOn(t, smpp.ClientConfig{Account: n.account()})
	awaitState(t, events, smpp.BindUp)
	long := strings.Repeat("Grüße € ", 25)
	for _, tt := range []struct {
		name, text string
		o          coding.Options
		check      func(p loggedPDU, i int) bool
	}{
		{"GSM-7", "Grüße: [1€] @home", coding.Options{}, func(p loggedPDU, _ int) bool { return p.DataCoding == 0 && p.ESMClass == 0 }},
		{"UCS-2", "Привет 😀", coding.Options{}, func(p loggedPDU, _ int) bool { return p.DataCoding == 8 }},
		{"header", long, coding.Options{Ref: 0x1234}, func(p loggedPDU, i int) bool {
			return p.ESMClass == 0x40 && cmp.Equal(p.UDH, []string{fmt.Sprintf("00033402%02x", i+1)})
		}},
		{"long header", long, coding.Options{Ref: 0x1234, Method: coding.UDH16}, func(p loggedPDU, i int) bool {
			return p.ESMClass == 0x40 && cmp.Equal(p.UDH, []string{fmt.Sprintf("0804123402%02x", i+1)})
		}},
		{"sar", long, coding.Options{Ref: 0x1234, Method: coding.SAR}, func(p loggedPDU, i int) bool {
			return p.ESMClass == 0 && p.SarRef == 0x1234 && p.SarTotal == 2 && p.SarSeq == i+1
		}},
		{"payload", long, coding.Options{Method: coding.Payload}, func(p loggedPDU, _ int) bool { return p.Payload == long }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.t = t
			before := len(n.log("submit_sm"))
			parts, err := coding.Segment(tt.text, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range parts {
				sm := &smpp.SubmitSM{
					Source: smpp.Address{TON: 5, Addr: "Acme"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "46701112233"},
					RegisteredDelivery: smpp.RegisterAnyOutcome, TLVs: smpp.TLVs{smpp.Uint16TLV(smpp.TagUserMessageReference, 77)},
				}
				part.Apply(sm)
				if resp, err := client.Submit(t.Context(), sm); err != nil || resp.MessageID == "" {
					t.Fatalf("%+v, %v", resp, err)
				}
			}
			got := n.log("submit_sm")[before:]
			var text strings.Builder
			for i, p := range got {
				if !tt.check(p, i) || p.SourceAddr != "Acme" || p.SourceTON != 5 || p.DestNPI != 1 || p.DestinationAddr != "46701112233" || p.Registered != 1 || p.Reference != 77 {
					t.Errorf("part %d arrived as %+v", i+1, p)
				}
				if s, ok := p.Text.(string); ok {
					text.WriteString(s)
				}
			}
			if tt.o.Method != coding.Payload && text.String() != tt.text {
				t.Errorf("arrived as %q", text.String())
			}
		})
	}
}

func TestWeReadNodesDeliveries(t *testing.T) {
	n := startNode(t)
	deliveries := make(chan *smpp.DeliverSM, 10)
	answer := smpp.StatusOK
	_, events := openOn(t, smpp.ClientConfig{Account: n.account(), Handler: func(_ context.Context, sm *smpp.DeliverSM) smpp.Status {
		deliveries <- sm
		return answer
	}})
	awaitState(t, events, smpp.BindUp)
	type order map[string]any
	for _, o := range []order{{"tlv": true}, {"text": "hello"}, {"tlv": true, "text": "hello"}} {
		for k, v := range (order{"id": "1a", "from": "46701112233", "to": "72", "stat": "UNDELIV"}) {
			o[k] = v
		}
		if status := n.status("/receipt", o); status != smpp.StatusOK {
			t.Errorf("answered %s", status)
		}
		sm := await(t, "receipt", deliveries)
		r, ok := coding.ParseReceipt(sm, coding.GSM7Unpacked)
		if !ok || r.MessageID != "1a" || r.State != coding.Undeliverable || sm.ESMClass&smpp.EsmTypeMask != smpp.EsmReceipt {
			t.Errorf("%v: %v, %+v", o, ok, r)
		}
	}
	for _, tt := range []struct {
		o    order
		text string
		at   coding.Concat
	}{
		{order{"short_message": "grüße €", "data_coding": 0}, "grüße €", coding.Concat{}},
		{order{"short_message": "Привет 😀", "data_coding": 8}, "Привет 😀", coding.Concat{}},
		{order{"short_message": "é", "data_coding": 3}, "é", coding.Concat{}},
		{order{"short_message": "part", "data_coding": 0, "udh": "050003070201", "esm_class": 0x40}, "part", coding.Concat{Ref: 7, Total: 2, Seq: 1}},
		{order{"message_payload": "a long text", "data_coding": 0}, "a long text", coding.Concat{}},
	} {
		tt.o["source_addr"], tt.o["destination_addr"] = "46701112233", "72"
		if status := n.status("/deliver", tt.o); status != smpp.StatusOK {
			t.Errorf("answered %s", status)
		}
		got := coding.Read(await(t, "message", deliveries), coding.GSM7Unpacked)
		if diff := cmp.Diff(coding.Received{Text: tt.text, Place: tt.at}, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.o, diff)
		}
	}
	answer = smpp.StatusRxTempAppn
	if status := n.status("/deliver", order{"short_message": "x"}); status != smpp.StatusRxTempAppn {
		t.Errorf("what the handler refused for now was answered %s", status)
	}
	if status := n.status("/enquire", nil); status != smpp.StatusOK {
		t.Errorf("enquire_link: %s", status)
	}
}

func TestNodeThrottlesUnbindsAndDrops(t *testing.T) {
	n := startNode(t)
	client, events := openOn(t, smpp.ClientConfig{Account: n.account(), Rate: 1000})
	awaitState(t, events, smpp.BindUp)
	n.call("POST", "/statuses", []smpp.Status{smpp.StatusThrottled, smpp.StatusOK, smpp.StatusInvDstAdr}, &struct{}{})
	submit := func() error {
		_, err := client.Submit(t.Context(), &smpp.SubmitSM{ShortMessage: []byte("hi")})
		return err
	}
	var refused *smpp.StatusError
	start := time.Now()
	if err := submit(); !errors.As(err, &refused) || refused.Status != smpp.StatusThrottled || client.Rate() != 500 {
		t.Errorf("throttled: %v, rate %v", err, client.Rate())
	}
	if err := submit(); err != nil || time.Since(start) < 900*time.Millisecond {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
	if err := submit(); !errors.As(err, &refused) || refused.Status != smpp.StatusInvDstAdr {
		t.Errorf("refused: %v", err)
	}
	for _, end := range []string{"/unbind", "/drop"} {
		n.call("POST", end, nil, &struct{}{})
		if e := awaitState(t, events, smpp.BindDown); e.Err == nil || time.Until(e.RetryAt) > 3*time.Second {
			t.Errorf("%s: %+v", end, e)
		}
		awaitState(t, events, smpp.BindUp)
		if err := submit(); err != nil {
			t.Errorf("bound again after %s: %v", end, err)
		}
	}
	if got := n.log("unbind_resp"); len(got) != 1 {
		t.Errorf("%d answers to their unbind", len(got))
	}
}
