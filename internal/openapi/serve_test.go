package openapi

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"testing"

	"go.yaml.in/yaml/v3"
)

func get(t *testing.T, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

// Both forms say the same, and a reader that has one already is told so.
func TestServed(t *testing.T) {
	asYAML, asJSON := get(t, "/openapi.yaml"), get(t, "/openapi.json")
	if asYAML.Code != 200 || asYAML.Header().Get("Content-Type") != "application/yaml" {
		t.Errorf("yaml: %d, %v", asYAML.Code, asYAML.Header())
	}
	if asJSON.Code != 200 || asJSON.Header().Get("Content-Type") != "application/json" {
		t.Errorf("json: %d, %v", asJSON.Code, asJSON.Header())
	}
	var one, other any
	if err := yaml.Unmarshal(asYAML.Body.Bytes(), &one); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(asJSON.Body.Bytes(), &other); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, other) {
		t.Error("the YAML and the JSON differ")
	}
	if again := get(t, "/openapi.json", "If-None-Match", asJSON.Header().Get("Etag")); again.Code != 304 {
		t.Errorf("asked with the tag: %d", again.Code)
	}
	if missing := get(t, "/openapi.xml"); missing.Code != 404 {
		t.Errorf("another form: %d", missing.Code)
	}
}
