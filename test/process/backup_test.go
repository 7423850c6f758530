package process

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"switchyard/internal/store/storetest"
)

// A backup under load has everything that was acknowledged before it began, the
// gateway goes on beside it, and what is restored elsewhere is a store to work
// with.
func TestBackupUnderLoad(t *testing.T) {
	s := newScene(t, storetest.SQLite(t), "WAIT")
	dir := t.TempDir()
	file, again := filepath.Join(dir, "backup.db"), "sqlite:"+filepath.Join(dir, "again.db")
	s.begin(senders)
	defer s.end()
	time.Sleep(2 * time.Second)
	before := map[string]string{} // id to text
	s.ledger.mu.Lock()
	for id, m := range s.ledger.accepted {
		before[id] = m.text
	}
	s.ledger.mu.Unlock()
	if stdout, stderr, code := run(t, nil, "backup", "--store="+s.store, "--to="+file); code != 0 || stderr != "" || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup's mode is %v, %v; want that only its owner reads it", info.Mode(), err)
	}
	time.Sleep(time.Second)
	s.end()
	s.settle(doubtTime)
	s.report(t, s.account())

	if _, stderr, code := run(t, nil, "restore", "--from="+file, "--store="+again); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	onlyFiles(t, dir, "backup.db", "again.db", "again.db.lock")
	s.kill() // what it has sent since is sent again by nobody
	s.store = again
	s.start()
	stored := s.stored()
	missing := 0
	for id, text := range before {
		missing += btoi(stored[text] != id)
	}
	if missing > 0 || len(before) == 0 {
		t.Errorf("%d of %d messages that were accepted before the backup are missing", missing, len(before))
	}
	t.Logf("%d messages were accepted before the backup began, %d are in it", len(before), len(stored))
	s.must(http.MethodPost, "messages:send", object{
		"app_id": s.app, "message": object{"text_message": object{"text": "after the restore"}},
		"recipient": object{"identified_by": object{"channel_identities": []object{{"channel": "WHATSAPP", "identity": "46700000001"}}}},
	}, nil)
}

func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, e := range entries {
		left[e.Name()] = true
	}
	for _, name := range want {
		delete(left, name)
	}
	if len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
}

// What must not be written over is not, and what is no backup is not restored.
func TestBackupRefused(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	g := serve(t, "sqlite:"+path("used.db"))
	if _, stderr, code := run(t, nil, "backup", "--store="+g.store, "--to="+path("good.db")); code != 0 {
		t.Fatal(stderr)
	}
	good, err := os.ReadFile(path("good.db"))
	if err != nil {
		t.Fatal(err)
	}
	bad := append([]byte{}, good...)
	for i := len(bad) / 2; i < len(bad); i++ {
		bad[i] = 0xA5
	}
	for name, content := range map[string][]byte{"bad.db": bad, "rubbish.db": []byte(strings.Repeat("no database ", 1000)), "empty.db": nil, "there.db": good, "short.db": good[:len(good)/2]} {
		if err := os.WriteFile(path(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, want string
		code       int
		args       []string
	}{
		{"backup over a file", "exists already", 1, []string{"backup", "--store=" + g.store, "--to=" + path("there.db")}},
		{"backup of nothing", "no such file", 1, []string{"backup", "--store=sqlite:" + path("none.db"), "--to=" + path("new.db")}},
		{"backup to nowhere", "--to", 2, []string{"backup", "--store=" + g.store}},
		{"backup of PostgreSQL", "pg_dump", 1, []string{"backup", "--store=postgres://u:hunter2@localhost/d", "--to=" + path("new.db")}},
		{"restore to PostgreSQL", "pg_restore", 1, []string{"restore", "--store=postgres://u:hunter2@localhost/d", "--from=" + path("good.db")}},
		{"restore under a gateway", "another process", 1, []string{"restore", "--force", "--store=" + g.store, "--from=" + path("good.db")}},
		{"restore over a store", "--force", 1, []string{"restore", "--store=sqlite:" + path("there.db"), "--from=" + path("good.db")}},
		{"restore from nowhere", "--from", 2, []string{"restore", "--store=sqlite:" + path("new.db")}},
		{"restore of a store in use", "no backup", 1, []string{"restore", "--store=sqlite:" + path("new.db"), "--from=" + path("used.db")}},
		{"restore of rubbish", "not a database", 1, []string{"restore", "--store=sqlite:" + path("new.db"), "--from=" + path("rubbish.db")}},
		{"restore of an empty file", "no store of a gateway", 1, []string{"restore", "--store=sqlite:" + path("new.db"), "--from=" + path("empty.db")}},
		{"restore of a damaged file", "damaged", 1, []string{"restore", "--store=sqlite:" + path("new.db"), "--from=" + path("bad.db")}},
		{"restore of half a file", "damaged", 1, []string{"restore", "--store=sqlite:" + path("new.db"), "--from=" + path("short.db")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, code := run(t, nil, tt.args...)
			if code != tt.code || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tt.want) || stdout != "" || strings.Contains(stderr, "hunter2") {
				t.Errorf("exit code %d, want %d and one line with %q:\n%s%s", code, tt.code, tt.want, stdout, stderr)
			}
			if _, err := os.Stat(path("new.db")); err == nil {
				t.Error("it made a file")
			}
		})
	}
	if _, stderr, code := run(t, nil, "restore", "--force", "--store=sqlite:"+path("there.db"), "--from="+path("good.db")); code != 0 {
		t.Errorf("with --force: exit code %d: %s", code, stderr)
	}
	for _, pattern := range []string{"*.partial*", "there.db-*"} {
		if left, err := filepath.Glob(path(pattern)); err != nil || len(left) > 0 {
			t.Errorf("%v was left behind, %v", left, err)
		}
	}
}
