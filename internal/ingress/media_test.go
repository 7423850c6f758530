package ingress_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"switchyard/internal/channel"
)

// Media implements channel.MediaSource: one file, and one that the provider
// has lost.
func (faulty) Media(_ context.Context, ref string) (channel.Media, error) {
	switch ref {
	case "photo":
		return channel.Media{ContentType: "image/jpeg", Size: 5, Body: io.NopCloser(strings.NewReader("bytes"))}, nil
	case "lost":
		return channel.Media{}, &channel.Failure{Verdict: channel.Refuse, Err: errors.New("gone")}
	}
	return channel.Media{}, channel.ErrNoMedia
}

// A file that somebody sent is passed on, and cannot run in a browser in the
// place of our own pages.
func TestMediaIsPassedOn(t *testing.T) {
	f := newFixture(t)
	w := f.do(http.MethodGet, "/channels/{app}/LINE/media/photo", nil)
	if w.Code != http.StatusOK || w.Body.String() != "bytes" {
		t.Fatalf("%d %q", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Content-Length": "5", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "sandbox", "Content-Disposition": "attachment",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestMediaThatCannotBeHad(t *testing.T) {
	f := newFixture(t)
	for target, want := range map[string]int{
		"/channels/{app}/LINE/media/forged":             http.StatusNotFound,
		"/channels/{app}/LINE/media/lost":               http.StatusBadGateway,
		"/channels/{app}/TELEGRAM/media/photo":          http.StatusNotFound, // not a channel of the app
		"/channels/{app}/WHATSAPP/media/1.2":            http.StatusNotFound, // not signed by the account
		"/channels/" + unknown + "/LINE/media/a":        http.StatusNotFound,
		"/channels/{app}/LINE/media/photo?credential=1": http.StatusNotFound,
	} {
		if w := f.do(http.MethodGet, target, nil); w.Code != want {
			t.Errorf("%s: %d %s, want %d", target, w.Code, w.Body, want)
		}
	}
}
