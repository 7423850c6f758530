package webhook_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"switchyard/convapi"
	"switchyard/internal/webhook"
)

// delivery is what a receiver written in JavaScript gets to judge.
type delivery struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// judge prints one verdict for each of: the vendor's SDK on the raw text, the
// SDK on the parsed body, the SDK on another body, and Standard Webhooks.
const judge = `
const { ConversationCallbackWebhooks } = require('@sinch/conversation');
const { Webhook } = require('standardwebhooks');
const { secret, headers, body } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const sdk = new ConversationCallbackWebhooks(secret);
const accepts = (check) => { try { check(); return true; } catch { return false; } };
const prefixed = secret.startsWith('whsec_');
console.log(JSON.stringify({
  sdk_raw: sdk.validateAuthenticationHeader(headers, body),
  sdk_parsed: sdk.validateAuthenticationHeader(headers, JSON.parse(body)),
  sdk_tampered: sdk.validateAuthenticationHeader(headers, body + ' '),
  standard: accepts(() => new Webhook(secret, prefixed ? {} : { format: 'raw' }).verify(body, headers)),
  standard_base64: accepts(() => new Webhook(prefixed ? secret : Buffer.from(secret).toString('base64')).verify(body, headers)),
  standard_tampered: accepts(() => new Webhook(secret, prefixed ? {} : { format: 'raw' }).verify(body.replace('A1', 'A2'), headers)),
}));
`

// The libraries that our customers use accept what we send.
func TestPeersAcceptSignatures(t *testing.T) {
	modules := peerModules(t)
	for _, secret := range []string{"topsecret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		url, requests := record(t)
		r := request(url)
		r.Secret = convapi.Secret(secret)
		newPoster(t, webhook.Config{}).Post(t.Context(), r)
		got := <-requests
		headers := map[string]string{}
		for name := range got.header {
			headers[name] = got.header.Get(name)
		}
		verdicts := runNode(t, modules, delivery{Secret: secret, Headers: headers, Body: string(got.body)})
		for check, want := range map[string]bool{
			"sdk_raw": true, "sdk_parsed": true, "sdk_tampered": false,
			"standard": true, "standard_base64": true, "standard_tampered": false,
		} {
			if accepted, told := verdicts[check]; !told || accepted != want {
				t.Errorf("secret %s: %s is %v (told: %v), want %v", secret, check, accepted, told, want)
			}
		}
	}
}

func runNode(t *testing.T, modules string, d delivery) map[string]bool {
	t.Helper()
	input, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "-e", judge)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	var verdicts map[string]bool
	if err := json.Unmarshal(output, &verdicts); err != nil {
		t.Fatalf("node printed %s: %v", output, err)
	}
	return verdicts
}

// peerModules skips the test where the peers are not installed.
func peerModules(t *testing.T) string {
	t.Helper()
	modules, err := filepath.Abs("../../test/peers/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(modules); err != nil {
		t.Skip("peers are not installed: run npm ci --ignore-scripts in test/peers")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	return modules
}
