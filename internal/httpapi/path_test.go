package httpapi

import (
	"context"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	named := func(name string) operation {
		return func(context.Context, *call) (any, error) { return name, nil }
	}
	var routes []route
	for _, pattern := range []string{
		"messages", "messages:send", "messages/*", "conversations/*:stop", "conversations/*",
		"apps/*/consents/*", "apps/*/consents/identities/*",
	} {
		routes = append(routes, route{"GET", pattern, named(pattern)})
	}
	root := newTree("/v1/projects/*/", routes)
	for _, tc := range []struct {
		path    string
		pattern string // "" means that there is nothing
		ids     []string
	}{
		{"messages", "messages", nil},
		{"messages/", "messages", nil},
		{"//messages//", "messages", nil},
		{"messages:send", "messages:send", nil},
		{"messages%3Asend", "messages:send", nil},
		{"messages/M1", "messages/*", []string{"M1"}},
		{"messages/M%2F1", "messages/*", []string{"M/1"}},
		{"messages/a:b", "messages/*", []string{"a:b"}},
		{"conversations/C1:stop", "conversations/*:stop", []string{"C1"}},
		{"conversations/C1%3astop", "conversations/*:stop", []string{"C1"}},
		{"conversations/C1", "conversations/*", []string{"C1"}},
		{"apps/A/consents/OPT_OUT_ALL", "apps/*/consents/*", []string{"A", "OPT_OUT_ALL"}},
		{"apps/A/consents/identities/+46701", "apps/*/consents/identities/*", []string{"A", "+46701"}},
		{"apps/A/consents/identities/a:b", "apps/*/consents/identities/*", []string{"A", "a:b"}},
		{"", "", nil},
		{"message", "", nil},
		{"messages:receive", "", nil},
		{"messages/M1/more", "", nil},
		{"apps/A", "", nil},
		{"conversations/:stop", "conversations/*", []string{":stop"}},
	} {
		u, err := url.Parse("http://host/" + tc.path)
		if err != nil {
			t.Fatal(err)
		}
		place, ids := root.find(splitPath(u))
		var got string
		if place != nil && place.methods["GET"] != nil {
			result, _ := place.methods["GET"](t.Context(), nil)
			got = result.(string)
		}
		if got != tc.pattern {
			t.Errorf("%q leads to %q, want %q", tc.path, got, tc.pattern)
			continue
		}
		if diff := cmp.Diff(tc.ids, ids); got != "" && diff != "" {
			t.Errorf("ids of %q (-want +got):\n%s", tc.path, diff)
		}
	}
}
