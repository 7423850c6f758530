package graph_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/internal/channel/channeltest"
	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
	"switchyard/internal/sim/journal"
)

func submit(t *testing.T, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func textTo(to, id string) string {
	return `{"messaging_product":"whatsapp","to":"` + to + `","type":"text","text":{"body":"hello ` + id + `"},"biz_opaque_callback_data":"` + id + `"}`
}

// What the platform refuses, this refuses, with the platform's code.
func TestValidation(t *testing.T) {
	s, base := serve(t, graph.Config{})
	good := textTo("46700000001", "m")
	posted, err := s.Inbound(graph.Inbound{From: "46700000001", Text: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	seen := func(id, more string) string {
		return `{"messaging_product":"whatsapp","status":"read","message_id":"` + id + `"` + more + `}`
	}
	long := strings.Repeat("å", 4097)
	tests := []struct {
		name, path, token, body string
		status, code            int
	}{
		{"good", "/v23.0/1000/messages", "TOKEN", good, 200, 0},
		{"good, no version", "/1000/messages", "TOKEN", good, 200, 0},
		{"longest text", "/v23.0/1000/messages", "TOKEN", strings.Replace(good, "hello m", long[2:], 1), 200, 0},
		{"user id", "/v23.0/1000/messages", "TOKEN", strings.Replace(good, `"to":"46700000001"`, `"recipient":"US.134"`, 1), 200, 0},
		{"image", "/v23.0/1000/messages", "TOKEN", `{"messaging_product":"whatsapp","to":"46700000001","type":"image","image":{"link":"https://a.test/b.png"}}`, 200, 0},
		{"image by ftp", "/v23.0/1000/messages", "TOKEN", of("image", `{"link":"ftp://a.test/b.png"}`), 400, 131009},
		{"captioned audio", "/v23.0/1000/messages", "TOKEN", of("audio", `{"link":"https://a.test/b.mp3","caption":"a"}`), 400, 131009},
		{"location", "/v23.0/1000/messages", "TOKEN", of("location", `{"latitude":"1.5","longitude":2}`), 200, 0},
		{"location nowhere", "/v23.0/1000/messages", "TOKEN", of("location", `{"latitude":"91","longitude":2}`), 400, 131009},
		{"contact", "/v23.0/1000/messages", "TOKEN", of("contacts", `[{"name":{"formatted_name":"A","first_name":"A"},"phones":[{"phone":"+47"}]}]`), 200, 0},
		{"half a name", "/v23.0/1000/messages", "TOKEN", of("contacts", `[{"name":{"formatted_name":"A"}}]`), 400, 131008},
		{"buttons", "/v23.0/1000/messages", "TOKEN", buttons("Yes", "No"), 200, 0},
		{"four buttons", "/v23.0/1000/messages", "TOKEN", buttons("1", "2", "3", "4"), 400, 131009},
		{"long button", "/v23.0/1000/messages", "TOKEN", buttons(strings.Repeat("x", 21)), 400, 131009},
		{"twin buttons", "/v23.0/1000/messages", "TOKEN", buttons("Yes", "Yes"), 400, 131009},
		{"list", "/v23.0/1000/messages", "TOKEN", rows(10), 200, 0},
		{"long list", "/v23.0/1000/messages", "TOKEN", rows(11), 400, 131009},
		{"unknown action", "/v23.0/1000/messages", "TOKEN", of("interactive", `{"type":"cta_url","body":{"text":"a"},"action":{"name":"flow","parameters":{}}}`), 400, 131009},
		{"template", "/v23.0/1000/messages", "TOKEN", of("template", `{"name":"a","language":{"code":"en"},"components":[{"type":"body","parameters":[{"type":"text","text":"x"}]}]}`), 200, 0},
		{"template without language", "/v23.0/1000/messages", "TOKEN", of("template", `{"name":"a"}`), 400, 131008},
		{"button of a template without index", "/v23.0/1000/messages", "TOKEN", of("template", `{"name":"a","language":{"code":"en"},"components":[{"type":"button","sub_type":"url"}]}`), 400, 131009},
		{"answer", "/v23.0/1000/messages", "TOKEN", strings.Replace(good, "{", `{"context":{"message_id":"wamid.1"},`, 1), 200, 0},
		{"answer to nothing", "/v23.0/1000/messages", "TOKEN", strings.Replace(good, "{", `{"context":{},`, 1), 400, 131009},
		{"read", "/v23.0/1000/messages", "TOKEN", seen(posted, ""), 200, 0},
		{"typing", "/v23.0/1000/messages", "TOKEN", seen(posted, `,"typing_indicator":{"type":"text"}`), 200, 0},
		{"another sign", "/v23.0/1000/messages", "TOKEN", seen(posted, `,"typing_indicator":{"type":"audio"}`), 400, 100},
		{"read, never posted", "/v23.0/1000/messages", "TOKEN", seen("wamid.1", ""), 400, 131009},
		{"wrong token", "/v23.0/1000/messages", "TOKEX", good, 401, 190},
		{"other number", "/v23.0/1001/messages", "TOKEN", good, 400, 100},
		{"not JSON", "/v23.0/1000/messages", "TOKEN", `{`, 400, 100},
		{"no product", "/v23.0/1000/messages", "TOKEN", `{"to":"46700000001","type":"text","text":{"body":"x"}}`, 400, 100},
		{"no recipient", "/v23.0/1000/messages", "TOKEN", strings.Replace(good, `"to":"46700000001",`, "", 1), 400, 100},
		{"user id in to", "/v23.0/1000/messages", "TOKEN", textTo("US.134", "m"), 400, 131009},
		{"no body", "/v23.0/1000/messages", "TOKEN", `{"messaging_product":"whatsapp","to":"46700000001","type":"text"}`, 400, 131008},
		{"empty text", "/v23.0/1000/messages", "TOKEN", strings.Replace(good, "hello m", "", 1), 400, 131008},
		{"long text", "/v23.0/1000/messages", "TOKEN", strings.Replace(good, "hello m", long, 1), 400, 100},
		{"unknown type", "/v23.0/1000/messages", "TOKEN", `{"messaging_product":"whatsapp","to":"46700000001","type":"hologram"}`, 400, 131009},
		{"long reference", "/v23.0/1000/messages", "TOKEN", textTo("46700000001", strings.Repeat("x", 513)), 400, 131009},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := submit(t, base+tt.path, tt.token, tt.body)
			var body struct {
				Error struct {
					Code int `json:"code"`
				} `json:"error"`
			}
			if err := json.Unmarshal([]byte(answer), &body); err != nil {
				t.Fatal(err)
			}
			if status != tt.status || body.Error.Code != tt.code {
				t.Errorf("%d %s, want %d and code %d", status, answer, tt.status, tt.code)
			}
		})
	}
}

// of is a message of a type.
func of(kind, content string) string {
	return `{"messaging_product":"whatsapp","to":"46700000001","type":"` + kind + `","` + kind + `":` + content + `}`
}

// buttons is a message with reply buttons.
func buttons(titles ...string) string {
	var all []string
	for i, title := range titles {
		all = append(all, fmt.Sprintf(`{"type":"reply","reply":{"id":"%d","title":%q}}`, i, title))
	}
	return of("interactive", `{"type":"button","body":{"text":"a"},"action":{"buttons":[`+strings.Join(all, ",")+`]}}`)
}

// rows is a message with a list.
func rows(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"id":"%d","title":"row"}`, i))
	}
	return of("interactive", `{"type":"list","body":{"text":"a"},"action":{"button":"Menu","sections":[{"rows":[`+strings.Join(all, ",")+`]}]}}`)
}

// inMemory carries requests to handlers by host name without a network, so that
// a simulation runs in a bubble of fake time.
type inMemory map[string]http.Handler

func (m inMemory) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			err = io.ErrUnexpectedEOF
		} else if p != nil {
			panic(p)
		}
	}()
	w := httptest.NewRecorder()
	m[r.URL.Host].ServeHTTP(w, r)
	return w.Result(), nil
}

// What each fault does, seen from outside: the answer, the reports with their
// times, and what the journal counts.
func TestFaults(t *testing.T) {
	const usual = "5ms sent, 10ms delivered, 15ms read"
	tests := []struct {
		fault    fault.Fault
		answer   string // its status, code and time
		reports  string
		accepted bool
	}{
		{fault.Fault{}, "200 0 0s", usual, true},
		{fault.Fault{Kind: fault.Refuse, Code: 131047}, "400 131047 0s", "", false},
		{fault.Fault{Kind: fault.Fail, Code: 131026}, "200 0 0s", "5ms failed 131026", true},
		{fault.Fault{Kind: fault.Silent}, "200 0 0s", "", true},
		{fault.Fault{Kind: fault.Late, DelayMS: 60_000}, "200 0 0s", "1m0.005s sent, 1m0.01s delivered, 1m0.015s read", true},
		{fault.Fault{Kind: fault.Twice}, "200 0 0s", "5ms sent, 10ms sent, 15ms delivered, 20ms delivered, 25ms read, 30ms read", true},
		{fault.Fault{Kind: fault.Disorder}, "200 0 0s", "5ms read, 10ms delivered, 15ms sent", true},
		{fault.Fault{Kind: fault.Early}, "200 0 0s", "0s sent, 0s delivered, 0s read", true},
		{fault.Fault{Kind: fault.Throttle, RetryAfter: 3}, "429 130429 0s", "", false},
		{fault.Fault{Kind: fault.DropBefore}, "dropped 0s", "", false},
		{fault.Fault{Kind: fault.DropAfter}, "dropped 0s", usual, true},
		{fault.Fault{Kind: fault.Slow, DelayMS: 2000}, "200 0 2s", usual, true},
		{fault.Fault{Kind: fault.Status, Code: 502}, "502 0 0s", "", false},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var reports []string
				hook := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					reports = append(reports, time.Since(start).String()+" "+readStatus(t, r))
				})
				net := inMemory{"gateway.test": hook}
				s, err := graph.New(graph.Config{PhoneNumberID: "1", AccessToken: "TOKEN", CallbackURL: "http://gateway.test/hook", Client: &http.Client{Transport: net}})
				if err != nil {
					t.Fatal(err)
				}
				net["graph.test"] = s
				if tt.fault.Kind != fault.None {
					if err := s.Faults().Add(tt.fault); err != nil {
						t.Fatal(err)
					}
				}
				if got := exchange(t, net) + " " + time.Since(start).String(); got != tt.answer {
					t.Errorf("answer %s, want %s", got, tt.answer)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				s.Close()
				if got := strings.Join(reports, ", "); got != tt.reports {
					t.Errorf("reports %s, want %s", got, tt.reports)
				}
				want := journal.Totals{Submitted: 1}
				if tt.accepted {
					want.Accepted = 1
				}
				if got := s.Journal().Totals(); got != want || (s.Journal().MessageID("m1") == 1) != tt.accepted {
					t.Errorf("totals %+v, want %+v", got, want)
				}
			})
		})
	}
}

// exchange submits one message and gives status and code of the answer.
func exchange(t *testing.T, net inMemory) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://graph.test/v23.0/1/messages", strings.NewReader(textTo("46700000001", "m1")))
	r.Header.Set("Authorization", "Bearer TOKEN")
	res, err := net.RoundTrip(r)
	if err != nil {
		return "dropped"
	}
	defer res.Body.Close()
	var body struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if want := map[int]string{429: "3"}[res.StatusCode]; res.Header.Get("Retry-After") != want {
		t.Errorf("Retry-After %q, want %q", res.Header.Get("Retry-After"), want)
	}
	return fmt.Sprint(res.StatusCode, body.Error.Code)
}

// readStatus gives a webhook's status and its error's code.
func readStatus(t *testing.T, r *http.Request) string {
	t.Helper()
	var body struct {
		Entry []struct {
			Changes []struct {
				Value struct {
					Statuses []struct {
						Status string `json:"status"`
						Opaque string `json:"biz_opaque_callback_data"`
						Errors []struct {
							Code int `json:"code"`
						} `json:"errors"`
					} `json:"statuses"`
				} `json:"value"`
			} `json:"changes"`
		} `json:"entry"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	st := body.Entry[0].Changes[0].Value.Statuses[0]
	if st.Opaque != "m1" {
		t.Errorf("the message id comes back as %q", st.Opaque)
	}
	if len(st.Errors) > 0 {
		return fmt.Sprint(st.Status, " ", st.Errors[0].Code)
	}
	return st.Status
}

