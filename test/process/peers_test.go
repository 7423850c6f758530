package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard/internal/channel/channeltest"
	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
	"switchyard/internal/store/storetest"
	"switchyard/test/peers"
)

// waitingTime is delivery_report_waiting_time, the least that the contract has.
const waitingTime = 10 * time.Second

// The gateway falls back, waits, retries and receives as it says, between
// programs that we did not write: SMS goes to a message centre on the npm
// package smpp, and every request to WhatsApp is held against the platform's
// published description. Each scene has an app of its own; they run at once,
// for some of them wait in real time.
func TestPeers(t *testing.T) {
	scenes := []struct {
		name string
		run  func(*peerScene)
	}{
		{"refusal falls back at once", refusal},
		{"silence falls back after the waiting time", silence},
		{"a failed receipt falls back", failedReceipt},
		{"throttling is waited out", throttling},
		{"a ttl that runs out ends the message without fallback", expiry},
		{"a lost answer is not sent again under WAIT", lostAnswerWait},
		{"a lost answer is sent again under RESEND", lostAnswerResend},
		{"people write", people},
	}
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) {
		peers.Dir(t)
		g := serve(t, engine.URL(t))
		for _, one := range scenes {
			t.Run(one.name, func(t *testing.T) {
				t.Parallel()
				one.run(newPeerScene(t, g))
			})
		}
	})
}

// peerScene is an app of a gateway with its providers and its customer.
type peerScene struct {
	t        testing.TB
	gateway  *gateway
	ledger   *ledger
	platform *graph.Server
	centre   nodeCentre
	app      string
	whatsapp object
	sms      object
}

func newPeerScene(t testing.TB, g *gateway) *peerScene {
	s := &peerScene{t: t, gateway: g, ledger: newLedger(t), centre: newNodeCentre(t)}
	s.platform, s.whatsapp = whatsApp(t, graph.Config{})
	checked := httptest.NewServer(channeltest.LoadSpec(t, "whatsapp-cloud-v23.json").Validate(t, s.platform))
	t.Cleanup(checked.Close)
	s.whatsapp["provider_url"] = checked.URL + "/v23.0"
	s.sms = smsCredential(fmt.Sprintf("127.0.0.1:%d", s.centre.SMPP), systemID)
	hook := httptest.NewServer(s.ledger)
	t.Cleanup(hook.Close)

	var app struct{ ID string }
	s.must(http.MethodPost, "apps", object{
		"display_name": t.Name(), "processing_mode": "CONVERSATION", "channel_credentials": []object{s.whatsapp, s.sms},
		"message_retry_settings":         object{"retry_duration": 30},
		"delivery_report_based_fallback": object{"enabled": true, "delivery_report_waiting_time": int(waitingTime.Seconds())},
	}, &app)
	s.app = app.ID
	s.platform.SetCallbackURL(g.api + "/channels/" + s.app + "/WHATSAPP")
	s.must(http.MethodPost, "webhooks", object{
		"app_id": s.app, "target": hook.URL, "target_type": "HTTP", "triggers": []string{"MESSAGE_DELIVERY", "MESSAGE_INBOUND"},
	}, nil)
	s.centre.bound(1)
	return s
}

func (s *peerScene) must(method, path string, body, into any) {
	s.t.Helper()
	on := *s.gateway
	on.t = s.t
	on.must(method, path, body, into)
}

// send sends a text over these channels and gives the message's id.
func (s *peerScene) send(number, text string, channels ...string) string {
	s.t.Helper()
	var identities []object
	for _, channel := range channels {
		identities = append(identities, object{"channel": channel, "identity": number})
	}
	var accepted struct {
		MessageID string `json:"message_id"`
	}
	s.must(http.MethodPost, "messages:send", object{
		"app_id": s.app, "recipient": object{"identified_by": object{"channel_identities": identities}},
		"message": object{"text_message": object{"text": text}},
	}, &accepted)
	return accepted.MessageID
}

// told waits until the customer has been told exactly this about a message:
// "CHANNEL STATUS" or "CHANNEL STATUS REASON" each.
func (s *peerScene) told(id string, want ...string) {
	s.t.Helper()
	var got []string
	until(s.t, 30*time.Second, func() bool {
		s.ledger.mu.Lock()
		defer s.ledger.mu.Unlock()
		got = got[:0]
		for _, e := range s.ledger.told[id] {
			got = append(got, strings.TrimSpace(e.channel+" "+e.kind+" "+e.reason))
		}
		return slices.Equal(got, want)
	}, func() string { return fmt.Sprintf("told %q, want %q", got, want) })
}

// until waits for something that takes real time.
func until(t testing.TB, limit time.Duration, done func() bool, otherwise func() string) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise())
		}
	}
}

