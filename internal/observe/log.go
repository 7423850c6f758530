package observe

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
)

// NewLogger returns a logger that writes lines of the given format, "text" or
// "json", from level on to w.
//
// Secrets print as *** by type: convapi.Secret and convapi.SecretObject see to
// it themselves. For the types that carry secrets or contents without knowing
// it, the logger does: raw bytes and headers print as ***, URLs lose their
// credentials and query.
func NewLogger(w io.Writer, format string, level slog.Leveler) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, fmt.Errorf("log format is %q, want text or json", format)
	}
}

const masked = "***"

// redact has the signature of slog.HandlerOptions.ReplaceAttr.
func redact(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindAny {
		return a
	}
	switch v := a.Value.Any().(type) {
	case []byte, json.RawMessage, http.Header:
		a.Value = slog.StringValue(masked)
	case *url.URL:
		a.Value = slog.StringValue(bareURL(v))
	}
	return a
}

// bareURL leaves out the parts of a URL where credentials are put.
func bareURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return bare.String()
}
