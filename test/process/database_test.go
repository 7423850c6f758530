package process

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"switchyard/internal/store/storetest"
)

// database is a PostgreSQL server of a test's own, to be ill-treated.
type database struct {
	t    testing.TB
	bin  string
	dir  string // of the data
	port string
}

// newDatabase makes and starts a server on a free port.
func newDatabase(t testing.TB) *database {
	t.Helper()
	d := emptyDatabase(t)
	d.run("initdb", "-D", d.dir, "-U", "switchyard", "-A", "trust", "-E", "UTF8", "--locale=C")
	d.configure("wal_level = replica", "max_wal_senders = 5", "hot_standby = on")
	d.start()
	return d
}

// emptyDatabase is a server without data.
func emptyDatabase(t testing.TB) *database {
	t.Helper()
	if os.Getenv(storetest.PostgresEnv) == "" {
		t.Skip(storetest.PostgresEnv + " is not set")
	}
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(bins) == 0 {
		t.Skip("no server's programs in /usr/lib/postgresql")
	}
	parent, err := os.MkdirTemp("", "database") //nolint:usetesting // the server's account could not enter a test's own
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(freeAddress(t), ":")
	d := &database{t: t, bin: bins[len(bins)-1], dir: filepath.Join(parent, "data"), port: port}
	if uid, gid := d.account(); uid != os.Getuid() {
		if err := os.Chown(parent, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_ = d.command("pg_ctl", "-D", d.dir, "-m", "immediate", "-w", "stop").Run() // it may be down
		os.RemoveAll(parent)
	})
	return d
}

// account is who the server runs as: it refuses to run as root.
func (d *database) account() (uid, gid int) {
	if os.Getuid() != 0 {
		return os.Getuid(), os.Getgid()
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		d.t.Fatal(err)
	}
	uid, errU := strconv.Atoi(who.Uid)
	gid, errG := strconv.Atoi(who.Gid)
	if errU != nil || errG != nil {
		d.t.Fatal(errU, errG)
	}
	return uid, gid
}

func (d *database) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(d.bin, name), args...)
	cmd.Dir = filepath.Dir(d.dir)
	if uid, gid := d.account(); uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return cmd
}

// run runs a program of the server's to its end. What it prints goes to a file:
// a server that it starts would keep a pipe open.
func (d *database) run(name string, args ...string) {
	d.t.Helper()
	out, err := os.CreateTemp("", "database-output")
	if err != nil {
		d.t.Fatal(err)
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := d.command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		d.t.Fatalf("%s: %v\n%s", name, err, text)
	}
}

func (d *database) configure(settings ...string) {
	d.t.Helper()
	f, err := os.OpenFile(filepath.Join(d.dir, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\n" + strings.Join(settings, "\n") + "\n"); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) start() {
	d.t.Helper()
	d.run("pg_ctl", "-D", d.dir, "-w", "-t", "60", "-l", filepath.Join(filepath.Dir(d.dir), "log"),
		"-o", fmt.Sprintf("-h 127.0.0.1 -p %s -k %s -c max_connections=100", d.port, filepath.Dir(d.dir)), "start")
}

// stop ends the server: "fast" in order, "immediate" as a crash does.
func (d *database) stop(mode string) {
	d.t.Helper()
	d.run("pg_ctl", "-D", d.dir, "-m", mode, "-w", "-t", "60", "stop")
}

// kill is kill -9 of the server and all its processes.
func (d *database) kill() {
	d.t.Helper()
	file, err := os.ReadFile(filepath.Join(d.dir, "postmaster.pid"))
	if err != nil {
		d.t.Fatal(err)
	}
	line, _, _ := bytes.Cut(file, []byte("\n"))
	pid, err := strconv.Atoi(string(line))
	if err != nil {
		d.t.Fatal(err)
	}
	children, err := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output()
	if err != nil {
		d.t.Fatalf("the server's processes: %v", err)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL) // it may have ended with its parent
		}
	}
	for syscall.Kill(pid, 0) == nil {
		time.Sleep(10 * time.Millisecond)
	}
}