func refusal(s *peerScene) {
	s.fault(fault.Fault{Kind: fault.Refuse, Code: 131026})
	id := s.send("46700000001", "refused", "WHATSAPP", "SMS")
	s.told(id, "WHATSAPP SWITCHING_CHANNEL RECIPIENT_NOT_REACHABLE", "SMS QUEUED_ON_CHANNEL")
	s.centre.receipt("46700000001", s.centre.id(1), "DELIVRD")
	s.told(id, "WHATSAPP SWITCHING_CHANNEL RECIPIENT_NOT_REACHABLE", "SMS QUEUED_ON_CHANNEL", "SMS DELIVERED")
}

func silence(s *peerScene) {
	s.fault(fault.Fault{Kind: fault.Silent})
	begin := time.Now()
	id := s.send("46700000002", "unheard", "WHATSAPP", "SMS")
	s.told(id, "WHATSAPP QUEUED_ON_CHANNEL", "WHATSAPP SWITCHING_CHANNEL DELIVERY_REPORT_TIME_OUT", "SMS QUEUED_ON_CHANNEL")
	if took := time.Since(begin); took < waitingTime || took > waitingTime+5*time.Second {
		s.t.Errorf("fell back after %s, want %s and a little", took, waitingTime)
	}
	s.centre.receipt("46700000002", s.centre.id(1), "DELIVRD")
	s.told(id, "WHATSAPP QUEUED_ON_CHANNEL", "WHATSAPP SWITCHING_CHANNEL DELIVERY_REPORT_TIME_OUT", "SMS QUEUED_ON_CHANNEL", "SMS DELIVERED")
}

func failedReceipt(s *peerScene) {
	id := s.send("46700000003", "smörgås 😀", "SMS", "WHATSAPP")
	s.told(id, "SMS QUEUED_ON_CHANNEL")
	s.centre.receipt("46700000003", s.centre.id(1), "UNDELIV")
	s.told(id, "SMS QUEUED_ON_CHANNEL", "SMS SWITCHING_CHANNEL RECIPIENT_NOT_REACHABLE",
		"WHATSAPP QUEUED_ON_CHANNEL", "WHATSAPP DELIVERED", "WHATSAPP READ")
}

func throttling(s *peerScene) {
	s.centre.statuses(88, 88, 88)
	id := s.send("46700000004", "patience", "SMS", "WHATSAPP")
	s.told(id, "SMS QUEUED_ON_CHANNEL")
	if got := len(s.centre.submits()); got != 4 {
		s.t.Errorf("%d submits, want 4", got)
	}
	s.centre.receipt("46700000004", s.centre.id(1), "DELIVRD")
	s.told(id, "SMS QUEUED_ON_CHANNEL", "SMS DELIVERED")
}

func expiry(s *peerScene) {
	s.centre.statuses(slices.Repeat([]any{88}, 20)...)
	var accepted struct {
		MessageID string `json:"message_id"`
	}
	s.must(http.MethodPost, "messages:send", object{
		"app_id": s.app, "ttl": "3s", "message": object{"text_message": object{"text": "too late"}},
		"recipient": object{"identified_by": object{"channel_identities": []object{
			{"channel": "SMS", "identity": "46700000008"}, {"channel": "WHATSAPP", "identity": "46700000008"},
		}}},
	}, &accepted)
	s.told(accepted.MessageID, "SMS FAILED MESSAGE_EXPIRED")
	if got := s.platform.Journal().Totals().Submitted; got != 0 {
		s.t.Errorf("%d submissions to the next channel, want none", got)
	}
}

// lostAnswer sends over SMS to a centre that breaks the connection in the place
// of an answer.
func (s *peerScene) lostAnswer(number string) (id string) {
	s.t.Helper()
	s.centre.statuses(nil)
	id = s.send(number, "in doubt", "SMS", "WHATSAPP")
	s.centre.submitted(1)
	s.centre.order("POST /drop", nil, nil)
	s.centre.bound(2)
	return id
}

func lostAnswerWait(s *peerScene) {
	id := s.lostAnswer("46700000005")
	other := s.send("46700000015", "after the reconnect", "SMS")
	s.told(other, "SMS QUEUED_ON_CHANNEL")
	s.told(id, "SMS SWITCHING_CHANNEL DELIVERY_REPORT_TIME_OUT", "WHATSAPP QUEUED_ON_CHANNEL", "WHATSAPP DELIVERED", "WHATSAPP READ")
	if got := s.centre.submits(); !slices.Equal(got, []string{"46700000005", "46700000015"}) {
		s.t.Errorf("submits to %q", got)
	}
}

func lostAnswerResend(s *peerScene) {
	s.sms["in_doubt_policy"] = "RESEND"
	s.must(http.MethodPatch, "apps/"+s.app, object{"channel_credentials": []object{s.whatsapp, s.sms}}, nil)
	s.centre.bound(2)
	s.centre.statuses(nil)
	id := s.send("46700000006", "in doubt", "SMS", "WHATSAPP")
	s.centre.submitted(1)
	s.centre.order("POST /drop", nil, nil)
	s.told(id, "SMS QUEUED_ON_CHANNEL")
	if got := s.centre.submits(); !slices.Equal(got, []string{"46700000006", "46700000006"}) {
		s.t.Errorf("submits to %q", got)
	}
}

