package process

import (
	"net/http"
	"testing"

	"switchyard/internal/store/storetest"
)

// A gateway that said ready answers, survives kill -9, and ends with 0 after
// SIGTERM; its store knows the project each time.
func TestServe(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) {
		g := serve(t, engine.URL(t))
		g.must(http.MethodGet, "apps", nil, nil)
		g.kill()
		g.start()
		g.must(http.MethodGet, "apps", nil, nil)
		if code, took := g.terminate(); code != 0 {
			t.Errorf("exit code %d after SIGTERM (%s)", code, took)
		}
	})
}
