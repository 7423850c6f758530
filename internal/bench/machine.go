package bench

import (
	"context"
	"os"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
)

// Machine is what figures depend on beside the program.
type Machine struct {
	Cores  int    `json:"cores"`
	CPU    string `json:"cpu,omitempty"`
	Kernel string `json:"kernel,omitempty"`
	Go     string `json:"go"`
	Store  string `json:"store"` // engine and version
}

func describeMachine(ctx context.Context, store string) (Machine, error) {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), CPU: cpuModel()}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(release))
	}
	if isSQLite(store) {
		m.Store = "SQLite " + sqlite.Version
		return m, nil
	}
	conn, err := pgx.Connect(ctx, store)
	if err != nil {
		return m, err
	}
	defer conn.Close(ctx)
	m.Store = "PostgreSQL " + conn.PgConn().ParameterStatus("server_version")
	return m, nil
}

// cpuModel is "" where the kernel does not tell.
func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
