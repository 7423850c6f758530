package floors

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestProseNamesPathsThatExist(t *testing.T) {
	wrong, err := checkProse(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range wrong {
		t.Error(complaint)
	}
}

func TestFilesNameNoPathsOfAMachine(t *testing.T) {
	wrong, err := checkMachinePaths(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range wrong {
		t.Error(complaint)
	}
}

func TestCheckProse(t *testing.T) {
	tree := fstest.MapFS{
		"README.md": {Data: []byte(strings.Join([]string{
			"[good](docs/guide.md) [anchor](docs/guide.md#start) [same](#here) [site](https://example.com/docs/no.md)",
			"[bad](docs/gone.md) ![bad](docs/gone.png \"title\")",
			"`internal/store` `./internal/store` `internal/store/db.go:12` `internal/gone` `internal/<name>` `go test ./...` `docs/*.md`",
			"`test/peers/node_modules`",
			"```sh", "cat `internal/fenced`", "[fenced](docs/fenced.md)", "```",
		}, "\n"))},
		"docs/guide.md":        {Data: []byte("[up](../README.md) [bad](guide/gone.md) [sibling](guide.md)\n[ref]: gone.md\n")},
		"docs/adr/0001.md":     {Data: []byte("[good](../guide.md) [bad](guide.md)")},
		"other/ignored.md":     {Data: []byte("[bad](gone.md)")},
		"internal/store/db.go": {},
	}
	got, err := checkProse(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"README.md: docs/gone.md does not exist",
		"README.md: docs/gone.png does not exist",
		"README.md: internal/gone does not exist",
		"docs/adr/0001.md: docs/adr/guide.md does not exist",
		"docs/guide.md: docs/gone.md does not exist",
		"docs/guide.md: docs/guide/gone.md does not exist",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckMachinePaths(t *testing.T) {
	// In pieces, or this file would be among the findings.
	bad := "/" + "work/main/x"
	tree := fstest.MapFS{
		"a.go":              {Data: []byte("// see " + bad)},
		"b.md":              {Data: []byte("x\n`/" + "home/me/x`")},
		"c.md":              {Data: []byte("https://example.com/work/main and ./work/main and /workers")},
		"d.bin":             {Data: []byte("\xff" + bad)},
		"node_modules/e.md": {Data: []byte(bad)},
		".git/f":            {Data: []byte(bad)},
	}
	got, err := checkMachinePaths(tree)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.go:1: names a path of one machine", "b.md:2: names a path of one machine"}, got); diff != "" {
		t.Error(diff)
	}
}

// checkProse returns the paths in the documentation that do not exist, sorted:
// targets of links, seen from their file, and code spans that begin with one of
// the repository's folders, seen from its root.
func checkProse(tree fs.FS) ([]string, error) {
	var wrong []string
	err := walkFiles(tree, func(name string, content []byte) {
		top := name == "README.md" || name == "CHANGELOG.md" || name == "AGENTS.md" || name == "CONTRIBUTING.md"
		if path.Ext(name) != ".md" || !top && !strings.HasPrefix(name, "docs/") {
			return
		}
		for _, named := range pathsNamedIn(name, string(content)) {
			if _, err := fs.Stat(tree, named); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %s does not exist", name, named))
			}
		}
	})
	slices.Sort(wrong)
	return slices.Compact(wrong), err
}

// pathsNamedIn returns paths from the root of the tree.
func pathsNamedIn(file, text string) []string {
	var (
		fence = regexp.MustCompile("(?ms)^ *```.*?^ *```")
		link  = regexp.MustCompile(`\]\(([^)\s]+)[^)]*\)|(?m)^\[[^\]]+\]:\s*(\S+)`)
		span  = regexp.MustCompile("`([^`\n]+)`")
		local = regexp.MustCompile(`^(\./)?((cmd|convapi|deploy|docs|internal|smpp|test|tools)/[\w./-]*\w)/?(:\d+)?$`)
	)
	var paths []string
	text = fence.ReplaceAllString(text, "")
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		target, _, _ := strings.Cut(match[1]+match[2], "#")
		if target == "" || strings.Contains(target, ":") || strings.HasPrefix(target, "/") {
			continue
		}
		paths = append(paths, path.Join(path.Dir(file), target))
	}
	for _, match := range span.FindAllStringSubmatch(text, -1) {
		if found := local.FindStringSubmatch(match[1]); found != nil && !strings.Contains(found[2], "node_modules") {
			paths = append(paths, found[2])
		}
	}
	return paths
}

// checkMachinePaths returns the lines of text files that name an absolute path
// which exists where the file was written and nowhere else.
func checkMachinePaths(tree fs.FS) ([]string, error) {
	machine := regexp.MustCompile(`(?m)(^|[\s"'(\[{=<` + "`" + `])/(work|root|home|Users)/`)
	var wrong []string
	err := walkFiles(tree, func(name string, content []byte) {
		if !utf8.Valid(content) {
			return // a binary: built here, or a picture
		}
		for _, at := range machine.FindAllIndex(content, -1) {
			line := 1 + strings.Count(string(content[:at[1]]), "\n")
			wrong = append(wrong, fmt.Sprintf("%s:%d: names a path of one machine", name, line))
		}
	})
	slices.Sort(wrong)
	return wrong, err
}

// walkFiles visits the files that are or could be in the repository.
func walkFiles(tree fs.FS, visit func(name string, content []byte)) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := path.Base(name); base == ".git" || base == "node_modules" || name == "bin" {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || name == ".git" { // a file, in a worktree of git
			return nil
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		visit(name, content)
		return nil
	})
}
