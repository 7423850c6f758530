package process

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"switchyard/internal/sim/graph"
	"switchyard/internal/store/storetest"
)

// disk is where a store lies that can be made to take no writes.
type disk struct {
	name string
	dir  string
	// fill makes the disk refuse writes of the process, free takes it back.
	fill, free func(t testing.TB, pid int)
	says       string // what the gateway says of it
}

// disks are the ways in which a disk refuses. A file system that is full needs
// root, to mount a small one; a limit on the size of files does not.
func disks(t *testing.T) []disk {
	list := []disk{{
		name: "file limit", dir: t.TempDir(), says: "the store cannot be written",
		fill: func(t testing.TB, pid int) { limitFiles(t, pid, 4096) },
		free: func(t testing.TB, pid int) { limitFiles(t, pid, noLimit) },
	}}
	if os.Getuid() == 0 {
		dir := smallDisk(t, 1024) // a WAL that fills the disk by itself leaves no room to empty it
		ballast := filepath.Join(dir, "ballast")
		list = append(list, disk{
			name: "no space", dir: dir, says: "the disk is full",
			fill: func(t testing.TB, _ int) { fillUp(t, ballast) },
			free: func(t testing.TB, _ int) {
				if err := os.Remove(ballast); err != nil {
					t.Fatal(err)
				}
			},
		})
	}
	return list
}

const noLimit = ^uint64(0)

// limitFiles says how long a file of a process may become; what is longer can
// be read but not written.
func limitFiles(t testing.TB, pid int, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: noLimit}
	_, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		t.Fatalf("limit the size of files: %v", errno)
	}
}

// smallDisk mounts a file system of so many MiB.
func smallDisk(t testing.TB, size int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", size)); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount the small disk: %v", err)
		}
	})
	return dir
}

