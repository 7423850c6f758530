package httpapi

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

// Who has opted out is listed page by page, each once, in the order of coming,
// also while others come and go.
func TestConsentPages(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	register := func(verb string, number int) {
		t.Helper()
		body := fmt.Sprintf(`{"app_id":"{app}","channels":["SMS"],"recipient":{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"+4670000%04d","app_id":""}]}}}`, number)
		if got := s.call(t, http.MethodPost, verb+":register", s.expand(body)); got.status != http.StatusOK || string(got.body) != s.expand(body) {
			t.Fatalf("%d: %s", got.status, got.body)
		}
	}
	for i := range 60 {
		register("optouts", i)
	}
	register("optouts", 3) // once more
	list := func(query string) convapi.ListConsentsResponse {
		t.Helper()
		return answerOf[convapi.ListConsentsResponse](t, s.call(t, http.MethodGet, s.expand("apps/{app}/consents/OPT_OUT_ALL?"+query), ""))
	}
	if n := len(list("").Identities); n != 10 {
		t.Errorf("a page without a size has %d", n)
	}
	first := list("page_size=1000")
	if n := len(first.Identities); n != 50 {
		t.Errorf("the largest page has %d", n)
	}
	register("optins", 7)
	register("optins", 55)
	register("optouts", 70)
	second := list("page_size=50&page_token=" + first.NextPageToken)
	var want []convapi.ConsentIdentity
	for _, i := range []int{50, 51, 52, 53, 54, 56, 57, 58, 59, 70} {
		want = append(want, convapi.ConsentIdentity{Identity: fmt.Sprintf("4670000%04d", i)})
	}
	if diff := cmp.Diff(want, second.Identities); diff != "" || second.NextPageToken != "" {
		t.Errorf("token %q (-want +got):\n%s", second.NextPageToken, diff)
	}
	other := answerOf[convapi.ListConsentsResponse](t, s.call(t, http.MethodGet, s.expand("apps/{app}/consents/OPT_OUT_MARKETING"), ""))
	if len(other.Identities) != 0 {
		t.Errorf("on another list: %v", other.Identities)
	}
}

// The history is found by the number in any of its spellings, and has all that
// clients require.
func TestConsentHistory(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	for _, verb := range []string{"optouts", "optins"} {
		if got := s.call(t, http.MethodPost, verb+":register", s.expand(`{"app_id":"{app}","channels":["SMS"],"recipient":{"contact_id":"{contact}"}}`)); got.status != http.StatusOK {
			t.Fatalf("%d: %s", got.status, got.body)
		}
	}
	for _, spelling := range []string{"46700000001", "+46700000001", "%2B46700000001", "+46%2070-000%2000%2001"} {
		got := answerOf[convapi.ConsentAuditResponse](t, s.call(t, http.MethodGet, s.expand("apps/{app}/consents/identities/"+spelling), ""))
		if got.Identity.Identity != "46700000001" || len(got.AuditRecords) != 2 {
			t.Fatalf("%s: %+v", spelling, got)
		}
		for i, operation := range []convapi.ConsentOperation{convapi.ConsentInsert, convapi.ConsentDelete} {
			one := got.AuditRecords[i]
			if one.Datetime.IsZero() {
				t.Errorf("%s: no time", spelling)
			}
			one.Datetime = convapi.Time{}
			want := convapi.ConsentAudit{Operation: operation, Origin: convapi.ConsentFromAPI, ListType: convapi.OptOutAll, ProjectID: projectID, AppID: s.ids["app"]}
			if diff := cmp.Diff(want, one); diff != "" {
				t.Errorf("%s (-want +got):\n%s", spelling, diff)
			}
		}
	}
}

// An app keeps its own words, and takes them in parts.
func TestConsentSettings(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	patch := func(body string) string {
		t.Helper()
		app := answerOf[convapi.App](t, s.call(t, http.MethodPatch, s.expand("apps/{app}"), body))
		return string(mustMarshal(app.ConsentSettings))
	}
	for _, tt := range []struct{ body, want string }{
		{`{}`, `null`},
		{`{"consent_settings":{"ignore":["CANCEL"]}}`, `{"ignore":["CANCEL"]}`},
		{`{"consent_settings":{"keywords":[{"language":"de","opt_out":["Schluss"]}]}}`, `{"keywords":[{"language":"de","opt_out":["Schluss"]}],"ignore":["CANCEL"]}`},
		{`{"consent_settings":{"enabled":false,"ignore":null}}`, `{"enabled":false,"keywords":[{"language":"de","opt_out":["Schluss"]}]}`},
		{`{"consent_settings":null}`, `null`},
	} {
		if got := patch(tt.body); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.body, got, tt.want)
		}
	}
}
