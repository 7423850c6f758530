package inbox_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/inbox"
	"switchyard/internal/webhook"
)

const report = `{"app_id":"A","project_id":"P","accepted_time":"2026-03-01T10:00:00Z","message_delivery_report":{"message_id":"01M81T9NXV000G89J52EGYR54X","conversation_id":"V","status":"SWITCHING_CHANNEL","channel_identity":{"channel":"WHATSAPP","identity":"46700000001","app_id":""},"contact_id":"C","reason":{"code":"RECIPIENT_NOT_REACHABLE","description":"not a user","sub_code":"UNSPECIFIED_SUB_CODE"},"metadata":"","processing_mode":"CONVERSATION"},"message_metadata":"","correlation_id":""}`

// post gives an inbox one body and returns the answer's status.
func post(i *inbox.Inbox, body string, header ...string) int {
	r := httptest.NewRequest(http.MethodPost, "/any/path", strings.NewReader(body))
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w.Code
}

// printed is what comes of one callback, without the time.
func printed(t *testing.T, c inbox.Config, body string, header ...string) string {
	t.Helper()
	var out bytes.Buffer
	c.Out = &out
	post(inbox.New(c), body, header...)
	_, afterTime, found := strings.Cut(out.String(), "  ")
	if !found && c.Form != inbox.JSON {
		t.Fatalf("no time in %q", out.String())
	}
	return afterTime
}

func TestLines(t *testing.T) {
	const envelope = `{"app_id":"A","project_id":"P","accepted_time":"2026-03-01T10:00:00Z",`
	for name, test := range map[string]struct{ body, want string }{
		"report with a reason": {report,
			"MESSAGE_DELIVERY    WHATSAPP SWITCHING_CHANNEL  …2EGYR54X  unchecked   RECIPIENT_NOT_REACHABLE: not a user\n"},
		"report": {envelope + `"message_delivery_report":{"message_id":"M1","status":"DELIVERED","channel_identity":{"channel":"SMS","identity":"1"}}}`,
			"MESSAGE_DELIVERY    SMS DELIVERED               M1         unchecked\n"},
		"submit": {envelope + `"message_submit_notification":{"message_id":"M1","channel_identity":{"channel":"SMS","identity":"46700000001"}}}`,
			"MESSAGE_SUBMIT      SMS                         M1         unchecked   to 46700000001\n"},
		"inbound text": {envelope + `"message":{"id":"M1","contact_message":{"text_message":{"text":"yes\n\u001b[2Jplease"}},"channel_identity":{"channel":"SMS","identity":"467"}}}`,
			"MESSAGE_INBOUND     SMS                         M1         unchecked   from 467: yes  [2Jplease\n"},
		"inbound place": {envelope + `"message":{"id":"M1","contact_message":{"location_message":{"coordinates":{"latitude":1,"longitude":2}}},"channel_identity":{"channel":"SMS","identity":"467"}}}`,
			"MESSAGE_INBOUND     SMS                         M1         unchecked   from 467: (location)\n"},
		"conversation": {envelope + `"conversation_start_notification":{"conversation":{"id":"V1","contact_id":"C1","active_channel":"SMS"}}}`,
			"CONVERSATION_START  SMS                         V1         unchecked   with contact C1\n"},
		"contact": {envelope + `"contact_update_notification":{"contact":{"id":"C1","display_name":"Ada"}}}`,
			"CONTACT_UPDATE                                  C1         unchecked   Ada\n"},
		"opt-out": {envelope + `"opt_out_notification":{"channel":"SMS","identity":"467","status":"OPT_OUT_SUCCEEDED"}}`,
			"OPT_OUT             SMS OPT_OUT_SUCCEEDED                  unchecked   467\n"},
		"of another kind": {envelope + `"channel_event_notification":{}}`,
			"CHANNEL_EVENT                                              unchecked\n"},
		"no event": {envelope + `"message_metadata":""}`,
			"?                                                          unchecked\n"},
		"no callback": {`hello`,
			"?                                                          unchecked   not a callback: \"hello\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, printed(t, inbox.Config{}, test.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the gateway's poster signs is right under the same secret only.
func TestSignature(t *testing.T) {
	for name, test := range map[string]struct{ signed, known, want string }{
		"right":      {"s1", "s1", " right "},
		"wrong":      {"s1", "s2", " WRONG "},
		"missing":    {"", "s1", " MISSING "},
		"not looked": {"s1", "", " unchecked "},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			server := httptest.NewServer(inbox.New(inbox.Config{Secret: convapi.Secret(test.known), Out: &out}))
			poster := webhook.New(webhook.Config{AllowPrivate: true})
			outcome := poster.Post(t.Context(), webhook.Request{Target: server.URL, Secret: convapi.Secret(test.signed), ID: "1", Body: []byte(report)})
			poster.Close()
			server.Close()
			if outcome.Class != webhook.Delivered {
				t.Errorf("outcome %+v", outcome)
			}
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("no %q in %q", test.want, out.String())
			}
		})
	}
}

func TestForms(t *testing.T) {
	var out bytes.Buffer
	post(inbox.New(inbox.Config{Form: inbox.JSON, Out: &out}), "{\"a\":\n1}")
	if diff := cmp.Diff("{\"a\":1}\n", out.String()); diff != "" {
		t.Error(diff)
	}
	want := "?                                                          unchecked\n    {\n      \"a\": 1\n    }\n\n"
	if diff := cmp.Diff(want, printed(t, inbox.Config{Form: inbox.Pretty}, `{"a":1}`)); diff != "" {
		t.Error(diff)
	}
}

func TestAttemptsAreCounted(t *testing.T) {
	var out bytes.Buffer
	i := inbox.New(inbox.Config{Answer: http.StatusServiceUnavailable, Out: &out})
	for range 3 {
		if status := post(i, report, "webhook-id", "one"); status != http.StatusServiceUnavailable {
			t.Errorf("answered %d", status)
		}
	}
	post(i, report, "webhook-id", "other")
	for n, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		want := []string{"", "(attempt 2)", "(attempt 3)", ""}[n]
		if strings.Contains(line, "(attempt") != (want != "") || !strings.Contains(line, want) {
			t.Errorf("line %d is %q, want %q in it", n+1, line, want)
		}
	}
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := inbox.New(inbox.Config{Slow: 2 * time.Second, Out: &bytes.Buffer{}})
		begin := time.Now()
		if status := post(i, report); status != http.StatusOK || time.Since(begin) != 2*time.Second {
			t.Errorf("answered %d after %s", status, time.Since(begin))
		}
	})
}

func TestOtherMethods(t *testing.T) {
	w := httptest.NewRecorder()
	var out bytes.Buffer
	inbox.New(inbox.Config{Out: &out}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" || out.Len() > 0 {
		t.Errorf("GET: %d, Allow %q, printed %q", w.Code, w.Header().Get("Allow"), out.String())
	}
}