// fillUp writes a file until there is no room for more.
func fillUp(t testing.TB, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// A disk that takes no writes under load: everything is refused with a reason
// and nothing acknowledged, reading goes on, and when the disk takes writes
// again so does the gateway, by itself or after a kill -9. Nothing is lost.
func TestDiskFull(t *testing.T) {
	for _, killed := range []bool{false, true} {
		for _, d := range disks(t) {
			t.Run(fmt.Sprintf("%s, killed %v", d.name, killed), func(t *testing.T) {
				t.Parallel()
				s := newScene(t, "sqlite:"+filepath.Join(d.dir, "switchyard.db"), "WAIT", "SWITCHYARD_MIN_FREE_SPACE=0")
				s.begin(2)
				defer s.end()
				time.Sleep(time.Second)
				d.fill(t, s.cmd.Process.Pid)
				until(t, 30*time.Second, func() bool { return s.readyz(t) != "200 ready" }, func() string { return "the gateway takes no notice of its disk" })
				time.Sleep(time.Second) // the load goes on against it
				s.refusesAll(t, d.says)
				if n := strings.Count(s.stderr.String(), "\n"); n > 20 {
					t.Errorf("%d lines in the log:\n%s", n, s.stderr.String())
				}
				if killed {
					s.kill()
					d.free(t, 0)
					s.start()
				} else {
					d.free(t, s.cmd.Process.Pid)
				}
				until(t, 10*time.Second, func() bool { return s.readyz(t) == "200 ready" }, func() string { return "the gateway does not go on: " + s.readyz(t) })
				time.Sleep(time.Second)
				s.end()
				s.settle(doubtTime)
				s.report(t, s.account())
			})
		}
	}
}

// readyz gives the status and the text of /readyz.
func (s *scene) readyz(t testing.TB) string {
	t.Helper()
	status, text := s.adminPage(t, "/readyz")
	return fmt.Sprint(status, " ", strings.TrimSpace(text))
}

func (g *gateway) adminPage(t testing.TB, path string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.admin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// refusesAll wants what the gateway owes to everybody while it cannot write.
func (s *scene) refusesAll(t *testing.T, reason string) {
	t.Helper()
	if got := s.readyz(t); !strings.HasPrefix(got, "503 not ready: "+reason) {
		t.Errorf("/readyz: %s, want 503 and %q", got, reason)
	}
	if _, metrics := s.adminPage(t, "/metrics"); !strings.Contains(metrics, "\nswitchyard_store_fault 1\n") {
		t.Error("switchyard_store_fault is not 1")
	}
	for range 20 {
		a, err := s.ask(t.Context(), http.MethodPost, "messages:send", object{
			"app_id": s.app, "message": object{"text_message": object{"text": "refused"}},
			"recipient": object{"identified_by": object{"channel_identities": []object{{"channel": "WHATSAPP", "identity": "46799999999"}}}},
		})
		if err != nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || !strings.Contains(string(a.body), "the store ") {
			t.Errorf("a send: %v, %d, Retry-After %q, %s", err, a.status, a.header.Get("Retry-After"), a.body)
		}
	}
	if status := s.callBack(t); status != http.StatusServiceUnavailable {
		t.Errorf("a provider's callback: status %d, want 503", status)
	}
	a, err := s.ask(context.Background(), http.MethodGet, "messages?app_id="+s.app, nil)
	if err != nil || a.status != http.StatusOK {
		t.Errorf("reading: %v, %d %s", err, a.status, a.body)
	}
	if n := strings.Count(s.stderr.String(), "takes no writes"); n != 1 {
		t.Errorf("the log tells %d times of the disk, want once:\n%s", n, s.stderr.String())
	}
}

// callBack posts a person's message as WhatsApp would.
func (s *scene) callBack(t *testing.T) (status int) {
	t.Helper()
	body := []byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
		"messaging_product":"whatsapp","metadata":{"display_phone_number":"1","phone_number_id":"` + phoneNumberID + `"},
		"contacts":[{"profile":{"name":"x"},"wa_id":"46733388888"}],
		"messages":[{"from":"46733388888","id":"wamid.refused","timestamp":"1767323045","type":"text","text":{"body":"refused"}}]}}]}]}`)
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write(body)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.api+"/channels/"+s.app+"/WHATSAPP", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// With less than --min-free-space new messages are refused, but what is under
// way is recorded.
func TestMinFreeSpace(t *testing.T) {
	s := newScene(t, storetest.SQLite(t), "WAIT", "SWITCHYARD_MIN_FREE_SPACE=1TiB")
	a, err := s.ask(t.Context(), http.MethodPost, "messages:send", object{
		"app_id": s.app, "message": object{"text_message": object{"text": "refused"}},
		"recipient": object{"identified_by": object{"channel_identities": []object{{"channel": "WHATSAPP", "identity": "46799999999"}}}},
	})
	if err != nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || !strings.Contains(string(a.body), "the store is full") {
		t.Errorf("a send: %v, %d, Retry-After %q, %s", err, a.status, a.header.Get("Retry-After"), a.body)
	}
	if _, err := s.platform.Inbound(graph.Inbound{From: "46733300001", Text: "taken"}); err != nil {
		t.Fatal(err)
	}
	s.written = []string{"taken"}
	until(t, 10*time.Second, func() bool { return s.untold() == 0 }, func() string { return "a person's message is not taken" })
	if got := s.readyz(t); !strings.HasPrefix(got, "200 ready, but the disk is almost full") {
		t.Errorf("/readyz: %s", got)
	}
}

// Damage that is met at work ends the process with the reason: what is written
// on top of it would make it worse.
func TestDamageMetAtWork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "switchyard.db")
	s := newScene(t, "sqlite:"+path, "WAIT")
	s.begin(senders)
	time.Sleep(2 * time.Second)
	s.end()
	s.settle(doubtTime)
	s.terminate()
	s.start()
	damage(t, path, 16*4096, 1<<40)
	_, err := s.ask(t.Context(), http.MethodGet, "messages?page_size=1000&direction=TO_CONTACT&app_id="+s.app, nil)
	if err != nil {
		t.Fatal(err)
	}
	if code := s.awaitEnd(20 * time.Second); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	lines := strings.Split(strings.TrimSpace(s.stderr.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "switchyard: the store is damaged") {
		t.Errorf("the last line is %q", last)
	}
}

// damage overwrites a part of a file, up to its end at most.
func damage(t *testing.T, path string, from, to int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if from >= info.Size() {
		t.Fatalf("%s has only %d bytes", path, info.Size())
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xA5}, int(min(to, info.Size())-from)), from); err != nil {
		t.Fatal(err)
	}
}

// A disk that cannot be used is refused at the start with one line.
func TestDiskRefusedAtStart(t *testing.T) {
	made := func(t *testing.T, dir string) string {
		path := filepath.Join(dir, "switchyard.db")
		if _, stderr, code := run(t, nil, "migrate", "--store=sqlite:"+path); code != 0 {
			t.Fatal(stderr)
		}
		return path
	}
	small := func(t *testing.T) string {
		if os.Getuid() != 0 {
			t.Skip("a small disk can be mounted by root only")
		}
		return smallDisk(t, 8)
	}
	tests := []struct {
		name, want string
		prepare    func(t *testing.T) (path string)
	}{
		{"full, new", "full|no space", func(t *testing.T) string {
			dir := small(t)
			fillUp(t, filepath.Join(dir, "ballast"))
			return filepath.Join(dir, "switchyard.db")
		}},
		{"full", "full|no space", func(t *testing.T) string {
			path := made(t, small(t))
			fillUp(t, filepath.Join(filepath.Dir(path), "ballast"))
			return path
		}},
		{"read-only", "read-only", func(t *testing.T) string {
			path := made(t, small(t))
			if err := syscall.Mount("none", filepath.Dir(path), "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
				t.Fatal(err)
			}
			return path
		}},
		{"a directory", "directory", func(t *testing.T) string { return t.TempDir() }},
		{"damaged header", "damaged", func(t *testing.T) string {
			path := made(t, t.TempDir())
			damage(t, path, 0, 100)
			return path
		}},
		{"damaged schema", "damaged", func(t *testing.T) string {
			path := made(t, t.TempDir())
			damage(t, path, 100, 4096)
			return path
		}},
		{"damaged tables", "damaged", func(t *testing.T) string {
			path := made(t, t.TempDir())
			damage(t, path, 4096, 1<<40)
			return path
		}},
		{"cut off", "damaged", func(t *testing.T) string {
			path := made(t, t.TempDir())
			if err := os.Truncate(path, 8*4096); err != nil {
				t.Fatal(err)
			}
			return path
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := tt.prepare(t)
			stdout, stderr, code := run(t, nil, "serve", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--store=sqlite:"+path)
			found := false
			for word := range strings.SplitSeq(tt.want, "|") {
				found = found || strings.Contains(stderr, word)
			}
			if code != 1 || strings.Count(stderr, "\n") != 1 || !found || strings.Contains(stdout, "ready") {
				t.Errorf("exit code %d, want 1 and one line with %q:\n%s%s", code, tt.want, stdout, stderr)
			}
		})
	}
}
