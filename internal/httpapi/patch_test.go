package httpapi

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

var typeOfApp = reflect.TypeFor[convapi.App]()

// storedApp is an app with something in every member that the tests change.
func storedApp() convapi.App {
	return convapi.App{
		ID:                      "01APP",
		DisplayName:             "old",
		ChannelCredentials:      []convapi.ChannelCredential{{Channel: convapi.ChannelSMS}},
		ProcessingMode:          convapi.ModeConversation,
		RetentionPolicy:         &convapi.RetentionPolicy{RetentionType: convapi.RetentionPersist, TTLDays: 100},
		DispatchRetentionPolicy: &convapi.RetentionPolicy{TTLDays: 3},
	}
}

func TestPatchApp(t *testing.T) {
	const body = `{"id":"other","display_name":"new","retention_policy":{"ttl_days":7},"no_such_member":1}`
	for _, tc := range []struct {
		name, query, body string
		want              func(*convapi.App)
	}{
		{"no mask takes what is present", "", body, func(a *convapi.App) {
			a.DisplayName = "new"
			a.RetentionPolicy.TTLDays = 7
		}},
		{"an empty mask is none", "update_mask=", body, func(a *convapi.App) {
			a.DisplayName = "new"
			a.RetentionPolicy.TTLDays = 7
		}},
		{"a mask takes what it names", "update_mask=display_name", body, func(a *convapi.App) {
			a.DisplayName = "new"
		}},
		{"a nested path leaves its siblings", "update_mask=retention_policy.ttl_days", body, func(a *convapi.App) {
			a.RetentionPolicy.TTLDays = 7
		}},
		{"a whole object replaces its members", "update_mask=retention_policy", body, func(a *convapi.App) {
			a.RetentionPolicy = &convapi.RetentionPolicy{TTLDays: 7}
		}},
		{"a named member that is absent is cleared", "update_mask=display_name,processing_mode,dispatch_retention_policy", `{"display_name":"new"}`, func(a *convapi.App) {
			a.DisplayName = "new"
			a.ProcessingMode = ""
			a.DispatchRetentionPolicy = nil
		}},
		{"a nested one too", "update_mask=retention_policy.retention_type", `{}`, func(a *convapi.App) {
			a.RetentionPolicy.RetentionType = ""
		}},
		{"and from an empty body", "update_mask=display_name", ``, func(a *convapi.App) { a.DisplayName = "" }},
		{"repeated paths", "update_mask.paths=display_name&update_mask.paths=retention_policy.ttl_days", body, func(a *convapi.App) {
			a.DisplayName = "new"
			a.RetentionPolicy.TTLDays = 7
		}},
		{"paths with a comma", "update_mask.paths=display_name,retention_policy.ttl_days", body, func(a *convapi.App) {
			a.DisplayName = "new"
			a.RetentionPolicy.TTLDays = 7
		}},
		{"camel case", "update_mask=displayName,retentionPolicy.ttlDays", body, func(a *convapi.App) {
			a.DisplayName = "new"
			a.RetentionPolicy.TTLDays = 7
		}},
		{"escaped comma", "update_mask=display_name%2Cretention_policy.ttl_days", body, func(a *convapi.App) {
			a.DisplayName = "new"
			a.RetentionPolicy.TTLDays = 7
		}},
		{"a list is replaced as a whole", "", `{"channel_credentials":[]}`, func(a *convapi.App) {
			a.ChannelCredentials = []convapi.ChannelCredential{}
		}},
		{"null clears", "", `{"retention_policy":null}`, func(a *convapi.App) { a.RetentionPolicy = nil }},
		{"an object where there was none", "", `{"smart_conversation":{"enabled":true}}`, func(a *convapi.App) {
			a.SmartConversation = &convapi.Enabled{Enabled: true}
		}},
		{"an empty object names nothing", "", `{"retention_policy":{}}`, func(*convapi.App) {}},
		{"fixed members stay", "update_mask=id,rate_limits,queue_stats.outbound_size", `{"id":"other","rate_limits":{"inbound":1}}`, func(*convapi.App) {}},
		{"nothing to do", "", ``, func(*convapi.App) {}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := newPatch[convapi.App](patchCall(tc.query, tc.body), "id", "rate_limits", "queue_stats")
			if err != nil {
				t.Fatal(err)
			}
			got, want := storedApp(), storedApp()
			p.apply(&got)
			tc.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("app (-want +got):\n%s", diff)
			}
		})
	}
}

// A stored resource may be shared: a patch must not write through its pointers.
func TestPatchCopies(t *testing.T) {
	shared := storedApp()
	app := shared
	p, err := newPatch[convapi.App](patchCall("", `{"retention_policy":{"ttl_days":7}}`))
	if err != nil {
		t.Fatal(err)
	}
	p.apply(&app)
	if shared.RetentionPolicy.TTLDays != 100 || app.RetentionPolicy.TTLDays != 7 {
		t.Errorf("shared %+v, patched %+v", shared.RetentionPolicy, app.RetentionPolicy)
	}
}

func TestPatchRefused(t *testing.T) {
	for _, tc := range []struct{ query, body, field string }{
		{"update_mask=no_such", `{}`, "update_mask"},
		{"update_mask=display_name,no_such", `{}`, "update_mask"},
		{"update_mask=display_name.first", `{}`, "update_mask"},
		{"update_mask=retention_policy.", `{}`, "update_mask"},
		{"update_mask=channel_credentials.channel", `{}`, "update_mask"},
		{"update_mask.paths=no_such", `{}`, "update_mask"},
		{"update_mask=%zz", `{}`, "update_mask"},
		{"", `{"display_name":7}`, "display_name"},
		{"", `{"retention_policy":{"ttl_days":"7"}}`, "retention_policy.ttl_days"},
		{"", `[]`, ""},
	} {
		_, err := newPatch[convapi.App](patchCall(tc.query, tc.body))
		refused := refuse(err)
		if refused == nil || refused.status != 400 || refused.violations[0].Field != tc.field {
			t.Errorf("%s with %q: %+v, want a 400 naming %q", tc.body, tc.query, refused, tc.field)
		}
	}
}

func patchCall(query, body string) *call {
	return &call{
		request: httptest.NewRequest("PATCH", "/?"+query, strings.NewReader(body)),
		body:    []byte(body),
	}
}
