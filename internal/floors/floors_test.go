package floors

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const (
	module = "switchyard"
	root   = "../.."
)

func TestImportsGoDown(t *testing.T) {
	sources, err := readSources(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Fatal("no sources found")
	}
	for _, wrong := range check(building(), sources) {
		t.Error(wrong)
	}
}

// The checker itself, on a module that breaks each rule once.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	files := map[string]string{
		"convapi/good.go":                `import "encoding/json"`,
		"convapi/bad.go":                 `import "github.com/google/go-cmp/cmp"`,
		"smpp/bad.go":                    `import "switchyard/smpp/coding"`,
		"smpp/coding/good.go":            `import "switchyard/smpp"`,
		"smpp/good_test.go":              `import "switchyard/smpp/coding"`,
		"internal/breaker/bad.go":        `import "math/rand/v2"`,
		"internal/backoff/bad.go":        "import \"time\"\nfunc f() time.Time { return time.Now() }",
		"internal/backoff/good.go":       "import \"time\"\nfunc f() time.Time { return time.Time{} }",
		"internal/routing/bad.go":        `import "switchyard/internal/transcode"`,
		"internal/transcode/good.go":     `import "switchyard/convapi"`,
		"internal/channel/sms/good.go":   `import "switchyard/internal/channel/rest"`,
		"internal/channel/sms/bad.go":    `import "switchyard/internal/channel/rcs"`,
		"internal/channel/rcs/good.go":   `import "switchyard/smpp"`,
		"internal/channel/rest/good.go":  `import "switchyard/internal/dial"`,
		"internal/dial/good.go":          `import "net"`,
		"internal/store/bad.go":          `import "switchyard/internal/store/storetest"`,
		"internal/store/up.go":           `import "switchyard/internal/engine"`,
		"internal/store/storetest/f.go":  `import "switchyard/internal/store"`,
		"internal/engine/gone.go":        `import "switchyard/internal/helpers"`,
		"internal/helpers/bad.go":        ``,
		"internal/channel/sms/deep/b.go": ``,
		"internal/app/bad.go":            `import "switchyard/internal/channel/all"`,
		"internal/channel/all/good.go":   `import "switchyard/internal/channel/sms"`,
		"cmd/switchyard/good.go":         `import "switchyard/internal/app"`,
		"test/load/good.go":              `import "switchyard/internal/app"`,
		"internal/store/good_test.go":    `import "switchyard/internal/store/storetest"`,
		"tools/go.mod":                   "module tools",
		"tools/ignored.go":               `import "switchyard/internal/app"`,
		"internal/x/testdata/bad.go":     `import "switchyard/internal/app"`,
	}
	tree := fstest.MapFS{}
	for name, content := range files {
		if strings.HasSuffix(name, ".go") {
			content = "package p\n" + content
		}
		tree[name] = &fstest.MapFile{Data: []byte(content)}
	}
	sources, err := readSources(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"convapi/bad.go: imports github.com/google/go-cmp/cmp, but the ground has the standard library and golang.org/x only",
		"internal/app/bad.go: imports internal/channel/all, which is not on a lower floor (7 wiring → 7 wiring)",
		"internal/backoff/bad.go: calls time.Now, but rules are told the time",
		"internal/breaker/bad.go: imports math/rand/v2, but rules are pure",
		"internal/channel/sms/bad.go: imports internal/channel/rcs, which is not on a lower floor (4 devices → 4 devices)",
		"internal/channel/sms/deep/b.go: package internal/channel/sms/deep is on no floor",
		"internal/engine/gone.go: imports internal/helpers, which is on no floor",
		"internal/helpers/bad.go: package internal/helpers is on no floor",
		"internal/routing/bad.go: imports internal/transcode, which is not on a lower floor (2 rules → 2 rules)",
		"internal/store/bad.go: imports internal/store/storetest, which serves tests only",
		"internal/store/up.go: imports internal/engine, which is not on a lower floor (4 devices → 5 engine)",
		"smpp/bad.go: imports smpp/coding, which is not on a lower floor (0 ground → 0 ground)",
	}
	if diff := cmp.Diff(want, check(building(), sources)); diff != "" {
		t.Error(diff)
	}
}

// source is what the rules look at in one file.
type source struct {
	file    string // path within the module
	pkg     string // import path within the module
	test    bool
	imports []string
	clock   []string // functions of package time that it calls
}

// check returns what is wrong, sorted. Test files may import anything; that
// they make no cycle is the compiler's business.
func check(floors []floor, sources []source) []string {
	var wrong []string
	for _, s := range sources {
		if isBeside(s.pkg) {
			continue
		}
		at := find(floors, s.pkg)
		if at < 0 {
			wrong = append(wrong, fmt.Sprintf("%s: package %s is on no floor", s.file, s.pkg))
			continue
		}
		if s.test {
			continue
		}
		for _, imported := range s.imports {
			if complaint := checkImport(floors, at, imported); complaint != "" {
				wrong = append(wrong, fmt.Sprintf("%s: imports %s", s.file, complaint))
			}
		}
		for _, function := range s.clock {
			if floors[at].name == rules && slices.Contains(clock(), function) {
				wrong = append(wrong, fmt.Sprintf("%s: calls time.%s, but rules are told the time", s.file, function))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

func checkImport(floors []floor, at int, imported string) string {
	pkg, own := strings.CutPrefix(imported, module+"/")
	if !own {
		switch {
		case floors[at].name == ground && !standard(imported):
			return imported + ", but the ground has the standard library and golang.org/x only"
		case floors[at].name == rules && slices.Contains(impure(), imported):
			return imported + ", but rules are pure"
		}
		return ""
	}
	if isBeside(pkg) {
		return pkg + ", which serves tests only"
	}
	target := find(floors, pkg)
	switch {
	case target < 0:
		return pkg + ", which is on no floor"
	case target >= at:
		return fmt.Sprintf("%s, which is not on a lower floor (%s → %s)", pkg, floors[at].name, floors[target].name)
	}
	return ""
}

// standard reports whether an import is of the standard library, whose paths
// have no dot in their first element, or of its extension.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") || strings.HasPrefix(imported, "golang.org/x/")
}

// readSources parses every Go file of the module in tree.
func readSources(tree fs.FS) ([]source, error) {
	var sources []source
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(tree, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		s, err := readSource(tree, name)
		sources = append(sources, s)
		return err
	})
	return sources, err
}

// skipDir leaves out what the go command leaves out too: other modules,
// testdata, hidden folders.
func skipDir(tree fs.FS, name string) error {
	base := path.Base(name)
	if name == "." {
		return nil
	}
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(tree, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func readSource(tree fs.FS, name string) (source, error) {
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return source{}, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	s := source{file: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, fmt.Errorf("%s: %w", name, err)
		}
		s.imports = append(s.imports, imported)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && x.Name == "time" {
				s.clock = append(s.clock, selector.Sel.Name)
			}
		}
		return true
	})
	return s, nil
}
