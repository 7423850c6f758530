package channeltest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/transcode"
)

// SendAll hands an adapter every message that package transcode has golden files
// of and that has a form on the channel, to a simulated provider that checks what
// it is given. It gives how many it took.
func (h Harness) SendAll(t *testing.T, a channel.Adapter) (taken int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(RepoRoot(t), "internal", "transcode", "testdata", "messages", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		message := new(convapi.AppMessage)
		if err := convapi.Decode(text, message); err != nil {
			t.Fatal(err)
		}
		m := h.Outbound
		form, err := transcode.Native(message, h.Definition.Channel, m.MessageID)
		if err != nil || len(message.ExplicitChannelMessage) > 0 {
			continue // not for this channel, or the customer's own words
		}
		m.Bodies = form.Bodies
		receipt, err := a.Send(t.Context(), m)
		if name := strings.TrimSuffix(filepath.Base(file), ".json"); err != nil || receipt.Parts != len(m.Bodies) {
			t.Errorf("%s: %+v, %v", name, receipt, err)
			continue
		}
		taken++
	}
	return taken
}
