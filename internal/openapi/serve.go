package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// Handler serves /openapi.yaml, /openapi.json, the same of the Batch API as
// /openapi-batch.yaml and /openapi-batch.json, and the page /docs. They are made at
// the first request, of what is in the program.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /openapi.yaml", served("application/yaml", inYAML(assembleAPI)))
	mux.Handle("GET /openapi.json", served("application/json", JSON))
	mux.Handle("GET /openapi-batch.yaml", served("application/yaml", inYAML(assembleBatch)))
	mux.Handle("GET /openapi-batch.json", served("application/json", BatchJSON))
	docs := served("text/html; charset=utf-8", renderPage)
	mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", stylePolicy())
		docs.ServeHTTP(w, r)
	})
	mux.Handle("GET /docs/", http.RedirectHandler("/docs", http.StatusMovedPermanently))
	return mux
}

// inYAML renders what is assembled.
func inYAML(assembled func() (*yaml.Node, error)) func() ([]byte, error) {
	return func() ([]byte, error) {
		root, err := assembled()
		if err != nil {
			return nil, err
		}
		return asYAML(root)
	}
}

// served answers with what content gives, which never changes.
func served(kind string, content func() ([]byte, error)) http.Handler {
	made := sync.OnceValues(func() (page, error) {
		body, err := content()
		sum := sha256.Sum256(body)
		return page{body: body, tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, err
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := made()
		if err != nil { // which a test would have found
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Etag", p.tag)
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
	})
}

type page struct {
	body []byte
	tag  string // of HTTP, for those who have it already
}
