package channeltest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// sharedDir finds the folder "shared" with test data: $SWITCHYARD_SHARED, or
// beside the repository. The test is skipped where there is none.
func sharedDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("SWITCHYARD_SHARED"); dir != "" {
		return dir
	}
	shared := filepath.Join(RepoRoot(t), "..", "shared")
	if _, err := os.Stat(shared); err != nil {
		t.Skip("no test data: set SWITCHYARD_SHARED to the folder that has channels/specs")
	}
	return shared
}

// RepoRoot is the folder of go.mod.
func RepoRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// Spec is a provider's OpenAPI description.
type Spec struct {
	Doc    *openapi3.T
	router routers.Router
}

// LoadSpec reads channels/specs/<name> of the shared test data and lets every
// host stand for the provider's.
func LoadSpec(t testing.TB, name string) *Spec {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(sharedDir(t), "channels", "specs", name))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &Spec{Doc: doc, router: router}
}

// Validate fails the test for every request that is not as described, before it
// gives it to next.
func (s *Spec) Validate(t testing.TB, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
			return
		}
		checked := r.Clone(r.Context())
		checked.Body = io.NopCloser(bytes.NewReader(body))
		checked.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		route, params, err := s.router.FindRoute(checked)
		if err != nil {
			t.Errorf("%s %s is not in the description: %v", r.Method, r.URL.Path, err)
		} else if err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
			Request: checked, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		}); err != nil {
			t.Errorf("%s %s with %s: %v", r.Method, r.URL.Path, body, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
