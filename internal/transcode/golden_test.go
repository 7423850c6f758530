package transcode

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

const testID = "01J0M000000000000000000000"

// fixtures are the messages of testdata/messages, by name: every type of the
// contract, and what lies at and beyond the limits of some channel.
func fixtures(t testing.TB) map[string]*convapi.AppMessage {
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
		var m convapi.AppMessage
		if err := convapi.Decode(text, &m); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = &m
	}
	return all
}

// Every type on every channel, byte for byte. UPDATE=1 writes the files anew.
func TestGoldenFiles(t *testing.T) {
	update := os.Getenv("UPDATE") != ""
	for name, m := range fixtures(t) {
		for _, ch := range convapi.Channels() {
			if len(m.ChannelSpecificMessage) > 0 && m.ChannelSpecificMessage[ch].Message == nil {
				continue // not for this channel
			}
			t.Run(string(ch)+"/"+name, func(t *testing.T) {
				got := show(t, m, ch)
				file := filepath.Join("testdata", string(ch), name+".json")
				if update {
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// show is what the preview answers, indented; an error as an object.
func show(t *testing.T, m *convapi.AppMessage, ch convapi.Channel) string {
	t.Helper()
	form, err := Native(m, ch, testID)
	if refused, ok := errors.AsType[*Error](err); ok {
		text, err := json.MarshalIndent(map[string]any{"refused": refused.Reason, "why": refused.Description}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return string(text) + "\n"
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := form.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out.String() + "\n"
}

// No file is left of a message that is not there any more.
func TestGoldenFilesHaveAMessage(t *testing.T) {
	messages := fixtures(t)
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if messages[strings.TrimSuffix(filepath.Base(file), ".json")] == nil {
			t.Errorf("%s is of no message", file)
		}
	}
}
