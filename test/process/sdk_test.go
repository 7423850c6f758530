package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"switchyard/internal/openapi/openapitest"
	"switchyard/internal/sim/botapi"
	"switchyard/internal/sim/graph"
	"switchyard/internal/sim/smsc"
	"switchyard/internal/store/storetest"
	"switchyard/test/peers"
)

const (
	// sdkTime is how long the suite may take on a machine that is busy with
	// other tests; on a quiet one it is some seconds.
	sdkTime = 4 * time.Minute
	// sdkCases is how many cases there are at least.
	sdkCases = 90
	// sdkProviders is how many apps of the suite have simulated providers.
	sdkProviders = 10
)

// The official SDK for Node, unmodified, takes the gateway for the platform
// that it was written for: test/peers/sdk drives every method of it. Each of
// its cases is a subtest.
func TestSDK(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) {
		peers.Dir(t)
		g := serveTwoProjects(t, engine.URL(t))
		settings, err := json.Marshal(object{
			"gateway": openapitest.Proxy(t, g.api),
			"project": object{"projectId": projectID, "keyId": keyID, "keySecret": keySecret},
			"quiet":   object{"projectId": quietProjectID, "keyId": quietKeyID, "keySecret": keySecret},
			"expired": expiredToken(t, g.store), "providers": sdkControl(t, g),
		})
		if err != nil {
			t.Fatal(err)
		}
		results, err := runSDK(t, string(settings))
		report(t, results)
		if err != nil {
			t.Errorf("sdk/run.js: %v", err)
		}
		if os.Getenv("SDK_GROUPS") == "" && len(results) < sdkCases {
			t.Errorf("%d cases, want %d or more", len(results), sdkCases)
		}
	})
}

// A second project, in which nobody is disturbed.
const (
	quietProjectID = "3f2b8a8e-0000-4000-8000-000000000011"
	quietKeyID     = "3f2b8a8e-0000-4000-8000-000000000012"
)

// serveTwoProjects starts a gateway that knows both projects: one is made by an
// earlier start, as the settings have but one.
func serveTwoProjects(t *testing.T, store string) *gateway {
	g := serve(t, store, "SWITCHYARD_PROJECT_ID="+quietProjectID, "SWITCHYARD_KEY_ID="+quietKeyID)
	g.terminate()
	g.env = []string{"SWITCHYARD_WEBHOOK_RETRY_FIRST=50ms"}
	g.start()
	return g
}

// sdkResult is one line of sdk/run.js.
type sdkResult struct {
	Group, Name, Error string
	MS                 int
}

// runSDK runs the suite to its end. What it says that is no result is logged.
func runSDK(t *testing.T, settings string) (results []sdkResult, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), sdkTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join(peers.Dir(t), "sdk", "run.js"))
	cmd.Env = append(os.Environ(), "SETTINGS="+settings)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var one sdkResult
		if json.Unmarshal(lines.Bytes(), &one) != nil || one.Group == "" {
			t.Logf("sdk/run.js: %s", lines.Text())
			continue
		}
		results = append(results, one)
	}
	if complaints.Len() > 0 {
		t.Logf("sdk/run.js complained:\n%s", complaints.String())
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("not done within %s: %w", sdkTime, err)
	}
	return results, err
}

// report makes a subtest of each case, below one for its group.
func report(t *testing.T, results []sdkResult) {
	for len(results) > 0 {
		end := 1
		for end < len(results) && results[end].Group == results[0].Group {
			end++
		}
		t.Run(results[0].Group, func(t *testing.T) {
			for _, one := range results[:end] {
				t.Run(one.Name, func(t *testing.T) {
					t.Logf("%d ms", one.MS)
					if one.Error != "" {
						t.Error(one.Error)
					}
				})
			}
		})
		results = results[end:]
	}
}

// sdkControl simulates providers for several apps, and gives what the suite has
// to know of each: channel credentials, and the URL at which the providers take
// orders, theirs under /whatsapp, /sms and /telegram. POST /app with an app's id
// says where the platform of WhatsApp posts its webhooks.
func sdkControl(t *testing.T, g *gateway) (list []object) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for n := range sdkProviders {
		platform, whatsapp := whatsApp(t, graph.Config{})
		centre, sms := messageCentre(t, smsc.Config{})
		bot, telegram := telegramBot(t, botapi.Config{})
		at := fmt.Sprintf("/%d", n)
		mux.Handle(at+"/whatsapp/", http.StripPrefix(at+"/whatsapp", platform))
		mux.Handle(at+"/sms/", http.StripPrefix(at+"/sms", centre))
		mux.Handle(at+"/telegram/", http.StripPrefix(at+"/telegram", bot))
		mux.HandleFunc("POST "+at+"/app", func(_ http.ResponseWriter, r *http.Request) {
			id, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("read an order: %v", err)
			}
			platform.SetCallbackURL(g.api + "/channels/" + strings.TrimSpace(string(id)) + "/WHATSAPP")
		})
		list = append(list, object{"whatsapp": whatsapp, "sms": sms, "telegram": telegram, "control": server.URL + at})
	}
	return list
}
