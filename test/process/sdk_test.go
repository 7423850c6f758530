package process

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"switchyard/internal/sim/graph"
	"switchyard/internal/sim/smsc"
	"switchyard/internal/store/storetest"
	"switchyard/test/peers"
)

// The official SDK for Node, unmodified, takes the gateway for the platform
// that it was written for. The script test/peers/sdk.js says what it does.
func TestSDK(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) {
		dir := peers.Dir(t)
		platform, whatsapp := whatsApp(t, graph.Config{})
		centre, sms := messageCentre(t, smsc.Config{})
		g := serve(t, engine.URL(t))

		settings, err := json.Marshal(object{
			"gateway": g.api, "projectId": projectID, "keyId": keyID, "keySecret": keySecret,
			"whatsapp": whatsapp, "sms": sms, "control": control(t, g, platform, centre),
		})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "sdk.js"))
		cmd.Env = append(os.Environ(), "SETTINGS="+string(settings))
		out, err := cmd.CombinedOutput()
		t.Logf("sdk.js:\n%s", out)
		if err != nil {
			t.Fatal(err)
		}
	})
}

// control lets the script give orders to the simulated providers: theirs under
// /whatsapp and /sms, and POST /app with an app's id, to which the platform of
// WhatsApp then posts its webhooks.
func control(t *testing.T, g *gateway, platform *graph.Server, centre *smsc.Server) (url string) {
	mux := http.NewServeMux()
	mux.Handle("/whatsapp/", http.StripPrefix("/whatsapp", platform))
	mux.Handle("/sms/", http.StripPrefix("/sms", centre))
	mux.HandleFunc("POST /app", func(_ http.ResponseWriter, r *http.Request) {
		id, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read an order: %v", err)
		}
		platform.SetCallbackURL(g.api + "/channels/" + strings.TrimSpace(string(id)) + "/WHATSAPP")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
