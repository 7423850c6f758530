package scenarios

import (
	"cmp"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
	"switchyard/internal/engine"
	"switchyard/internal/store/storetest"
)

// TestScenarios runs every scenario on every store, one after the other:
// identifiers of one process share a clock, which no two bubbles agree on.
func TestScenarios(t *testing.T) {
	files := 0
	err := filepath.WalkDir("laws", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(path), "laws/"), ".txtar")
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, e storetest.Engine) {
				url := e.URL(t)
				synctest.Test(t, func(t *testing.T) { runFile(t, path, url) })
			})
		})
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("%d scenarios: %v", files, err)
	}
}

// stage is a scenario under way.
type stage struct {
	*testing.T
	*outside
	process *process // nil between stop and start
	began   time.Time

	app      convapi.App
	webhooks map[string]string // ids, by name
	messages names
	contacts names
	threads  names
	batches  names
}

// silence is how long a scenario listens on after its last line.
const silence = time.Hour

func runFile(t *testing.T, path, storeURL string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, string(text))
	var logged strings.Builder
	st := &stage{
		T: t, webhooks: make(map[string]string),
		messages: newNames("message"), contacts: newNames("contact"), threads: newNames("conversation"), batches: newNames("batch"),
		outside: &outside{
			storeURL: storeURL, internet: newInternet(t), carriers: carriers(),
			log: slog.New(slog.NewTextHandler(&locked{w: &logged}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		},
	}
	defer st.internet.close()
	st.set(s.stage)
	st.play(s)
	if st.process != nil {
		st.process.stop(t, st.outside)
	}
	st.compare(s)
	if t.Failed() && testing.Verbose() {
		t.Logf("the gateway's log:\n%s", logged.String())
	}
}

// set does what stands before the first time.
func (st *stage) set(lines []*line) {
	for _, l := range lines {
		switch l.word(0) {
		case "gateway":
			st.posts = l.int(st, "posts", 0)
			st.rates = engine.Rates{Inbound: l.int(st, "inbound", 0), Outbound: l.int(st, "outbound", 0), Webhooks: l.int(st, "webhooks", 0)}
		case "channel":
			st.setChannel(l)
		default:
			if st.process == nil {
				st.process = st.start(st)
				if err := st.process.engine.PutProject(context.Background(), projectID, "key", "secret"); err != nil {
					st.Fatal(err)
				}
			}
			st.do(l)
		}
		st.checkOptions(l)
	}
}

// play does the script. What the gateway does at an instant comes first.
func (st *stage) play(s *scenario) {
	st.began = time.Now()
	slices.SortStableFunc(s.script, func(a, b *line) int { return cmp.Compare(a.at, b.at) })
	end := time.Duration(0)
	for _, l := range s.script {
		st.until(l.at)
		st.do(l)
		st.checkOptions(l)
		synctest.Wait()
		end = l.at
	}
	for _, section := range s.want {
		for _, l := range section {
			end = max(end, l.end)
		}
	}
	st.until(end + silence)
	st.unanswered()
}

func (st *stage) until(at time.Duration) {
	time.Sleep(time.Until(st.began.Add(at)))
	synctest.Wait()
}

func (st *stage) checkOptions(l *line) {
	if names := l.unused(); len(names) > 0 {
		l.errorf(st, "there is no option %s", strings.Join(names, ", "))
	}
}

// unanswered holds that every attempt was foreseen.
func (st *stage) unanswered() {
	for _, c := range st.carriers {
		for _, a := range c.attempts {
			if !a.answered {
				st.Errorf("%s: nobody answers the attempt %s", st.offset(a.at), st.showAttempt(c, a))
			}
		}
	}
}
