package main

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"switchyard/internal/config"
)

// configFile is the flag --config: its file's settings come after flags and
// environment, and before defaults.
type configFile string

// BeforeResolve reads the file. It is judged as a whole: a name that is
// neither the command's nor the gateway's is an error, so that a misspelt
// setting does not go unnoticed, and one file serves every command.
func (configFile) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	path, ok := ctx.FlagValue(trace.Flag).(configFile)
	if !ok || path == "" {
		return nil
	}
	file, err := config.ReadFile(string(path))
	if err != nil {
		return err
	}
	flags := allowedFlags(ctx)
	for _, s := range file.Settings() {
		flag := flags[s.Name]
		if flag == nil {
			return fmt.Errorf("%s: %q is no setting", s.At, s.Name)
		}
		if err := checkSetting(flag, s); err != nil {
			return err
		}
	}
	ctx.AddResolver(&fileResolver{file})
	return nil
}

// allowedFlags gives the flags that a file may set, by name: those of the
// selected command before the gateway's.
func allowedFlags(ctx *kong.Context) map[string]*kong.Flag {
	flags := make(map[string]*kong.Flag)
	for _, node := range ctx.Model.Children {
		if node.Name == "serve" {
			addFlags(flags, node)
		}
	}
	if selected := ctx.Selected(); selected != nil {
		addFlags(flags, selected)
	}
	return flags
}

func addFlags(flags map[string]*kong.Flag, node *kong.Node) {
	for _, flag := range node.Flags {
		if flag.Name != "help" && flag.Name != "config" {
			flags[flag.Name] = flag
		}
	}
}

func checkSetting(flag *kong.Flag, s config.Setting) error {
	if err := s.Check(flag.Target.Type()); err != nil {
		return err
	}
	if words := flag.EnumSlice(); flag.Enum != "" && !slices.Contains(words, s.Value) {
		return fmt.Errorf("%s: %s: want one of %s", s.At, s.Name, strings.Join(words, ", "))
	}
	return nil
}

// fileResolver gives kong the settings of a file.
type fileResolver struct {
	file *config.File
}

var _ kong.Resolver = (*fileResolver)(nil)

// Validate has nothing to add to BeforeResolve.
func (*fileResolver) Validate(*kong.Application) error { return nil }

// Resolve gives the value of a flag that neither the command line nor the
// environment sets.
func (r *fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if environmentOf(flag) != "" {
		return nil, nil
	}
	s, ok := r.file.Setting(flag.Name)
	if !ok {
		return nil, nil
	}
	return s.Value, nil
}

// environmentOf gives the variable that sets a flag, or "".
func environmentOf(flag *kong.Flag) string {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return name
		}
	}
	return ""
}

// source says where the value of a flag comes from.
func source(ctx *kong.Context, flag *kong.Flag) string {
	for _, trace := range ctx.Path {
		switch {
		case trace.Flag == nil || trace.Flag.Value != flag.Value:
		case trace.Resolved:
			return "file"
		default:
			return "flag"
		}
	}
	if name := environmentOf(flag); name != "" {
		return name
	}
	return "default"
}

// shown is the value of a flag as it may be printed: secrets are masked.
func shown(flag *kong.Flag) string {
	text := fmt.Sprint(flag.Target.Interface())
	switch {
	case text == "":
		return "-"
	case !flag.Tag.Has("secret"):
		return text
	case flag.Tag.Get("secret") == "url":
		return maskedURL(text)
	}
	return "***"
}

// maskedURL leaves the password of a URL out.
func maskedURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "***"
	}
	if query := u.Query(); query.Has("password") { // PostgreSQL's other way to say it
		query.Set("password", "***")
		u.RawQuery = strings.ReplaceAll(query.Encode(), "%2A%2A%2A", "***")
	}
	return strings.ReplaceAll(u.Redacted(), ":xxxxx@", ":***@")
}
