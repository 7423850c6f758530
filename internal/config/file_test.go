package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/config"
)

func writeFile(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want string // name=value@line …
		err  string // behind the file's path
	}{
		"settings":        {"# one\nlisten: 127.0.0.1:1\n\nkey-secret: \"0123\"\nbreaker-failures: 3\n", "listen=127.0.0.1:1@2 key-secret=0123@4 breaker-failures=3@5", ""},
		"empty":           {"", "", ""},
		"comments only":   {"# nothing\n", "", ""},
		"null":            {"~\n", "", ""},
		"twice":           {"listen: a\nstore: b\nlisten: c\n", "", ":3: listen is set before, at "},
		"no value":        {"store: x\nlisten:\n", "", ":2: listen has no value; leave the line out for the default"},
		"list":            {"listen: [a, b]\n", "", ":1: listen: want a single value"},
		"nested":          {"webhook:\n  timeout: 1s\n", "", ":2: webhook: want a single value"},
		"alias":           {"listen: &a x\nstore: *a\n", "", ":2: store: want a single value"},
		"a list at all":   {"- listen\n", "", ":1: want lines like listen: 127.0.0.1:8080"},
		"a word":          {"listen\n", "", ":1: want lines like listen: 127.0.0.1:8080"},
		"not yaml":        {"store: x\nlisten: a: b\n", "", ":2: not YAML: "},
		"not yaml at all": {"\x01", "", ":1: not YAML: "},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, test.text)
			file, err := config.ReadFile(path)
			if test.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), path+test.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v, want %s%s…", err, path, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range file.Settings() {
				got = append(got, s.Name+"="+s.Value+"@"+strings.TrimPrefix(s.At, path+":"))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadFileThatIsNotThere(t *testing.T) {
	if _, err := config.ReadFile(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("read")
	}
}

func TestSettingCheck(t *testing.T) {
	for name, test := range map[string]struct {
		value string
		like  reflect.Type
		want  string
	}{
		"text":               {"x", reflect.TypeFor[string](), ""},
		"text like a number": {"123", reflect.TypeFor[string](), ""},
		"time":               {"1m30s", reflect.TypeFor[time.Duration](), ""},
		"time without unit":  {"10", reflect.TypeFor[time.Duration](), "want a time like 10s or 5m"},
		"number":             {"10", reflect.TypeFor[int](), ""},
		"number as text":     {`"10"`, reflect.TypeFor[int](), "want a whole number"},
		"fraction":           {"1.5", reflect.TypeFor[int](), "want a whole number"},
		"number too great":   {"99999999999999999999", reflect.TypeFor[int](), "want a whole number"},
		"truth":              {"true", reflect.TypeFor[bool](), ""},
		"truth as text":      {`"true"`, reflect.TypeFor[bool](), "want true or false"},
		"yes":                {"yes", reflect.TypeFor[bool](), "want true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "s: "+test.value+"\n")
			file, err := config.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, found := file.Setting("s")
			if !found {
				t.Fatal("no setting s")
			}
			got := ""
			if err := s.Check(test.like); err != nil {
				got = strings.TrimPrefix(err.Error(), path+":1: s: ")
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
