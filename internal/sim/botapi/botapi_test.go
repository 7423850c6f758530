package botapi_test

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

	"switchyard/internal/sim/botapi"
	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
)

const token = "123456:ABC"

// call makes one call without a network and gives the answer, or "dropped".
func call(s *botapi.Server, path, body string) (answer string) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			answer = "dropped"
		} else if p != nil {
			panic(p)
		}
	}()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String()))
}

func newServer(t *testing.T, c botapi.Config) *botapi.Server {
	t.Helper()
	c.Token = token
	s, err := botapi.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What the platform refuses, this refuses, in the platform's words.
func TestValidation(t *testing.T) {
	s := newServer(t, botapi.Config{})
	defer s.Close()
	text := func(text string) string { return `{"chat_id":42,"text":"` + text + `"}` }
	keyed := func(button string) string {
		return `{"chat_id":42,"text":"a","reply_markup":{"inline_keyboard":[[` + button + `]]}}`
	}
	tests := []struct{ name, path, body, want string }{
		{"good", "/bot" + token + "/sendMessage", text("a"), `200 {"ok":true,`},
		{"longest", "/bot" + token + "/sendMessage", text(strings.Repeat("å", 4096)), `200 `},
		{"photo", "/bot" + token + "/sendPhoto", `{"chat_id":"42","photo":"https://a.test/b.png"}`, `200 `},
		{"long caption", "/bot" + token + "/sendPhoto", `{"chat_id":42,"photo":"https://a.test/b.png","caption":"` + strings.Repeat("å", 1025) + `"}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: message caption is too long"}`},
		{"bad file", "/bot" + token + "/sendPhoto", `{"chat_id":42,"photo":"ftp://a"}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: wrong file identifier`},
		{"bold", "/bot" + token + "/sendMessage", `{"chat_id":42,"text":"😀a","entities":[{"type":"bold","offset":0,"length":3}]}`, `200 `},
		{"bold beyond the end", "/bot" + token + "/sendMessage", `{"chat_id":42,"text":"😀a","entities":[{"type":"bold","offset":0,"length":4}]}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: can't parse entities`},
		{"keyboard", "/bot" + token + "/sendMessage", keyed(`{"text":"a","callback_data":"` + strings.Repeat("x", 64) + `"}`), `200 `},
		{"long data", "/bot" + token + "/sendMessage", keyed(`{"text":"a","callback_data":"` + strings.Repeat("x", 65) + `"}`), `400 {"ok":false,"error_code":400,"description":"Bad Request: BUTTON_DATA_INVALID"}`},
		{"telephone button", "/bot" + token + "/sendMessage", keyed(`{"text":"a","url":"tel:+47"}`), `400 {"ok":false,"error_code":400,"description":"Bad Request: BUTTON_URL_INVALID"}`},
		{"idle button", "/bot" + token + "/sendMessage", keyed(`{"text":"a"}`), `400 {"ok":false,"error_code":400,"description":"Bad Request: can't parse inline keyboard button`},
		{"venue", "/bot" + token + "/sendVenue", `{"chat_id":42,"latitude":1,"longitude":2,"title":"a","address":"b"}`, `200 `},
		{"venue nowhere", "/bot" + token + "/sendVenue", `{"chat_id":42,"latitude":91,"longitude":2,"title":"a","address":"b"}`, `400 `},
		{"answer to nothing", "/bot" + token + "/sendMessage", `{"chat_id":42,"text":"a","reply_parameters":{"message_id":9000}}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: message to be replied not found"}`},
		{"answer to nothing, anyway", "/bot" + token + "/sendMessage", `{"chat_id":42,"text":"a","reply_parameters":{"message_id":9000,"allow_sending_without_reply":true}}`, `200 `},
		{"me", "/bot" + token + "/getMe", ``, `200 {"ok":true,"result":{"first_name":"Simulated Bot","id":123456,`},
		{"too long", "/bot" + token + "/sendMessage", text(strings.Repeat("å", 4097)), `400 {"ok":false,"error_code":400,"description":"Bad Request: message is too long"}`},
		{"empty", "/bot" + token + "/sendMessage", text(""), `400 {"ok":false,"error_code":400,"description":"Bad Request: message text is empty"}`},
		{"no text", "/bot" + token + "/sendMessage", `{"chat_id":42}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: message text is empty"}`},
		{"no chat", "/bot" + token + "/sendMessage", `{"text":"a"}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: chat_id is empty"}`},
		{"no photo", "/bot" + token + "/sendPhoto", `{"chat_id":42}`, `400 `},
		{"unknown chat", "/bot" + token + "/sendMessage", `{"chat_id":"someone","text":"a"}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`},
		{"not JSON", "/bot" + token + "/sendMessage", `{`, `400 `},
		{"wrong token", "/bot1:x/sendMessage", text("a"), `401 {"ok":false,"error_code":401,"description":"Unauthorized"}`},
		{"no token", "/botx/sendMessage", text("a"), `404 {"ok":false,"error_code":404,"description":"Not Found"}`},
		{"typing", "/bot" + token + "/sendChatAction", `{"chat_id":42,"action":"typing"}`, `200 {"ok":true,"result":true}`},
		{"typing nowhere", "/bot" + token + "/sendChatAction", `{"chat_id":"someone","action":"typing"}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`},
		{"chat", "/bot" + token + "/getChat", `{"chat_id":42}`, `200 {"ok":true,"result":{`},
		{"no such chat", "/bot" + token + "/getChat", `{"chat_id":"someone"}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`},
		{"unknown action", "/bot" + token + "/sendChatAction", `{"chat_id":42,"action":"dancing"}`, `400 {"ok":false,"error_code":400,"description":"Bad Request: wrong parameter action in request"}`},
		{"unknown method", "/bot" + token + "/sendHologram", text("a"), `404 `},
		{"bad secret", "/bot" + token + "/setWebhook", `{"url":"https://a.test","secret_token":"a b"}`, `400 `},
		{"bad URL", "/bot" + token + "/setWebhook", `{"url":"ftp://a.test"}`, `400 `},
	}
	for _, tt := range tests {
		if got := call(s, tt.path, tt.body); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s…", tt.name, got, tt.want)
		}
	}
}

