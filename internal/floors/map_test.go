package floors

import "strings"

// floor is a row of packages that may import the rows above it in this list
// and nothing else of this module: not what lies below, nor each other.
type floor struct {
	name     string
	packages []string // import paths within the module; "/*" stands for any one folder
}

// building lists the floors from the ground up; docs and reviews speak of them
// by name. Halves are floors of their own.
func building() []floor {
	return []floor{
		{ground, []string{"convapi", "smpp"}},
		{ground, []string{"smpp/coding"}},
		{"1 vocabulary", []string{"internal/gateway"}},
		{rules, []string{"internal/backoff", "internal/breaker", "internal/consent", "internal/pace", "internal/redact", "internal/routing", "internal/template", "internal/transcode"}},
		{rules, []string{"internal/lifecycle"}},
		{"2½ dialling", []string{"internal/dial"}},
		{"3 contracts", []string{"internal/channel", "internal/config", "internal/observe"}},
		{"3½ plumbing of channels", []string{"internal/channel/rest"}},
		{"3½ plumbing of channels", []string{"internal/channel/meta"}},
		{"4 devices", []string{"internal/sim/fault"}},
		{"4 devices", []string{"internal/sim/journal", "internal/sim/notify"}},
		{"4 devices", []string{"internal/store", "internal/webhook", "internal/channel/*", "internal/sim/*"}},
		{"4 devices", []string{"internal/sim"}},
		{"4½ delivery", []string{"internal/delivery"}},
		{"5 engine", []string{"internal/engine"}},
		{"6 surfaces", []string{"internal/httpapi", "internal/ingress", "internal/inbox", "internal/dashboard", "internal/openapi"}},
		{"7 wiring", []string{"internal/app", "internal/channel/all"}},
		{"7½ programs", []string{"internal/bench", "internal/demo"}},
		{"8 door", []string{"cmd/switchyard"}},
	}
}

// The floors with rules of their own: the ground imports the standard library
// and golang.org/x only, for it is what others may use on its own; the rules
// are pure.
const (
	ground = "0 ground"
	rules  = "2 rules"
)

// beside lists the packages that serve tests. They may import anything, and
// only tests may import them.
func beside() []string {
	return []string{"internal/floors", "internal/channel/channeltest", "internal/store/storetest", "internal/openapi/openapitest", "test", "test/..."}
}

// impure lists the imports by which a rule would get at input, output or
// chance.
func impure() []string {
	return []string{
		"crypto/rand", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2",
		"net", "net/http", "os", "os/exec", "path/filepath", "syscall",
	}
}

// clock lists the functions of package time by which a rule would get at the
// time instead of being told.
func clock() []string {
	return []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
}

// find returns the index of the floor of a package, or -1. A package that is
// named beats a pattern.
func find(floors []floor, pkg string) int {
	pattern := -1
	for i, f := range floors {
		for _, p := range f.packages {
			if p == pkg {
				return i
			}
			if matches(p, pkg) {
				pattern = i
			}
		}
	}
	return pattern
}

func isBeside(pkg string) bool {
	for _, p := range beside() {
		if p == pkg || matches(p, pkg) {
			return true
		}
	}
	return false
}

func matches(pattern, pkg string) bool {
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(pkg, parent+"/")
	}
	parent, ok := strings.CutSuffix(pattern, "/*")
	if !ok {
		return false
	}
	rest, ok := strings.CutPrefix(pkg, parent+"/")
	return ok && !strings.Contains(rest, "/")
}
