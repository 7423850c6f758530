// Package peers finds and runs, for tests, the programs in this folder that we did not write. Tests that need one which is not installed are skipped
// with a word about it. Only tests may import it.
package peers

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Dir gives this folder's path, and skips the test when node or the packages are not installed.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
	dir = filepath.Join(dir, "test", "peers")
	if !exists(filepath.Join(dir, "node_modules")) {
		t.Skip("node packages are not installed: run npm ci --ignore-scripts in test/peers")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Run runs a script of this folder with this input and gives its output.
func Run(t testing.TB, script string, stdin []byte, args ...string) []byte {
	t.Helper()
	dir := Dir(t)
	cmd := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join(dir, script)}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, complaints.String())
	}
	return out
}

// Start starts a script of this folder and waits for its first line of output, which it returns. The process ends with the test.
func Start(t testing.TB, script string, env ...string) (ready string) {
	t.Helper()
	dir := Dir(t)
	cmd := exec.Command("node", filepath.Join(dir, script))
	cmd.Env = append(os.Environ(), env...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
	})
	ready, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("%s ended before it was ready: %v\n%s", script, err, complaints.String())
	}
	return strings.TrimSpace(ready)
}
