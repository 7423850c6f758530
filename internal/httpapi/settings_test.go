package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

const (
	unified = `{"contact_settings":{"unified_contact_id_enabled":true}}`
	divided = `{"contact_settings":{"unified_contact_id_enabled":false}}`
)

func TestSettingsAreKept(t *testing.T) {
	s := newServer(t)
	for _, tc := range []struct{ request, body, want string }{
		{"GET settings", "", divided},
		{"POST settings", unified, unified},
		{"GET settings", "", unified},
		{"PATCH settings", `{}`, unified},
		{"PATCH settings", divided, divided},
		{"PATCH settings", unified, unified},
		{"POST settings", `{}`, divided},
		{"PATCH settings", unified, unified},
		{"DELETE settings", "", ""},
		{"GET settings", "", divided},
	} {
		method, path, _ := strings.Cut(tc.request, " ")
		want := `{"project_id":"` + projectID + `","settings":` + tc.want + `}`
		if method == http.MethodDelete {
			want = `{}`
		}
		got := s.call(t, method, path, tc.body)
		if got.status != http.StatusOK || string(got.body) != want {
			t.Errorf("%s %s: %d %s, want %s", tc.request, tc.body, got.status, got.body, want)
		}
	}
}

// Conflicts come from contacts that claim the same identity, a number on SMS, RCS
// and MMS being one, and go by a merge. Unified contact ids need a project without
// them, and keep it so.
func TestUnifiedContactsNeedAProjectWithoutConflicts(t *testing.T) {
	s := newServer(t)
	contact := func(channel, identity string) answer {
		return s.call(t, "POST", "contacts", `{"channel_identities":[{"channel":"`+channel+`","identity":"`+identity+`"}],"language":"EN_US"}`)
	}
	first := answerOf[convapi.Contact](t, contact("SMS", "+46700000001"))
	second := answerOf[convapi.Contact](t, contact("RCS", "46700000001"))
	third := answerOf[convapi.Contact](t, contact("WHATSAPP", "46700000001"))
	fourth := answerOf[convapi.Contact](t, contact("WHATSAPP", "46700000001"))

	one := answerOf[convapi.ListIdentityConflictsResponse](t, s.call(t, "GET", "contacts:identityConflicts?page_size=1", ""))
	other := answerOf[convapi.ListIdentityConflictsResponse](t, s.call(t, "GET", "contacts:identityConflicts?page_token="+one.NextPageToken, ""))
	want := []convapi.IdentityConflict{
		{Identity: "46700000001", Channels: []convapi.Channel{"SMS", "RCS"}, ContactIDs: []string{first.ID, second.ID}},
		{Identity: "46700000001", Channels: []convapi.Channel{"WHATSAPP"}, ContactIDs: []string{third.ID, fourth.ID}},
	}
	if diff := cmp.Diff(want, append(one.Conflicts, other.Conflicts...)); diff != "" || other.NextPageToken != "" {
		t.Errorf("conflicts (-want +got), next %q:\n%s", other.NextPageToken, diff)
	}

	refused := s.call(t, "POST", "settings", unified)
	checkRefusal(t, refused, http.StatusBadRequest, "")
	if text := string(refused.body); !strings.Contains(text, "FAILED_PRECONDITION") || !strings.Contains(text, `"2 identities`) {
		t.Errorf("refused with %s", text)
	}
	answerOf[convapi.Contact](t, s.call(t, "POST", "contacts/"+first.ID+":merge", `{"source_id":"`+second.ID+`"}`))
	checkRefusal(t, s.call(t, "PATCH", "settings", unified), http.StatusBadRequest, "")
	answerOf[any](t, s.call(t, "DELETE", "contacts/"+fourth.ID, ""))
	answerOf[any](t, s.call(t, "PATCH", "settings", unified))

	checkRefusal(t, contact("MMS", "46700000001"), http.StatusBadRequest, "channel_identities")
	checkRefusal(t, s.call(t, "PATCH", "contacts/"+third.ID, `{"channel_identities":[{"channel":"MMS","identity":"46700000001"}]}`), http.StatusBadRequest, "channel_identities")
	left := answerOf[convapi.ListIdentityConflictsResponse](t, s.call(t, "GET", "contacts:identityConflicts", ""))
	if len(left.Conflicts) != 0 {
		t.Errorf("conflicts %+v", left.Conflicts)
	}
}