func (d *database) exec(sql string) {
	d.t.Helper()
	conn, err := pgx.Connect(context.Background(), d.url())
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) url() string {
	return fmt.Sprintf("postgres://switchyard@127.0.0.1:%s/postgres?sslmode=disable", d.port)
}

// standby makes and starts a synchronous standby.
func (d *database) standby() *database {
	d.t.Helper()
	s := emptyDatabase(d.t)
	d.run("pg_basebackup", "-D", s.dir, "-h", "127.0.0.1", "-p", d.port, "-U", "switchyard", "-R", "-X", "stream", "-c", "fast")
	s.start()
	d.exec("ALTER SYSTEM SET synchronous_standby_names = '*'")
	d.exec("SELECT pg_reload_conf()")
	for range 600 {
		conn, err := pgx.Connect(context.Background(), d.url())
		if err != nil {
			d.t.Fatal(err)
		}
		var synchronous bool
		err = conn.QueryRow(context.Background(), "SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync')").Scan(&synchronous)
		conn.Close(context.Background())
		if err == nil && synchronous {
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.t.Fatal("the standby is not synchronous")
	return nil
}

// The database is restarted, crashes, is killed, and drops all connections,
// under the load of three nodes: they go on by themselves when it is back, and
// nothing that was acknowledged is lost.
func TestNodesDatabase(t *testing.T) {
	d := newDatabase(t)
	s, f := newFleetScene(t, d.url(), 3, "SWITCHYARD_LEASE=3s")
	f.awaitShared(t, takeOverTime, f.nodes...)
	s.begin(senders)
	defer s.end()
	for _, harm := range []struct {
		name string
		do   func()
	}{
		{"connections cut", func() {
			for range 5 {
				d.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'switchyard%'")
				time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
			}
		}},
		{"restarted", func() { d.stop("fast"); d.start() }},
		{"crashed", func() { d.stop("immediate"); d.start() }},
		{"killed", func() {
			d.kill()
			time.Sleep(time.Second)
			if a, err := f.nodes[0].ask(t.Context(), http.MethodGet, "contacts", nil); err != nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
				t.Errorf("a list without a database: %v, %d, Retry-After %q: %s", err, a.status, a.header.Get("Retry-After"), a.body)
			}
			d.start()
		}},
	} {
		time.Sleep(time.Duration(1000+rand.IntN(1000)) * time.Millisecond)
		begin := time.Now()
		harm.do()
		f.awaitShared(t, takeOverTime, f.nodes...)
		for _, g := range f.nodes {
			g.awaitReadiness(t, takeOverTime)
		}
		t.Logf("%s: everything is as before after %s", harm.name, time.Since(begin).Round(10*time.Millisecond))
	}
	time.Sleep(time.Second)
	s.end()
	settled := s.settle(doubtTime)
	t.Logf("settled %s after the load", settled.Round(time.Second))
	s.report(t, s.account())
}

// The primary is lost, and its synchronous standby promoted: what was
// acknowledged is there.
func TestNodesFailover(t *testing.T) {
	d := newDatabase(t)
	standby := d.standby()
	url := fmt.Sprintf("postgres://switchyard@127.0.0.1:%s,127.0.0.1:%s/postgres?sslmode=disable&target_session_attrs=read-write", d.port, standby.port)
	s, f := newFleetScene(t, url, 3, "SWITCHYARD_LEASE=3s")
	f.awaitShared(t, takeOverTime, f.nodes...)
	s.begin(senders)
	defer s.end()
	time.Sleep(2 * time.Second)
	d.kill()
	begin := time.Now()
	standby.exec("ALTER SYSTEM RESET synchronous_standby_names")
	standby.run("pg_ctl", "-D", standby.dir, "-w", "promote")
	f.awaitShared(t, 2*takeOverTime, f.nodes...)
	for _, g := range f.nodes {
		g.awaitReadiness(t, takeOverTime)
	}
	t.Logf("failed over in %s", time.Since(begin).Round(10*time.Millisecond))
	time.Sleep(2 * time.Second)
	s.end()
	settled := s.settle(doubtTime)
	t.Logf("settled %s after the load", settled.Round(time.Second))
	s.report(t, s.account())
}
