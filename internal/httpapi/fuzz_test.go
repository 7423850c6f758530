package httpapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/openapi"
)

// Whatever is sent, the answer is a 200 or a refusal that says what is wrong, never
// a 500. What is accepted means the same when it is written down and read again.
func FuzzSend(f *testing.F) {
	s := newServer(f)
	s.unusual = true // names of other case are understood, and much else
	s.makeOneOfEach(f)
	examples, err := openapi.Examples()
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range examples {
		if e.Operation == "sendMessage" && e.Status == "" {
			f.Add(strings.ReplaceAll(string(e.Value), exampleApp, "{app}"))
		}
	}
	for _, tc := range badSends() {
		if len(tc.body) < usualLength {
			f.Add(tc.body)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		body = s.expand(body)
		got := s.call(t, http.MethodPost, "messages:send", body)
		if got.status != http.StatusOK {
			checkRefused(t, got)
			return
		}
		var first, second convapi.SendMessageRequest
		if err := convapi.Decode([]byte(body), &first); err != nil {
			t.Fatalf("accepted, but does not decode: %v", err)
		}
		written, err := convapi.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := convapi.Decode(written, &second); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		again, err := convapi.Marshal(second)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(written), string(again)); diff != "" {
			t.Errorf("read again it is another request:\n%s", diff)
		}
		if first.ProcessingStrategy == convapi.StrategyDispatchOnly {
			return // and not kept
		}
		id := answerOf[convapi.SendMessageResponse](t, got).MessageID
		stored := answerOf[convapi.ConversationMessage](t, s.call(t, http.MethodGet, "messages/"+id, ""))
		if diff := cmp.Diff(canonical(t, first.Message), canonical(t, stored.AppMessage)); diff != "" {
			t.Errorf("stored as another message:\n%s", diff)
		}
	})
}

func canonical(t *testing.T, v any) string {
	t.Helper()
	text, err := convapi.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkRefused checks that an answer is a refusal that tells the caller something.
func checkRefused(t *testing.T, got answer) {
	t.Helper()
	var body convapi.ErrorResponse
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	if got.status < 400 || got.status >= 500 || body.Error.Code != got.status || body.Error.Message == "" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

// Any text as a page token gives a page, or a refusal that names it.
func FuzzPageToken(f *testing.F) {
	s := newServer(f)
	s.unusual = true
	s.makeOneOfEach(f)
	for _, seed := range []string{
		"", absent, strings.ToLower(absent), absent[:25], absent + "0", strings.Repeat("Z", 26), "00000000000000000000000000",
		"tok+/=&x", "%zz", "%00", "%ff", "-1", "../..", strings.Repeat("A", 300), absent + "." + absent,
	} {
		f.Add(seed)
	}
	lists := []string{
		"messages?", "messages?messages_source=DISPATCH_SOURCE&", "contacts?", "contacts?channel=SMS&identity=46700000001&", "conversations?app_id={app}&",
		"conversations:recent?app_id={app}&", "contacts:identityConflicts?", "events?contact_id={contact}&", "apps/{app}/consents/OPT_OUT_ALL?",
	}
	f.Fuzz(func(t *testing.T, token string) {
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r == '#' || r == 0x7f }) {
			t.Skip("no request has it")
		}
		for _, list := range lists {
			got := s.call(t, http.MethodGet, s.expand(list)+"page_token="+token, "")
			if got.status == http.StatusOK {
				continue
			}
			checkRefused(t, got)
			var body convapi.ErrorResponse
			if err := json.Unmarshal(got.body, &body); err != nil {
				t.Fatal(err)
			}
			named := slices.ContainsFunc(body.Error.Details, func(d json.RawMessage) bool { return strings.Contains(string(d), `"page_token"`) })
			other := strings.Contains(token, "&") // which begins another parameter
			if !named && !other {
				t.Errorf("%s with %q: %s", list, token, got.body)
			}
		}
	})
}
