package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// process is the gateway under test.
type process struct {
	cmd   *exec.Cmd
	url   string
	admin string
}

// startTime bounds the wait for a gateway, which may have millions of rows to
// look at, or another process to wait for.
const startTime = 3 * time.Minute

// startGateway starts one and waits until it is ready. env adds to its settings.
func startGateway(ctx context.Context, binary, store string, env ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, "serve")}
	p.cmd.Env = append(os.Environ(),
		"SWITCHYARD_STORE="+store, "SWITCHYARD_LISTEN=127.0.0.1:0", "SWITCHYARD_ADMIN_LISTEN=127.0.0.1:0",
		"SWITCHYARD_ALLOW_PRIVATE_TARGETS=true", "SWITCHYARD_LOG_LEVEL=error",
		"SWITCHYARD_PROJECT_ID="+project, "SWITCHYARD_KEY_ID="+keyID, "SWITCHYARD_KEY_SECRET="+keySecret,
	)
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	late := time.AfterFunc(startTime, func() { _ = p.cmd.Process.Kill() }) // it may have ended
	defer late.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 2 && fields[0] == "api":
			p.url = fields[1]
		case len(fields) == 2 && fields[0] == "admin":
			p.admin = fields[1]
		case len(fields) == 1 && fields[0] == "ready":
			return p, nil
		}
	}
	return nil, errors.Join(errors.New("the gateway did not become ready"), lines.Err(), p.cmd.Wait())
}

// address is where its API listens.
func (p *process) address() string { return strings.TrimPrefix(p.url, "http://") }

func (p *process) stop() {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return
	}
	if err := p.cmd.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "the gateway ended badly:", err)
	}
}

// counts is what a gateway counts of itself.
type counts struct {
	commits, operations, committing float64 // transactions, operations in them, seconds in them
	allocations, allocated          float64 // objects and octets
	deleted                         float64 // messages, for their age
}

// counts reads the gateway's metrics.
func (p *process) counts(ctx context.Context) (c counts, err error) {
	data, err := p.get(ctx, "/metrics")
	if err != nil {
		return c, err
	}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		into := map[string]*float64{
			"switchyard_commit_batch_operations_count":           &c.commits,
			"switchyard_commit_batch_operations_sum":             &c.operations,
			"switchyard_commit_duration_seconds_sum":             &c.committing,
			"go_memstats_mallocs_total":                          &c.allocations,
			"go_memstats_alloc_bytes_total":                      &c.allocated,
			`switchyard_retention_deleted_total{what="message"}`: &c.deleted,
		}[name]
		if into == nil {
			continue
		}
		if *into, err = strconv.ParseFloat(value, 64); err != nil {
			return c, err
		}
	}
	return c, nil
}

// get reads a page of the admin listener.
func (p *process) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.admin+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// profile fetches a profile into a file.
func (p *process) profile(ctx context.Context, query, path string) error {
	data, err := p.get(ctx, "/debug/pprof/"+query)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// cpu is the processor time that the gateway has used.
func (p *process) cpu() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

// clockTick is the unit of /proc's processor times: 100 a second on Linux.
const clockTick = 10 * time.Millisecond

func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold blanks; utime and stime are the 12th
	// and 13th fields behind it (proc(5)).
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var sum time.Duration
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * clockTick
	}
	return sum, nil
}

// peakMemory is the most memory that the gateway has had resident.
func (p *process) peakMemory() (int64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmHWM in /proc")
}

// databaseCPU is the processor time of all processes of a PostgreSQL on this
// machine; 0 for a store that is part of the gateway.
func databaseCPU(ctx context.Context, store string) (sum time.Duration, err error) {
	if isSQLite(store) {
		return 0, nil
	}
	conn, err := pgx.Connect(ctx, store)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT pid FROM pg_stat_activity")
	if err != nil {
		return 0, err
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return 0, err
	}
	for _, pid := range pids {
		// A process that has ended meanwhile, or runs elsewhere, is not counted.
		if used, err := cpuOf(pid); err == nil {
			sum += used
		}
	}
	return sum, nil
}
