package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// parse reads a command line, as main does.
func parse(t *testing.T, args ...string) (*commands, *kong.Context, error) {
	t.Helper()
	var cli commands
	parser, err := newParser(&cli)
	if err != nil {
		t.Fatal(err)
	}
	line, err := parser.Parse(args)
	return &cli, line, err
}

// eachFlag visits the flags of all commands.
func eachFlag(t *testing.T, visit func(command string, flag *kong.Flag)) {
	t.Helper()
	parser, err := newParser(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range parser.Model.Flags {
		visit("", flag)
	}
	for _, node := range parser.Model.Children {
		for _, flag := range node.Flags {
			visit(node.Name, flag)
		}
	}
}

func TestEveryFlagHasItsEnvironmentTwin(t *testing.T) {
	eachFlag(t, func(command string, flag *kong.Flag) {
		want := "SWITCHYARD_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		switch {
		case flag.Name == "help":
		case len(flag.Envs) != 1 || flag.Envs[0] != want:
			t.Errorf("%s --%s: environment %q, want %s", command, flag.Name, flag.Envs, want)
		case strings.TrimSpace(flag.Help) == "":
			t.Errorf("%s --%s: no help", command, flag.Name)
		}
	})
}

// A value for each of a gateway's flags, other than the default.
func otherValue(flag *kong.Flag) string {
	switch {
	case flag.IsBool():
		return "true"
	case flag.Name == "store":
		return "sqlite:other.db"
	case flag.Name == "public-url":
		return "http://example.com"
	case flag.Enum != "":
		words := flag.EnumSlice()
		return words[len(words)-1] // no default is the last of its words
	case strings.HasSuffix(flag.Name, "listen"):
		return "127.0.0.1:0"
	case flag.Target.Type().String() == "time.Duration":
		return map[bool]string{true: "90h0m0s", false: "2s"}[strings.HasSuffix(flag.Name, "cap")]
	case flag.Target.Type().String() == "config.Size":
		return "7GiB"
	case flag.Target.Type().String() == "int":
		return "7"
	}
	return "other"
}

// Each of the gateway's settings can come from each place.
func TestSettingsFromEverywhere(t *testing.T) {
	var flags []*kong.Flag
	eachFlag(t, func(command string, flag *kong.Flag) {
		if command == "check-config" {
			flags = append(flags, flag)
		}
	})
	if len(flags) < 15 {
		t.Fatalf("%d flags", len(flags))
	}
	for _, place := range []string{"flag", "environment", "file"} {
		t.Run(place, func(t *testing.T) {
			args := []string{"check-config"}
			var file strings.Builder
			for _, flag := range flags {
				value := otherValue(flag)
				switch place {
				case "flag":
					args = append(args, "--"+flag.Name+"="+value)
				case "environment":
					t.Setenv(flag.Envs[0], value)
				case "file":
					file.WriteString(flag.Name + ": " + value + "\n")
				}
			}
			if place == "file" {
				args = append(args, "--config", writeSettings(t, file.String()))
			}
			_, line, err := parse(t, args...)
			if err != nil {
				t.Fatal(err)
			}
			for _, flag := range line.Selected().Flags {
				want := map[string]string{"flag": "flag", "environment": flag.Envs[0], "file": "file"}[place]
				if got := flag.Target.String(); flag.Target.Kind().String() == "string" && got != otherValue(flag) {
					t.Errorf("%s is %q, want %q", flag.Name, got, otherValue(flag))
				}
				if got := source(line, flag); got != want {
					t.Errorf("%s comes from %q, want %q", flag.Name, got, want)
				}
			}
		})
	}
}

func writeSettings(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A flag goes before the environment, which goes before the file, which goes
// before the default.
func TestPrecedence(t *testing.T) {
	const name = "SWITCHYARD_PROJECT_ID"
	path := writeSettings(t, "project-id: from-file\nbreaker-failures: 3\n")
	for _, test := range []struct {
		flag, environment, want string
		file                    bool
	}{
		{"from-flag", "from-environment", "from-flag", true},
		{"", "from-environment", "from-environment", true},
		{"", "", "from-file", true},
		{"", "", "", false},
	} {
		t.Run(test.want, func(t *testing.T) {
			args := []string{"serve"}
			if test.flag != "" {
				args = append(args, "--project-id", test.flag)
			}
			if test.environment != "" {
				t.Setenv(name, test.environment)
			}
			if test.file {
				t.Setenv("SWITCHYARD_CONFIG", path)
			}
			cli, _, err := parse(t, args...)
			if err != nil {
				t.Fatal(err)
			}
			if cli.Serve.ProjectID != test.want {
				t.Errorf("got %q, want %q", cli.Serve.ProjectID, test.want)
			}
			if want := map[bool]int{true: 3, false: 10}[test.file]; cli.Serve.BreakerFailures != want {
				t.Errorf("breaker-failures %d, want %d", cli.Serve.BreakerFailures, want)
			}
		})
	}
}

// The gateway's file does for the other commands, with the settings that they
// share; a command's own names are good in its file only.
func TestFileOfAnotherCommand(t *testing.T) {
	cli, _, err := parse(t, "migrate", "--config", writeSettings(t, "store: sqlite:a.db\nwebhook-timeout: 2s\n"))
	if err != nil {
		t.Fatal(err)
	}
	if cli.Migrate.Store != "sqlite:a.db" {
		t.Errorf("store %q", cli.Migrate.Store)
	}
	own := writeSettings(t, "graph-listen: 127.0.0.1:0\n")
	if _, _, err := parse(t, "simulate", "--config", own); err != nil {
		t.Error(err)
	}
	if _, _, err := parse(t, "serve", "--config", own); err == nil || !strings.HasSuffix(err.Error(), `settings.yaml:1: "graph-listen" is no setting`) {
		t.Errorf("serve with graph-listen: %v", err)
	}
}

func TestMaskedURL(t *testing.T) {
	for text, want := range map[string]string{
		"sqlite:switchyard.db":                       "sqlite:switchyard.db",
		"sqlite:/var/lib/switchyard/a.db":            "sqlite:/var/lib/switchyard/a.db",
		"postgres://h/d":                             "postgres://h/d",
		"postgres://u@h/d":                           "postgres://u@h/d",
		"postgres://u:hunter2@h:5432/d":              "postgres://u:***@h:5432/d",
		"postgres://u:hunter2@h/d?password=hunter2":  "postgres://u:***@h/d?password=***",
		"postgres://h/d?password=hunter2&sslmode=no": "postgres://h/d?password=***&sslmode=no",
		"postgres://u:hunter2@h:x/d":                 "***",
	} {
		if got := maskedURL(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}

// Help is what people read first: its whole text is looked at when it changes.
// UPDATE=1 writes it anew.
func TestServeHelp(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	var cli commands
	parser, err := newParser(&cli)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	parser.Stdout = &out
	ended := false
	parser.Exit = func(code int) { ended = code == 0 }
	if _, err := parser.Parse([]string{"serve", "--help"}); err != nil || !ended {
		t.Fatalf("help ended: %v, error: %v", ended, err)
	}
	const golden = "testdata/serve-help.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Error(diff)
	}
}

// No line of any command's help is wider than a terminal.
func TestHelpFitsTerminals(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	parser, err := newParser(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range parser.Model.Children {
		var out bytes.Buffer
		parser.Stdout = &out
		parser.Exit = func(int) {}
		if _, err := parser.Parse([]string{node.Name, "--help"}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if len([]rune(line)) > 81 {
				t.Errorf("%s: %q is %d wide", node.Name, line, len([]rune(line)))
			}
		}
	}
}