// What each fault does, seen from outside, and what the journal counts.
func TestFaults(t *testing.T) {
	tests := []struct {
		fault    fault.Fault
		answer   string
		after    time.Duration
		accepted bool
	}{
		{fault.Fault{Kind: fault.Refuse, Code: 403, Words: "Forbidden: bot was blocked by the user"}, `403 {"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}`, 0, false},
		{fault.Fault{Kind: fault.Throttle, RetryAfter: 4}, `429 {"ok":false,"error_code":429,"description":"Too Many Requests: retry after 4","parameters":{"retry_after":4}}`, 0, false},
		{fault.Fault{Kind: fault.Status, Code: 502}, `502 `, 0, false},
		{fault.Fault{Kind: fault.DropBefore}, `dropped`, 0, false},
		{fault.Fault{Kind: fault.DropAfter}, `dropped`, 0, true},
		{fault.Fault{Kind: fault.Slow, DelayMS: 2000}, `200 {"ok":true`, 2 * time.Second, true},
		{fault.Fault{Kind: fault.Silent}, `200 {"ok":true`, 0, true},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, botapi.Config{Faults: []fault.Fault{tt.fault}})
				start := time.Now()
				if got := call(s, "/bot"+token+"/sendMessage", `{"chat_id":42,"text":"a"}`); !strings.HasPrefix(got, tt.answer) {
					t.Errorf("answer %s, want %s…", got, tt.answer)
				}
				if took := time.Since(start); took != tt.after {
					t.Errorf("answered after %v, want %v", took, tt.after)
				}
				s.Close()
				want := journal.Totals{Submitted: 1}
				if tt.accepted {
					want.Accepted = 1
				}
				if got := s.Journal().Totals(); got != want || s.Journal().Recipient("42") != int(want.Accepted) || s.Journal().Text("a") != int(want.Accepted) {
					t.Errorf("totals %+v, want %+v", got, want)
				}
			})
		})
	}
}