func people(s *peerScene) {
	s.centre.order("POST /deliver", object{
		"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "46700000007", "destination_addr": "72323", "data_coding": 8,
		"hex": "0068006500a30020d83dde00", // "he£ 😀" in UCS-2
	}, nil)
	if _, err := s.platform.Inbound(graph.Inbound{From: "46700000007", Text: "ja <&> 😀"}); err != nil {
		s.t.Fatal(err)
	}
	forged := bytes.ReplaceAll([]byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",`+
		`"metadata":{"display_phone_number":"1","phone_number_id":"PHONE"},"contacts":[{"profile":{"name":"x"},"wa_id":"46700000007"}],`+
		`"messages":[{"id":"wamid.F","from":"46700000007","timestamp":"1750000000","type":"text","text":{"body":"forged"}}]}}]}]}`), []byte("PHONE"), []byte(phoneNumberID))
	for signature, want := range map[string]bool{graph.Signature("other", forged): false, graph.Signature(appSecret, forged): true} {
		s.post(forged, signature, want)
	}
	for _, text := range []string{"he£ 😀", "ja <&> 😀", "forged"} {
		until(s.t, 15*time.Second, func() bool {
			s.ledger.mu.Lock()
			defer s.ledger.mu.Unlock()
			return len(s.ledger.inbound[text]) == 1
		}, func() string { return fmt.Sprintf("the customer was not told of %q: %+v", text, s.ledger.inbound) })
	}
}

// post posts a webhook of WhatsApp with that signature.
func (s *peerScene) post(body []byte, signature string, taken bool) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.gateway.api+"/channels/"+s.app+"/WHATSAPP", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature-256", signature)
	res, err := s.gateway.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.StatusCode/100 == 2; got != taken {
		text, _ := io.ReadAll(res.Body)
		s.t.Errorf("a webhook with signature %s: status %d %s, want taken %t", signature, res.StatusCode, text, taken)
	}
}

func (s *peerScene) fault(f fault.Fault) {
	s.t.Helper()
	if err := s.platform.Faults().Add(f); err != nil {
		s.t.Fatal(err)
	}
}

// nodeCentre is a message centre of test/peers/smsc.js.
type nodeCentre struct {
	t       testing.TB
	SMPP    int `json:"smpp"`
	Control int `json:"control"`
}

func newNodeCentre(t testing.TB) nodeCentre {
	t.Helper()
	c := nodeCentre{t: t}
	ready := peers.Start(t, "smsc.js", "SYSTEM_ID="+systemID, "PASSWORD="+smppPassword)
	if err := json.Unmarshal([]byte(ready), &c); err != nil {
		t.Fatalf("%v in %s", err, ready)
	}
	return c
}

// order gives the centre an order like "POST /drop".
func (c nodeCentre) order(what string, body, into any) {
	c.t.Helper()
	method, path, _ := strings.Cut(what, " ")
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d%s", c.Control, path), bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: status %d, %v", what, res.StatusCode, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		c.t.Fatalf("%s: %v in %s", what, err, answer)
	}
}

// statuses are how the centre answers the next submits; nil is not at all.
func (c nodeCentre) statuses(list ...any) {
	c.t.Helper()
	c.order("POST /statuses", list, nil)
}

// id is that of the nth message that the centre has accepted.
func (c nodeCentre) id(n int) string { return fmt.Sprintf("%x", 0x1000+n) }

// receipt sends one as centres do that know the parameters of version 3.4.
func (c nodeCentre) receipt(number, id, stat string) {
	c.t.Helper()
	var answer struct{ Status int }
	c.order("POST /receipt", object{"id": id, "from": number, "to": "72323", "stat": stat, "tlv": true, "text": "-"}, &answer)
	if answer.Status != 0 {
		c.t.Errorf("the receipt for %s was answered with %d", id, answer.Status)
	}
}

type nodePDU struct {
	Command     string `json:"command"`
	Destination string `json:"destination_addr"`
}

func (c nodeCentre) log(command string) (list []nodePDU) {
	c.t.Helper()
	c.order("GET /log", nil, &list)
	return slices.DeleteFunc(list, func(p nodePDU) bool { return p.Command != command })
}

// submits gives the recipients of all submits.
func (c nodeCentre) submits() (list []string) {
	c.t.Helper()
	for _, p := range c.log("submit_sm") {
		list = append(list, p.Destination)
	}
	return list
}

// submitted waits for the nth submit.
func (c nodeCentre) submitted(n int) {
	c.t.Helper()
	until(c.t, 15*time.Second, func() bool { return len(c.submits()) >= n }, func() string { return fmt.Sprintf("no submit number %d", n) })
}

// bound waits for the nth bind.
func (c nodeCentre) bound(n int) {
	c.t.Helper()
	until(c.t, 15*time.Second, func() bool { return len(c.log("bind_transceiver")) >= n }, func() string { return fmt.Sprintf("no bind number %d", n) })
}
