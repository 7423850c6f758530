package transcode_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard/convapi"
	"switchyard/internal/channel/channeltest"
	"switchyard/internal/transcode"
)

// Every body of every type is one that the provider's own description allows.
func TestBodiesAreAsDescribed(t *testing.T) {
	for ch, tt := range map[convapi.Channel]struct {
		spec string
		// request gives the call that a body is for.
		request func(t *testing.T, body map[string]any) (path string, sent any)
	}{
		convapi.ChannelWhatsApp: {"whatsapp-cloud-v23.json", func(_ *testing.T, body map[string]any) (string, any) {
			delete(body, "biz_opaque_callback_data") // who sends fills it in
			return "/v23.0/1/messages", body
		}},
		convapi.ChannelTelegram: {"telegram-bot-api.json", func(t *testing.T, body map[string]any) (string, any) {
			method, ok := body["method"].(string)
			if !ok {
				t.Errorf("no method in %v", body)
			}
			delete(body, "method")
			return "/bot1:A/" + method, body
		}},
		convapi.ChannelLINE: {"line-messaging.json", func(_ *testing.T, body map[string]any) (string, any) {
			return "/v2/bot/message/push", body
		}},
		convapi.ChannelRCS: {"rbm-v1.json", func(_ *testing.T, body map[string]any) (string, any) {
			return "/v1/phones/+46700000001/agentMessages?messageId=1&agentId=a", body
		}},
	} {
		t.Run(string(ch), func(t *testing.T) {
			spec := channeltest.LoadSpec(t, tt.spec)
			checked := 0
			handler := spec.Validate(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { checked++ }))
			for _, m := range messages(t) {
				specific := m.ChannelSpecificMessage[ch].MessageType
				if m.ExplicitChannelMessage != nil || specific != "" && specific != convapi.SpecificFlows {
					continue // the customer's own words, or not described there
				}
				form, err := transcode.Native(m, ch, "01J0M000000000000000000000")
				if err != nil {
					continue
				}
				for _, raw := range form.Bodies {
					var body map[string]any
					if err := json.Unmarshal(raw, &body); err != nil {
						t.Fatal(err)
					}
					path, sent := tt.request(t, body)
					encoded, err := json.Marshal(sent)
					if err != nil {
						t.Fatal(err)
					}
					request := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(encoded))
					request.Header.Set("Content-Type", "application/json")
					request.Header.Set("Authorization", "Bearer token")
					handler.ServeHTTP(httptest.NewRecorder(), request)
				}
			}
			if checked == 0 {
				t.Error("nothing was checked")
			}
		})
	}
}

func messages(t *testing.T) map[string]*convapi.AppMessage {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "messages", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	all := map[string]*convapi.AppMessage{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := new(convapi.AppMessage)
		if err := convapi.Decode(text, m); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = m
	}
	return all
}
