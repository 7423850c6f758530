// Package process tests the built binary from outside: as a client, a provider,
// a webhook and an operator meet it. It must not know anything inside.
package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the path of the program under test: built once by TestMain, unless
// SWITCHYARD_TEST_BINARY names another, such as one that is to be released.
var binary = os.Getenv("SWITCHYARD_TEST_BINARY")

func TestMain(m *testing.M) {
	if binary != "" {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "switchyard-process")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "switchyard")
	if out, err := exec.Command("go", "build", "-o", binary, "switchyard/cmd/switchyard").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// The first project of every gateway under test.
const (
	projectID = "3f2b8a8e-0000-4000-8000-000000000001"
	keyID     = "3f2b8a8e-0000-4000-8000-000000000002"
	keySecret = "correct-horse-battery"
)

// startTime is how long a gateway may take to say that it is ready, on a
// machine that is busy with other tests. It is shorter than the lease of a
// dead process, which must not be waited for.
const startTime = 12 * time.Second

// environment is that of the tests without settings of the gateway, and with
// these.
func environment(extra ...string) []string {
	var env []string
	for _, one := range os.Environ() {
		if !strings.HasPrefix(one, "SWITCHYARD_") && !strings.HasPrefix(one, "OTEL_") {
			env = append(env, one)
		}
	}
	return append(env, extra...)
}

// command is a run of the binary that is not waited for; its working directory
// is a new one.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = environment(env...)
	cmd.Dir = t.TempDir()
	return cmd
}

// run runs the binary to its end.
func run(t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := command(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("run %v: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// gateway is "switchyard serve" on addresses that stay the same over restarts.
// Only one goroutine may start and end it.
type gateway struct {
	t     testing.TB
	store string
	env   []string
	api   string // URL
	admin string // URL

	client *http.Client
	host   string // the name of a host of its own; "" is this one
	dir    string
	cmd    *exec.Cmd
	ready  chan bool
	ended  chan struct{}
	stderr *tail
}

// serve starts a gateway on that store, with these settings beside the
// harness's own, and waits until it is ready. It is killed with the test, and
// the end of its log is shown if the test failed.
func serve(t testing.TB, store string, env ...string) *gateway {
	t.Helper()
	g := newGateway(t, store, env...)
	g.start()
	return g
}

// newGateway is serve without the start.
func newGateway(t testing.TB, store string, env ...string) *gateway {
	g := &gateway{
		t: t, store: store, env: env, dir: t.TempDir(), stderr: &tail{},
		api: "http://" + freeAddress(t), admin: "http://" + freeAddress(t),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	t.Cleanup(func() {
		g.kill()
		g.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the gateway's log ended so:\n%s", g.stderr.String())
		}
	})
	return g
}

// start starts the gateway and waits until it is ready.
func (g *gateway) start() {
	g.t.Helper()
	g.launch()
	g.awaitReady()
}

// launch starts the gateway.
func (g *gateway) launch() {
	g.t.Helper()
	cmd := exec.Command(binary, "serve")
	if g.host != "" {
		// A host of its own, as far as its name goes: that the process has ended
		// is not seen from other hosts.
		cmd = exec.Command("sh", "-c", `hostname "$0" && exec "$@"`, g.host, binary, "serve")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	}
	cmd.Dir = g.dir
	cmd.Env = environment(append([]string{
		"SWITCHYARD_LISTEN=" + strings.TrimPrefix(g.api, "http://"),
		"SWITCHYARD_ADMIN_LISTEN=" + strings.TrimPrefix(g.admin, "http://"),
		"SWITCHYARD_STORE=" + g.store,
		"SWITCHYARD_ALLOW_PRIVATE_TARGETS=true",
		"SWITCHYARD_PROJECT_ID=" + projectID, "SWITCHYARD_KEY_ID=" + keyID, "SWITCHYARD_KEY_SECRET=" + keySecret,
	}, g.env...)...)
	cmd.Stderr = g.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	ready := make(chan bool, 1)
	ended := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if lines.Text() == "ready" {
				ready <- true
			}
		}
		// How it ended is read from the ProcessState.
		_ = cmd.Wait()
		close(ended)
	}()
	g.cmd, g.ready, g.ended = cmd, ready, ended
}

// awaitReady waits for a gateway that has been launched.
func (g *gateway) awaitReady() {
	g.t.Helper()
	select {
	case <-g.ready:
	case <-g.ended:
		g.t.Fatalf("the gateway ended before it was ready: %v\n%s", g.cmd.ProcessState, g.stderr.String())
	case <-time.After(startTime):
		g.t.Fatalf("the gateway was not ready in %s\n%s", startTime, g.stderr.String())
	}
}

// kill is kill -9; it returns when the process is gone. A gateway that has
// ended by itself fails the test, unless awaitEnd has seen it.
func (g *gateway) kill() {
	g.t.Helper()
	if g.cmd == nil {
		return
	}
	select {
	case <-g.ended:
		g.t.Errorf("the gateway has ended by itself: %v", g.cmd.ProcessState)
	default:
		_ = g.cmd.Process.Kill() // it may end by itself just now
		<-g.ended
	}
	g.cmd = nil
}

// awaitEnd waits for the process to end and gives its exit code.
func (g *gateway) awaitEnd(limit time.Duration) (code int) {
	g.t.Helper()
	select {
	case <-g.ended:
	case <-time.After(limit):
		g.t.Fatalf("the gateway did not end within %s", limit)
	}
	code = g.cmd.ProcessState.ExitCode()
	g.cmd = nil
	return code
}

// terminate sends SIGTERM and says how the process ended and how long that took.
func (g *gateway) terminate() (code int, took time.Duration) {
	g.t.Helper()
	begin := time.Now()
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		g.t.Fatalf("SIGTERM: %v", err)
	}
	code = g.awaitEnd(30 * time.Second)
	return code, time.Since(begin)
}

// answer is what the gateway said to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends one request to the API, with Basic authentication. path goes
// behind the project; body is marshalled, nil is none. An error means that
// there was no answer.
func (g *gateway) ask(ctx context.Context, method, path string, body any, header ...string) (answer, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, g.api+"/v1/projects/"+projectID+"/"+path, content)
	if err != nil {
		return answer{}, err
	}
	req.SetBasicAuth(keyID, keySecret)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := g.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, text}, err
}

// must is ask for what has to succeed; the answer goes into into, if not nil.
func (g *gateway) must(method, path string, body, into any, header ...string) {
	g.t.Helper()
	a, err := g.ask(g.t.Context(), method, path, body, header...)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != http.StatusOK {
		g.t.Fatalf("%s %s: status %d: %s", method, path, a.status, a.body)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			g.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
}

// freeAddress is a loopback address that nobody listens on. It lies below the
// ports that the kernel gives to clients: one of those, dialled while the
// gateway is down, can connect to itself and keep the gateway from its port.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(18_000))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 32 << 10 // bytes

// Write implements io.Writer.
func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p...)
	if over := len(w.text) - tailSize; over > tailSize {
		w.text = append(w.text[:0], w.text[over:]...)
	}
	return len(p), nil
}

// String gives what is kept.
func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text[max(0, len(w.text)-tailSize):])
}
