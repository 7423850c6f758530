package channeltest

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
)

// bodies is a transport that watches whether answers are closed.
type bodies struct {
	next         *http.Transport
	opened, shut atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (b *bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	b.opened.Add(1)
	res.Body = &watched{ReadCloser: res.Body, shut: &b.shut}
	return res, nil
}

func (b *bodies) check(t *testing.T) {
	t.Helper()
	if opened, shut := b.opened.Load(), b.shut.Load(); opened != shut {
		t.Errorf("%d of %d answers were closed", shut, opened)
	}
}

// watched counts its first Close.
type watched struct {
	io.ReadCloser
	shut   *atomic.Int64
	closed bool
}

func (w *watched) Close() error {
	if !w.closed {
		w.closed = true
		w.shut.Add(1)
	}
	return w.ReadCloser.Close()
}
