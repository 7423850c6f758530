package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
	"switchyard/test/peers"
)

// post is one webhook as it came.
type post struct {
	Body      string `json:"body"`
	Signature string `json:"signature"`
}

// inbox collects webhooks.
func inbox(t *testing.T) (url string, posts <-chan post) {
	t.Helper()
	c := make(chan post, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read a webhook: %v", err)
		}
		c <- post{string(body), r.Header.Get("X-Hub-Signature-256")}
	}))
	t.Cleanup(server.Close)
	return server.URL, c
}

// serve starts a simulation.
func serve(t *testing.T, c graph.Config) (*graph.Server, string) {
	t.Helper()
	c.PhoneNumberID, c.AccessToken, c.AppSecret = "1000", "TOKEN", "app-secret"
	s, err := graph.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); server.Close() })
	return s, server.URL
}

// Another client takes this for the platform: it sends, and accepts the
// signatures and the form of what comes back.
func TestPeer(t *testing.T) {
	folder := filepath.Join(peers.Dir(t), "node_modules")
	hook, posts := inbox(t)
	s, base := serve(t, graph.Config{CallbackURL: hook, Faults: []fault.Fault{{Kind: fault.Silent}}})
	if _, err := s.Inbound(graph.Inbound{From: "46700000001", Text: "smörgås 😀"}); err != nil {
		t.Fatal(err)
	}
	text := <-posts
	if _, err := s.Inbound(graph.Inbound{From: "46700000001", Message: graph.Button("wamid.X", "yes", "Yes")}); err != nil {
		t.Fatal(err)
	}
	button := <-posts
	forged := post{text.Body, graph.Signature("other", []byte(text.Body))}

	var stdin strings.Builder
	for _, p := range []post{text, button, forged} {
		line, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		stdin.Write(append(line, '\n'))
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "peer.mjs"), folder, base, "TOKEN", "app-secret", "1000")
	cmd.Stdin = strings.NewReader(stdin.String())
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	var got struct {
		Sent struct {
			Messages []struct {
				ID string `json:"id"`
			} `json:"messages"`
		} `json:"sent"`
		Judged []struct {
			Error   string `json:"error"`
			Message struct {
				Type string `json:"type"`
				Text struct {
					Body string `json:"body"`
				} `json:"text"`
				Interactive struct {
					Reply struct {
						ID string `json:"id"`
					} `json:"button_reply"`
				} `json:"interactive"`
			} `json:"message"`
		} `json:"judged"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(got.Sent.Messages) != 1 || s.Journal().MessageID("peer-1") != 1 || s.Journal().Text("from the peer") != 1 {
		t.Errorf("sent %+v, journal %+v", got.Sent, s.Journal().Entries())
	}
	if len(got.Judged) != 3 {
		t.Fatalf("judged %s", out)
	}
	if m := got.Judged[0].Message; m.Text.Body != "smörgås 😀" {
		t.Errorf("text: %+v", got.Judged[0])
	}
	if m := got.Judged[1].Message; m.Interactive.Reply.ID != "yes" {
		t.Errorf("button: %+v", got.Judged[1])
	}
	if got.Judged[2].Error == "" {
		t.Error("the peer took a wrong signature")
	}
}
