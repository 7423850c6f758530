package process

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/webhook"
)

// Whoever gets a setting wrong sees one line that says which, and exit code 2.
func TestWrongSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(file, []byte("# mine\nlisten: 127.0.0.1:0\nlisten-adress: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"no command":          {nil, nil, "--help"},
		"unknown command":     {nil, []string{"server"}, `"serve"`},
		"unknown flag":        {nil, []string{"serve", "--frobnicate"}, "--frobnicate"},
		"bad flag":            {nil, []string{"serve", "--webhook-timeout", "soon"}, "--webhook-timeout"},
		"bad environment":     {[]string{"SWITCHYARD_BREAKER_FAILURES=many"}, []string{"serve"}, "SWITCHYARD_BREAKER_FAILURES"},
		"bad word":            {[]string{"SWITCHYARD_LOG_FORMAT=xml"}, []string{"serve"}, "--log-format"},
		"bad address":         {nil, []string{"serve", "--listen", "8080"}, "--listen"},
		"bad store":           {nil, []string{"migrate", "--store", "mysql://h/d"}, "--store"},
		"two at once":         {nil, []string{"serve", "--listen", "8080", "--webhook-timeout", "0s"}, "; --webhook-timeout"},
		"unknown name":        {nil, []string{"serve", "--config", file}, file + `:3: "listen-adress" is no setting`},
		"no file":             {[]string{"SWITCHYARD_CONFIG=none.yaml"}, []string{"check-config"}, "none.yaml"},
		"check-config, wrong": {nil, []string{"check-config", "--key-id", "x"}, "--key-secret"},
		"demo":                {nil, []string{"demo", "--inbox-listen", "x"}, "--inbox-listen"},
		"simulate":            {nil, []string{"simulate", "--smsc-password", "much too long"}, "--smsc-password"},
		"listen":              {nil, []string{"listen", "--answer", "1"}, "--answer"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, test.env, test.args...)
			if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 2 and one line with %q", code, stdout, stderr, test.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	stdout, stderr, code := run(t, nil, "version")
	if code != 0 || !strings.HasPrefix(stdout, "switchyard ") || stderr != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// check-config shows what is in force and where it comes from, and no secret.
func TestCheckConfig(t *testing.T) {
	stdout, stderr, code := run(t, []string{
		"SWITCHYARD_STORE=postgres://u:hunter2@127.0.0.1/d", "SWITCHYARD_KEY_ID=k", "SWITCHYARD_KEY_SECRET=hunter2", "SWITCHYARD_ADMIN_PASSWORD=hunter2",
	}, "check-config", "--webhook-timeout", "3s")
	if code != 0 || stderr != "" || strings.Contains(stdout, "hunter2") {
		t.Errorf("exit code %d, stderr %q, stdout:\n%s", code, stderr, stdout)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(stdout) {
		if fields := strings.Fields(line); len(fields) == 3 {
			rows[fields[0]] = fields[1] + " " + fields[2]
		}
	}
	for name, want := range map[string]string{
		"store":           "postgres://u:***@127.0.0.1/d SWITCHYARD_STORE",
		"key-secret":      "*** SWITCHYARD_KEY_SECRET",
		"webhook-timeout": "3s flag",
		"listen":          "127.0.0.1:8080 default",
	} {
		if rows[name] != want {
			t.Errorf("%s is shown as %q, want %q", name, rows[name], want)
		}
	}
}

// migrate makes a store that serve takes, and may be repeated.
func TestMigrate(t *testing.T) {
	store := "sqlite:" + filepath.Join(t.TempDir(), "m.db")
	for range 2 {
		if stdout, stderr, code := run(t, nil, "migrate", "--store", store); code != 0 {
			t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
		}
	}
	serve(t, store).must(http.MethodGet, "apps", nil, nil)
}

// An address that another program has is named together with the flag that
// chooses another one.
func TestAddressTaken(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	address := other.Addr().String()
	for flag, args := range map[string][]string{
		"--listen":       {"serve", "--admin-listen", "127.0.0.1:0"},
		"--admin-listen": {"serve", "--listen", "127.0.0.1:0"},
		"--graph-listen": append([]string{"demo"}, without(demoAddresses(), "--graph-listen=")...),
		"--inbox-listen": append([]string{"demo"}, without(demoAddresses(), "--inbox-listen=")...),
	} {
		_, stderr, code := run(t, nil, append(args, flag, address)...)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, address+" is taken") || !strings.Contains(stderr, flag) {
			t.Errorf("%s: exit code %d, stderr %q", flag, code, stderr)
		}
	}
}

func without(args []string, prefix string) (rest []string) {
	for _, arg := range args {
		if !strings.HasPrefix(arg, prefix) {
			rest = append(rest, arg)
		}
	}
	return rest
}

// The first start on an empty store prints a project and a key that work, and
// the next one does not.
func TestServePrintsItsFirstKeyOnce(t *testing.T) {
	store := "sqlite:" + filepath.Join(t.TempDir(), "f.db")
	printed := make(map[string]string)
	for start := range 2 {
		p := startProgram(t, "serve", "--store", store, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
		if start == 1 {
			if p.intro("key secret ") != "" || p.intro("project id ") != "" {
				t.Errorf("printed again:\n%s", strings.Join(p.before, "\n"))
			}
		} else {
			for _, name := range []string{"project id", "key id", "key secret"} {
				value, _, _ := strings.Cut(strings.TrimSpace(p.intro(name)), " ")
				printed[name] = value
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSpace(p.intro("api"))+"/v1/projects/"+printed["project id"]+"/apps", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(printed["key id"], printed["key secret"])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("start %d: status %d with %v", start+1, res.StatusCode, printed)
		}
		p.terminate()
	}
}

// A provider that does not answer keeps a gateway from ending no longer than
// operators and orchestrators wait: 10 s.
func TestTerminateWithSendsInFlight(t *testing.T) {
	const sends = 5
	arrived, release := make(chan struct{}, sends), make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer provider.Close()
	defer close(release)
	g := serve(t, "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
	var app convapi.App
	g.must(http.MethodPost, "apps", map[string]any{
		"display_name": "Hanging",
		"channel_credentials": []any{map[string]any{
			"channel": "WHATSAPP", "static_bearer": map[string]string{"claimed_identity": "1", "token": "x"}, "provider_url": provider.URL,
		}},
	}, &app)
	for i := range sends {
		g.must(http.MethodPost, "messages:send", map[string]any{
			"app_id":    app.ID,
			"recipient": map[string]any{"identified_by": map[string]any{"channel_identities": []any{map[string]string{"channel": "WHATSAPP", "identity": "4670000000" + string(rune('1'+i))}}}},
			"message":   map[string]any{"text_message": map[string]string{"text": "hang"}},
		}, nil)
	}
	for range sends {
		select {
		case <-arrived:
		case <-time.After(lineTime):
			t.Fatal("the sends did not reach the provider")
		}
	}
	if code, took := g.terminate(); code != 0 || took > 10*time.Second {
		t.Errorf("exit code %d after %s, want 0 within 10 s", code, took)
	}
}

// demoAddresses are flags that keep demos from each other and from anything
// else on the machine.
func demoAddresses() []string {
	var args []string
	for _, flag := range []string{"listen", "admin-listen", "batch-listen", "inbox-listen", "smsc-listen", "smsc-control-listen", "graph-listen", "botapi-listen"} {
		args = append(args, "--"+flag+"=127.0.0.1:0")
	}
	return args
}

// The demo shows what it promises: its one curl, as printed, makes a message
// that WhatsApp refuses and SMS delivers. Afterwards nothing is left.
func TestDemo(t *testing.T) {
	needShell(t)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	p := startProgram(t, append([]string{"demo"}, demoAddresses()...)...)
	p.fallBack()
	p.terminate()
	if stderr := p.stderr.String(); stderr != "" {
		t.Errorf("standard error: %s", stderr)
	}
	left, err := os.ReadDir(temporary)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
}

// A demo with a store finds its project again, with the same app and contacts,
// and points them to its new simulated providers and inbox.
func TestDemoWithStore(t *testing.T) {
	needShell(t)
	args := append([]string{"demo", "--store", "sqlite:" + filepath.Join(t.TempDir(), "d.db"), "--key-secret", "my own, isn't it"}, demoAddresses()...)
	var curls []string
	for range 2 {
		p := startProgram(t, args...)
		p.fallBack()
		_, body, _ := strings.Cut(p.intro("curl "), " -d ")
		curls = append(curls, body)
		p.terminate()
	}
	if curls[0] == "" || curls[0] != curls[1] {
		t.Errorf("another app or contact: %q, then %q", curls[0], curls[1])
	}
}

// fallBack runs the demo's curl and waits for what it promises.
func (p *program) fallBack() {
	p.t.Helper()
	if out, err := p.curl(); err != nil || !strings.Contains(out, `"message_id"`) {
		p.t.Fatalf("curl printed %q, error %v", out, err)
	}
	for _, want := range []string{"WHATSAPP SWITCHING_CHANNEL", "SMS QUEUED_ON_CHANNEL", "SMS DELIVERED"} {
		if line := p.await(want); !strings.Contains(line, " right") {
			p.t.Errorf("signature in %q is not said to be right", line)
		}
	}
}

// The fault that simulate tells people to order is in force then.
func TestSimulate(t *testing.T) {
	needShell(t)
	p := startProgram(t, append([]string{"simulate"}, demoAddresses()[4:]...)...)
	if out, err := p.curl(); err != nil || out != "200\n" {
		t.Errorf("curl printed %q, error %v", out, err)
	}
	url, _, _ := strings.Cut(strings.TrimSpace(p.intro("WhatsApp ")), " ")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v23.0/100000000000001/messages",
		strings.NewReader(`{"messaging_product":"whatsapp","to":"46700000001","type":"text","text":{"body":"hi"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer simulated-access-token")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(body), "131047") {
		t.Errorf("the simulation answered %s, error %v; want error 131047", body, err)
	}
	p.terminate()
}

// listen prints what a gateway's poster sends, judges the signature, and
// answers what it was told to.
func TestListen(t *testing.T) {
	p := startProgram(t, "listen", "--listen", "127.0.0.1:0", "--secret", "s1", "--answer", "503")
	poster := webhook.New(webhook.Config{AllowPrivate: true})
	defer poster.Close()
	outcome := poster.Post(t.Context(), webhook.Request{
		Target: strings.TrimSpace(p.intro("inbox")), Secret: "s1", ID: "one",
		Body: []byte(`{"app_id":"A","project_id":"P","accepted_time":"2026-03-01T10:00:00Z","message_delivery_report":{"message_id":"M1","status":"DELIVERED","channel_identity":{"channel":"SMS","identity":"1"}}}`),
	})
	if outcome.Status != http.StatusServiceUnavailable {
		t.Errorf("outcome %+v, want status 503", outcome)
	}
	if line := p.await("MESSAGE_DELIVERY"); !strings.Contains(line, "SMS DELIVERED") || !strings.Contains(line, " right") {
		t.Errorf("printed %q", line)
	}
	p.terminate()
}

// needShell skips where a printed command cannot be run.
func needShell(t *testing.T) {
	t.Helper()
	for _, name := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

// program is a run of the binary whose output is read as it comes.
type program struct {
	t      testing.TB
	cmd    *exec.Cmd
	before []string    // lines up to "ready"
	lines  chan string // those behind it; closed at the end
	stderr *tail
}

// lineTime is how long a line may take, on a machine that is busy with other
// tests.
const lineTime = 20 * time.Second

// startProgram starts a command and waits until it is ready. It is killed with
// the test.
func startProgram(t testing.TB, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: command(t, nil, args...), lines: make(chan string, 1000), stderr: &tail{}}
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has ended, as a rule
		_ = p.cmd.Wait()
	})
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	for line := p.await(""); line != "ready"; line = p.await("") {
		p.before = append(p.before, line)
	}
	return p
}

// await gives the next line that has text in it.
func (p *program) await(text string) string {
	p.t.Helper()
	timeout := time.After(lineTime)
	for {
		select {
		case line, ok := <-p.lines:
			switch {
			case !ok:
				p.t.Fatalf("the program ended before it printed %q: %s", text, p.stderr.String())
			case strings.Contains(line, text):
				return line
			}
		case <-timeout:
			p.t.Fatalf("the program did not print %q within %s: %s", text, lineTime, p.stderr.String())
		}
	}
}

// intro gives what follows a line's beginning in what was printed before
// "ready", or "".
func (p *program) intro(beginning string) string {
	for _, line := range p.before {
		if rest, ok := strings.CutPrefix(line, beginning); ok {
			return rest
		}
	}
	return ""
}

// curl runs the one command that the program tells people to paste.
func (p *program) curl() (string, error) {
	p.t.Helper()
	var commands []string
	for _, line := range p.before {
		if strings.HasPrefix(line, "curl ") {
			commands = append(commands, line)
		}
	}
	if len(commands) != 1 {
		p.t.Fatalf("%d commands to paste, want 1: %q", len(commands), commands)
	}
	out, err := exec.CommandContext(p.t.Context(), "sh", "-c", commands[0]).Output()
	return string(out), err
}

// terminate sends SIGTERM and wants an orderly end within 10 s.
func (p *program) terminate() {
	p.t.Helper()
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	for range p.lines { // up to the end
	}
	err := p.cmd.Wait()
	if took := time.Since(begin); err != nil || took > 10*time.Second {
		p.t.Errorf("ended with %v after %s, want 0 within 10 s", err, took)
	}
}