// Reports have the form of Meta's own description. Its form of inbound messages
// is that of outbound ones and refuses its own examples, so those are left to
// the peer.
func TestReportsAsDescribed(t *testing.T) {
	spec := channeltest.LoadSpec(t, "whatsapp-cloud-v23.json")
	done := make(chan struct{}, 10)
	hook := httptest.NewServer(spec.Validate(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { done <- struct{}{} })))
	defer hook.Close()
	_, base := serve(t, graph.Config{
		CallbackURL: hook.URL + "/whatsapp/webhooks",
		Faults:      []fault.Fault{{To: "46700000002", Kind: fault.Fail, Code: 131026}},
	})
	for _, to := range []string{"46700000001", "46700000002"} {
		if status, answer := submit(t, base+"/v23.0/1000/messages", "TOKEN", textTo(to, "m")); status != 200 {
			t.Fatal(answer)
		}
	}
	for range 3 + 1 { // sent, delivered, read; failed
		<-done
	}
}

// The table for people has a valid fault for every number that it promises.
func TestNumberFaults(t *testing.T) {
	s, base := serve(t, graph.Config{Faults: graph.NumberFaults()})
	for number, want := range map[string]string{"46700131026": `"code":131026`, "46701131047": `"wamid`, "46700000001": `"wamid`} {
		if _, answer := submit(t, base+"/v23.0/1000/messages", "TOKEN", textTo(number, number)); !strings.Contains(answer, want) {
			t.Errorf("%s: %s, want %s", number, answer, want)
		}
	}
	if got := s.Journal().Totals(); got.Submitted != 3 || got.Accepted != 2 {
		t.Errorf("totals %+v", got)
	}
}

