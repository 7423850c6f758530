package observe_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"switchyard/convapi"
	"switchyard/internal/observe"
)

// Law: whatever carries a secret by its type is not printed, in any format and
// however deep.
func TestSecretsPrintMaskedByType(t *testing.T) {
	target, err := url.Parse("https://me:hidden@example.com/hook?key=hidden#hidden")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"secret":         convapi.Secret("hidden"),
		"secret object":  convapi.SecretObject(`{"token":"hidden"}`),
		"body":           []byte("hidden"),
		"raw JSON":       json.RawMessage(`"hidden"`),
		"header":         http.Header{"Authorization": {"hidden"}},
		"URL":            target,
		"error with URL": fmt.Errorf("no token: %v", convapi.Secret("hidden")),
	} {
		for _, format := range []string{"text", "json"} {
			var out strings.Builder
			log, err := observe.NewLogger(&out, format, slog.LevelInfo)
			if err != nil {
				t.Fatal(err)
			}
			log.With("with", value).WithGroup("group").Info("event", "plain", value, slog.Group("inner", "deep", value))
			// Bytes would show as base64 in JSON.
			if line := out.String(); strings.Contains(line, "hidden") || strings.Contains(line, "aGlkZGVu") {
				t.Errorf("%s, %s: %s", name, format, line)
			}
		}
	}
}

func TestURLsStayRecognisable(t *testing.T) {
	var out strings.Builder
	log, err := observe.NewLogger(&out, "text", slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	var none *url.URL
	log.Info("posted", "target", &url.URL{Scheme: "https", Host: "example.com", Path: "/hook", RawQuery: "key=1"}, "other", none)
	if !strings.Contains(out.String(), "target=https://example.com/hook other=") {
		t.Errorf("line %s", out.String())
	}
}

func TestLevelAndFormat(t *testing.T) {
	var out strings.Builder
	log, err := observe.NewLogger(&out, "json", slog.LevelWarn)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("not shown")
	log.Warn("shown", "count", 3)
	var line struct {
		Msg   string
		Count int
	}
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil || line.Msg != "shown" || line.Count != 3 {
		t.Errorf("output %q: %+v, %v", out.String(), line, err)
	}
	if _, err := observe.NewLogger(&out, "xml", slog.LevelInfo); err == nil {
		t.Error("format xml was accepted")
	}
}
