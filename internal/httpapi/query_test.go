package httpapi

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

func TestQueryText(t *testing.T) {
	for _, tc := range []struct{ raw, name, want string }{
		{"identity=+46701234567", "identity", "+46701234567"},
		{"identity=%2B46701234567", "identity", "+46701234567"},
		{"channel_identity=+1+2", "channel_identity", "+1+2"},
		{"external_id=a%20b", "external_id", "a b"},
		{"external%5Fid=x", "external_id", "x"},
		{"page_token=tok/=x", "page_token", "tok/=x"},
		{"page_size=1&page_token=", "page_token", ""},
		{"", "page_token", ""},
		{"identity=a&identity=b", "identity", "a"},
		{"identity=&identity=b", "identity", "b"},
		{"identity=åäö", "identity", "åäö"},
	} {
		q := parseQuery(tc.raw)
		if got := q.text(tc.name); got != tc.want || q.err() != nil {
			t.Errorf("%s of %q = %q, %v; want %q", tc.name, tc.raw, got, q.err(), tc.want)
		}
	}
}

func TestQueryPage(t *testing.T) {
	for _, tc := range []struct {
		raw  string
		want engine.Page
	}{
		{"", engine.Page{Size: 10}},
		{"page_size=", engine.Page{Size: 10}},
		{"page_size=0", engine.Page{Size: 10}},
		{"page_size=1", engine.Page{Size: 1}},
		{"page_size=20", engine.Page{Size: 20}},
		{"page_size=21", engine.Page{Size: 20}},
		{"page_size=99999999", engine.Page{Size: 20}},
		{"page_size=3&page_token=abc-_0", engine.Page{Size: 3, Token: "abc-_0"}},
	} {
		q := parseQuery(tc.raw)
		if got := q.page(20); got != tc.want || q.err() != nil {
			t.Errorf("page of %q = %+v, %v; want %+v", tc.raw, got, q.err(), tc.want)
		}
	}
}

func TestQueryTime(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, raw := range []string{
		"t=2026-01-02T03:04:05Z",
		"t=2026-01-02T03:04:05.000Z",
		"t=2026-01-02T04:04:05+01:00",         // a client that does not escape
		"t=2026-01-02T04%3A04%3A05%2B01%3A00", // and one that does
		"t=2026-01-02T03:04:05.0000000%2B00:00",
	} {
		q := parseQuery(raw)
		if got := q.time("t"); !got.Equal(want) || q.err() != nil {
			t.Errorf("time of %q = %v, %v; want %v", raw, got, q.err(), want)
		}
	}
}

func TestQueryFlag(t *testing.T) {
	for raw, want := range map[string]bool{
		"": false, "f=": false, "f=false": false, "f=0": false, "f=True": true, "f=true": true, "f=1": true,
	} {
		q := parseQuery(raw)
		if got := q.flag("f"); got != want || q.err() != nil {
			t.Errorf("flag of %q = %v, %v; want %v", raw, got, q.err(), want)
		}
	}
}

// Every problem is reported, each under its own parameter's name.
func TestQueryProblems(t *testing.T) {
	q := parseQuery("page_size=ten&start_time=yesterday&direction=SIDEWAYS&only_active=maybe" +
		"&identity=%zz&external_id=%ff&page_token=%00")
	q.page(20)
	q.time("start_time")
	enumOf[convapi.Direction](q, "direction")
	q.flag("only_active")
	q.text("identity")
	q.text("external_id")
	var names []string
	for _, p := range q.problems {
		names = append(names, p.Field)
	}
	slices.Sort(names)
	want := []string{"direction", "external_id", "identity", "only_active", "page_size", "page_token", "start_time"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("parameters at fault (-want +got):\n%s", diff)
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "&&=&a", "page_size=-1", "page_size=99999999999999999999", "identity=+46701234567&channel=SMS",
		"page_token=tok+/=&x", "start_time=1970-01-01T00:00:00.000Z", "update_mask=target,triggers",
		"update_mask.paths=displayName&update_mask.paths=retention_policy.ttl_days,,", "identity=%zz", "a=%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q := parseQuery(raw)
		page := q.page(20)
		if page.Size < 1 || page.Size > 20 {
			t.Errorf("page size %d", page.Size)
		}
		filter := messageFilter(q)
		if filter.Direction != "" && !filter.Direction.Known() {
			t.Errorf("direction %q", filter.Direction)
		}
		for _, text := range []string{page.Token, filter.Identity, filter.AppID} {
			if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
				t.Errorf("text %q", text)
			}
		}
		paths, err := maskPaths(q, typeOfApp)
		for _, path := range paths {
			if err == nil && !hasPath(typeOfApp, path) {
				t.Errorf("path %q", path)
			}
		}
		for _, p := range q.problems {
			if p.Field == "" || p.Description == "" {
				t.Errorf("nameless problem %+v", p)
			}
		}
	})
}