func updates(t *testing.T, s *botapi.Server, params string) []int64 {
	t.Helper()
	answer := call(s, "/bot"+token+"/getUpdates", params)
	body, ok := strings.CutPrefix(answer, "200 ")
	if !ok {
		t.Fatal(answer)
	}
	var got struct {
		Result []struct {
			ID int64 `json:"update_id"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, u := range got.Result {
		ids = append(ids, u.ID)
	}
	return ids
}

// Updates stay until a higher offset confirms them; a poll waits for one to
// come, alone, and only as long as it said.
func TestPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, botapi.Config{})
		defer s.Close()
		for _, text := range []string{"a", "b", "c"} {
			if _, err := s.Inbound(botapi.Inbound{ChatID: 42, Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		for params, want := range map[string]string{`{"limit":2}`: "[1 2]", `{}`: "[1 2 3]"} {
			if got := fmt.Sprint(updates(t, s, params)); got != want {
				t.Errorf("%s: %s, want %s", params, got, want)
			}
		}
		if got := fmt.Sprint(updates(t, s, `{"offset":3}`)); got != "[3]" {
			t.Errorf("after the confirmation of 2: %s", got)
		}
		start := time.Now()
		if got := updates(t, s, `{"offset":4,"timeout":25}`); len(got) != 0 || time.Since(start) != 25*time.Second {
			t.Errorf("%v after %v", got, time.Since(start))
		}
		got := make(chan []int64)
		go func() { got <- updates(t, s, `{"offset":4,"timeout":25,"allowed_updates":["message"]}`) }()
		synctest.Wait()
		if answer := call(s, "/bot"+token+"/getUpdates", `{}`); !strings.HasPrefix(answer, "409 ") {
			t.Errorf("a second poll: %s", answer)
		}
		for _, in := range []botapi.Inbound{{ChatID: 42, Update: map[string]any{"message_reaction": map[string]any{}}}, {ChatID: 42, Text: "d"}} {
			if _, err := s.Inbound(in); err != nil {
				t.Fatal(err)
			}
		}
		// The reaction has number 4 and was not asked for.
		if ids := fmt.Sprint(<-got); ids != "[5]" {
			t.Errorf("the waiting poll: %s", ids)
		}
	})
}

// What waited when a webhook is set goes there, with the secret, and polls are
// refused.
func TestWebhook(t *testing.T) {
	posts := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posts <- r.Header.Get("X-Telegram-Bot-Api-Secret-Token") + " " + string(body)
	}))
	defer hook.Close()
	s := newServer(t, botapi.Config{})
	defer s.Close()
	if _, err := s.Inbound(botapi.Inbound{ChatID: 42, Text: "waited"}); err != nil {
		t.Fatal(err)
	}
	if answer := call(s, "/bot"+token+"/setWebhook", `{"url":"`+hook.URL+`","secret_token":"s3"}`); answer != `200 {"ok":true,"result":true}` {
		t.Fatal(answer)
	}
	if got := <-posts; !strings.HasPrefix(got, `s3 {"message":`) || !strings.Contains(got, `"text":"waited"`) {
		t.Errorf("posted %s", got)
	}
	if answer := call(s, "/bot"+token+"/getUpdates", `{}`); !strings.HasPrefix(answer, "409 ") {
		t.Errorf("a poll beside the webhook: %s", answer)
	}
}

// The control over HTTP makes updates and refuses what would do nothing.
func TestControl(t *testing.T) {
	s := newServer(t, botapi.Config{})
	defer s.Close()
	for body, want := range map[string]string{
		`{"chat_id":42,"text":"a"}`:                 `200 {"update_id":1}`,
		`{"chat_id":42}`:                            `400 `,
		`{"chat_id":42,"txt":"a"}`:                  `400 `,
		`{"chat_id":42,"update":{"a":{},"b":{}}}`:   `400 `,
		`{"chat_id":42,"update":{"update_id":"x",}`: `400 `,
	} {
		if got := call(s, "/_sim/inbound", body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	if got := call(s, "/_sim/faults", `{"kind":"throttle"}`); !strings.HasPrefix(got, "200 ") {
		t.Error(got)
	}
	if got := call(s, "/bot"+token+"/sendMessage", `{"chat_id":42,"text":"a"}`); !strings.HasPrefix(got, "429 ") {
		t.Errorf("the fault does nothing: %s", got)
	}
}
