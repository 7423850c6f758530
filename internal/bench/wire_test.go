package bench

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The load's own client against net/http's server.
func TestExchangeWithNetHTTP(t *testing.T) {
	var got string
	url, stop, err := listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = r.Header.Get("X-Test") + " " + r.URL.Path + " " + string(body)
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, "later")
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c, err := dialConn(t.Context(), strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := newShape("/a", "X-Test: yes\r\n", `{"n":`+gap(1, 5)+`,"w":"`+gap(2, 3)+`"}`)
	for range 2 { // the connection is kept
		s.render(c)
		s.number(c, 1, 42)
		s.word(c, 2, "abc")
		status, err := c.exchange()
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusTooManyRequests || string(c.body) != "later" || c.retryAfter != "5" {
			t.Errorf("%d %q, Retry-After %q", status, c.body, c.retryAfter)
		}
		if want := `yes /a {"n":00042,"w":"abc"}`; got != want {
			t.Errorf("the server got %q, want %q", got, want)
		}
	}
}

// The endpoint's own server against net/http's client.
func TestServeNetHTTP(t *testing.T) {
	s := newSink(nil)
	address, stop, err := serve(s.answer)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	client := newClient(1)
	defer client.CloseIdleConnections()
	post := func(body string, want int) {
		t.Helper()
		res, err := client.Post("http://"+address+"/hook", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s, want %d", body, res.Status, want)
		}
	}
	post(`{"message_delivery_report":{"message_id":"1","status":"DELIVERED"}}`, http.StatusOK)
	post(`{"message_delivery_report":{"message_id":"1","status":"FAILED"}}`, http.StatusOK)
	s.state.Store(down)
	post(`{}`, http.StatusServiceUnavailable)
	if s.callbacks.Load() != 2 || s.delivered.Load() != 1 || s.failed.Load() != 1 {
		t.Errorf("%d callbacks, %d delivered, %d failed", s.callbacks.Load(), s.delivered.Load(), s.failed.Load())
	}
}