// The control over HTTP does what the methods do, and refuses what would do
// nothing.
func TestControl(t *testing.T) {
	hook, posts := inbox(t)
	_, base := serve(t, graph.Config{CallbackURL: hook})
	for _, tt := range []struct {
		path, body string
		status     int
		posted     string
	}{
		{"/_sim/inbound", `{"from":"46700000001","text":"hi"}`, 200, `"body":"hi"`},
		{"/_sim/inbound", `{"from":"US.134","message":{"type":"button","button":{"payload":"p","text":"t"}}}`, 200, `"from_user_id":"US.134"`},
		{"/_sim/notify", `{"field":"phone_number_quality_update","value":{"event":"FLAGGED"}}`, 200, `"field":"phone_number_quality_update"`},
		{"/_sim/inbound", `{"from":"someone","text":"hi"}`, 400, ""},
		{"/_sim/inbound", `{"from":"46700000001"}`, 400, ""},
		{"/_sim/inbound", `{"from":"46700000001","txt":"hi"}`, 400, ""},
		{"/_sim/notify", `{"field":"x"}`, 400, ""},
		{"/_sim/faults", `{"kind":"refuse","code":131047,"to":"46700000009","times":1}`, 200, ""},
	} {
		if status, answer := submit(t, base+tt.path, "", tt.body); status != tt.status {
			t.Errorf("%s %s: %d %s", tt.path, tt.body, status, answer)
		}
		if tt.posted == "" {
			continue
		}
		if p := <-posts; !strings.Contains(p.Body, tt.posted) || p.Signature != graph.Signature("app-secret", []byte(p.Body)) {
			t.Errorf("posted %s with %s", p.Body, p.Signature)
		}
	}
	if status, answer := submit(t, base+"/v23.0/1000/messages", "TOKEN", textTo("46700000009", "m")); status != 400 || !strings.Contains(answer, "131047") {
		t.Errorf("the fault does nothing: %d %s", status, answer)
	}
}
