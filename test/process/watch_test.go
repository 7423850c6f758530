package process

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
)

// scrape reads the gateway's own metrics: the value of each series.
func (g *gateway) scrape() map[string]float64 {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.admin+"/metrics", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	res, err := g.client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	values := make(map[string]float64)
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "switchyard_") {
			at := strings.LastIndexByte(line, ' ')
			if values[line[:at]], err = strconv.ParseFloat(line[at+1:], 64); err != nil {
				g.t.Fatal(err)
			}
		}
	}
	return values
}

// What happens is counted where operators look for it, under the names that the
// documents list, and what strangers send makes no series.
func TestMetrics(t *testing.T) {
	platform, whatsapp := whatsApp(t, graph.Config{NoRead: true, Faults: []fault.Fault{
		{Kind: fault.DropAfter, To: "46733000009"}, {Kind: fault.Refuse, Code: 131016, To: "46733000008"},
	}})
	broken := object{"channel": "WHATSAPP", "provider_url": whatsapp["provider_url"], "static_bearer": object{"claimed_identity": phoneNumberID, "token": "wrong"}}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	t.Cleanup(hook.Close)
	g := serve(t, "sqlite:"+t.TempDir()+"/watched.db")
	apps := make([]struct{ ID string }, 2)
	for i, credential := range []object{whatsapp, broken} {
		g.must(http.MethodPost, "apps", object{"display_name": "watched", "channel_credentials": []object{credential}}, &apps[i])
	}
	platform.SetCallbackURL(g.api + "/channels/" + apps[0].ID + "/WHATSAPP")
	g.must(http.MethodPost, "webhooks", object{"app_id": apps[0].ID, "target": hook.URL, "target_type": "HTTP", "triggers": []string{"MESSAGE_DELIVERY"}}, nil)
	send := func(app, number string) {
		g.must(http.MethodPost, "messages:send", object{
			"app_id": app, "recipient": object{"identified_by": object{"channel_identities": []object{{"channel": "WHATSAPP", "identity": number}}}},
			"message": object{"text_message": object{"text": "hello"}},
		}, nil)
	}
	send(apps[0].ID, "46733000001")
	send(apps[0].ID, "46733000009")
	send(apps[1].ID, "46733000002")
	for i := range 20 {
		for _, path := range []string{fmt.Sprintf("messages/stranger%d", i), fmt.Sprintf("stranger%d", i)} {
			if _, err := g.ask(t.Context(), fmt.Sprintf("STRANGE%d", i), path, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := g.ask(t.Context(), http.MethodGet, fmt.Sprintf("messages/stranger%d", i), nil); err != nil {
			t.Fatal(err)
		}
	}

	want := map[string]float64{
		`switchyard_messages_accepted_total`:                                                              3,
		`switchyard_attempts_total{channel="WHATSAPP",verdict="accepted"}`:                                1,
		`switchyard_attempts_total{channel="WHATSAPP",verdict="unknown"}`:                                 1,
		`switchyard_attempts_total{channel="WHATSAPP",verdict="refuse"}`:                                  1,
		`switchyard_attempt_duration_seconds_count{channel="WHATSAPP"}`:                                   3,
		`switchyard_messages_in_doubt_total{channel="WHATSAPP"}`:                                          1,
		`switchyard_accounts{channel="WHATSAPP",state="active"}`:                                          1,
		`switchyard_accounts{channel="WHATSAPP",state="failing"}`:                                         1,
		`switchyard_outbound_depth{channel="WHATSAPP"}`:                                                   0,
		`switchyard_outbound_oldest_age_seconds{channel="WHATSAPP"}`:                                      0,
		`switchyard_queue_depth{queue="store"}`:                                                           0,
		`switchyard_queue_oldest_age_seconds{queue="store"}`:                                              0,
		`switchyard_commit_failures_total`:                                                                0,
		`switchyard_callback_oldest_age_seconds`:                                                          0,
		`switchyard_breakers_open`:                                                                        0,
		`switchyard_api_refusals_total{status="NOT_FOUND"}`:                                               40,
		`switchyard_api_refusals_total{status="METHOD_NOT_ALLOWED"}`:                                      20,
		`switchyard_http_requests_total{method="POST",route="/v1/projects/*/apps",status="200"}`:          2,
		`switchyard_http_requests_total{method="POST",route="/v1/projects/*/webhooks",status="200"}`:      1,
		`switchyard_http_requests_total{method="POST",route="/v1/projects/*/messages:send",status="200"}`: 3,
		`switchyard_http_requests_total{method="GET",route="/v1/projects/*/messages/*",status="404"}`:     20,
		`switchyard_http_requests_total{method="other",route="other",status="404"}`:                       20,
		`switchyard_http_requests_total{method="other",route="other",status="405"}`:                       20,
	}
	var got map[string]float64
	until(t, 20*time.Second, func() bool {
		got = g.scrape()
		for name := range got {
			if _, wanted := want[name]; !wanted && !strings.HasPrefix(name, "switchyard_http_requests_total") {
				delete(got, name)
			}
		}
		// How many callbacks and reports there are is other tests' matter.
		delete(got, `switchyard_http_requests_total{method="POST",route="/channels/{app}/{channel}",status="200"}`)
		return cmp.Equal(want, got)
	}, func() string { return "metrics (-want +got):\n" + cmp.Diff(want, got) })

	send(apps[0].ID, "46733000008") // will be tried again at a deadline
	until(t, 20*time.Second, func() bool { return g.scrape()["switchyard_deadline_lateness_seconds_count"] > 0 },
		func() string { return "no deadline has fired" })
	all := g.scrape()
	if late, n := all["switchyard_deadline_lateness_seconds_sum"], all["switchyard_deadline_lateness_seconds_count"]; late < 0 || late/n > 5 {
		t.Errorf("%v deadlines were late by %v s together", n, late)
	}
	for _, name := range []string{
		`switchyard_http_requests_total{method="POST",route="/channels/{app}/{channel}",status="200"}`,
		`switchyard_callbacks_total{outcome="drop",status="4xx"}`, `switchyard_callbacks_dropped_total{reason="refused"}`,
		`switchyard_store_free_bytes`,
	} {
		if all[name] < 1 {
			t.Errorf("%s is %v", name, all[name])
		}
	}
	comment, err := os.ReadFile("../../internal/observe/observe.go")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, found := range regexp.MustCompile(`(?m)^//\t(switchyard_\w+)`).FindAllSubmatch(comment, -1) {
		listed = append(listed, string(found[1]))
	}
	for name := range all {
		name, _, _ = strings.Cut(name, "{")
		if base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, ""); !slices.Contains(listed, name) && !slices.Contains(listed, base) {
			t.Errorf("package observe does not list %s", name)
		}
	}
}
