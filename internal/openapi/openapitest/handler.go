package openapitest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// Handler fails the test for every request to the API that next accepts, and every
// answer to one, that is not as described.
func Handler(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	checker, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first, _, _ := strings.Cut(strings.TrimLeft(r.URL.Path, "/"), "/"); first != "v1" && first != "v2" && first != "oauth2" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read a request: %v", err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		err = checker.Check(Exchange{
			Method: r.Method, URL: r.URL, Header: r.Header, Body: body,
			Status: recorded.Code, Reply: recorded.Header(), Answer: recorded.Body.Bytes(),
		})
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		if _, err := w.Write(recorded.Body.Bytes()); err != nil {
			t.Logf("the client has gone: %v", err)
		}
	})
}

// Proxy stands before a gateway and looks at what passes; see Handler. It gives
// its own address.
func Proxy(t testing.TB, gateway string) string {
	t.Helper()
	target, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(Handler(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}))
	t.Cleanup(server.Close)
	return server.URL
}
