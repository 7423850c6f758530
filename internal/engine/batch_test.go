package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// prompt is a provider that takes everything.
type prompt struct{}

// Send implements channel.Adapter.
func (prompt) Send(_ context.Context, m channel.Outbound) (channel.Receipt, error) {
	return channel.Receipt{Refs: []string{m.MessageID}}, nil
}

// recipients are n people, each with a number and a name.
func recipients(n int) (out []convapi.BatchRecipient) {
	for i := range n {
		out = append(out, convapi.BatchRecipient{
			Parameters: map[string]string{"name": fmt.Sprint("number ", i)},
			Recipient: &convapi.Recipient{IdentifiedBy: &convapi.IdentifiedBy{ChannelIdentities: []convapi.ChannelIdentity{
				{Channel: convapi.ChannelSMS, Identity: fmt.Sprintf("4670%07d", i)},
			}}},
		})
	}
	return out
}

func sendBatch(t *testing.T, e *engine.Engine, app string, to []convapi.BatchRecipient) string {
	t.Helper()
	answer, _, err := e.SendBatch(context.Background(), project, &convapi.SendBatchRequest{
		AppID: app, Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: "hello ${name}"}}, RecipientAndParams: to,
	}, engine.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.BatchID
}

func batchOf(t *testing.T, e *engine.Engine, id string) convapi.Batch {
	t.Helper()
	b, err := e.Batch(context.Background(), project, id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkOnce holds that each of n recipients has one message, that says what is meant
// for them, and that the batch names it. Messages that are not of the batch are not
// counted.
func checkOnce(t *testing.T, e *engine.Engine, app, id string, n int) {
	t.Helper()
	b := batchOf(t, e, id)
	if b.Status != convapi.BatchProcessed || b.Accepted != n || b.Refused != 0 || len(b.Results) != n {
		t.Fatalf("%s: %d accepted, %d refused, %d results, want %d", b.Status, b.Accepted, b.Refused, len(b.Results), n)
	}
	texts := make(map[string]string) // of each message
	count := make(map[string]int)    // of each number
	for page := (engine.Page{Size: 1000}); ; {
		list, next, err := e.Messages(context.Background(), project, engine.MessageFilter{AppID: app}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if !strings.Contains(m.Metadata, id) {
				continue
			}
			texts[m.ID] = m.AppMessage.TextMessage.Text
			count[m.ChannelIdentity.Identity]++
		}
		if page.Token = next; next == "" {
			break
		}
	}
	if len(texts) != n {
		t.Errorf("%d messages for %d recipients", len(texts), n)
	}
	for i, result := range b.Results {
		if result.Index != i || texts[result.MessageID] != fmt.Sprint("hello number ", i) {
			t.Errorf("recipient %d: message %s says %q", i, result.MessageID, texts[result.MessageID])
		}
		if number := fmt.Sprintf("4670%07d", i); count[number] != 1 {
			t.Errorf("%s has %d messages", number, count[number])
		}
	}
}

// A batch goes on where a crash has broken it off: nobody is left out, and nobody is
// written to twice. What a crash leaves is the store at a commit, which is what a
// backup is.
func TestABatchOutlivesACrashInItsMiddle(t *testing.T) {
	const n, crashes = 1000, 4
	url, dir := storetest.SQLite(t), t.TempDir()
	e := launch(t, storetest.Open(t, url), engine.Config{}, prompt{}, channel.Features{Concurrency: 64})
	app := furnish(t, e)
	id := sendBatch(t, e, app, recipients(n))
	var left []string
	for i := range crashes {
		for batchOf(t, e, id).Accepted < i*n/crashes {
			runtime.Gosched()
		}
		left = append(left, filepath.Join(dir, fmt.Sprint("crash", i)))
		if _, err := store.Backup(context.Background(), url, left[i]); err != nil {
			t.Fatal(err)
		}
	}
	inMiddle := 0
	for _, path := range left {
		db := storetest.Open(t, "sqlite:"+path)
		key, _ := gateway.ParseID(id)
		row, found, err := db.Batch(context.Background(), key)
		if err != nil || !found {
			t.Fatalf("the batch is not in the store: %v", err)
		}
		if row.Done > 0 && row.Done < n {
			inMiddle++
		}
		e := launch(t, db, engine.Config{}, prompt{}, channel.Features{Concurrency: 64})
		await(t, "the batch ends", func() bool { return batchOf(t, e, id).Status == convapi.BatchProcessed })
		checkOnce(t, e, app, id, n)
	}
	if inMiddle == 0 {
		t.Error("no crash was in the middle")
	}
}

// A full queue slows a batch down and refuses nobody.
func TestAFullQueueSlowsABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, limit = 300, 20
		// Ten a second go out.
		e := launch(t, storetest.Open(t, storetest.SQLite(t)), engine.Config{QueueLimit: limit, Rates: engine.Rates{Outbound: 10}}, prompt{}, channel.Features{})
		app := furnish(t, e)
		id := sendBatch(t, e, app, recipients(n))
		most := 0
		for range 10 {
			time.Sleep(time.Second)
			synctest.Wait()
			shown, err := e.App(context.Background(), project, app)
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, shown.QueueStats.OutboundSize)
		}
		// Those that are under way when the queue is found full still go into it.
		if most < limit || most > limit+64 {
			t.Errorf("%d waited at most, with a limit of %d", most, limit)
		}
		if b := batchOf(t, e, id); b.Status != convapi.BatchReady || b.Accepted == n {
			t.Errorf("%s with %d accepted after 10 s", b.Status, b.Accepted)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		checkOnce(t, e, app, id, n)
	})
}

// Batches of one app follow one another; that of another app does not wait for them.
func TestABatchDoesNotWaitForAnotherApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := make(idle)
		e := launch(t, storetest.Open(t, storetest.SQLite(t)), engine.Config{QueueLimit: 20, SendTimeout: time.Hour}, provider, channel.Features{Concurrency: 1})
		full, free := furnish(t, e), furnish(t, e)
		first, second := sendBatch(t, e, full, recipients(200)), sendBatch(t, e, full, recipients(1))
		other := sendBatch(t, e, free, recipients(10))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for id, want := range map[string]convapi.BatchStatus{first: convapi.BatchReady, second: convapi.BatchReady, other: convapi.BatchProcessed} {
			if b := batchOf(t, e, id); b.Status != want {
				t.Errorf("%s with %d of %d, want %s", b.Status, b.Accepted, b.Total, want)
			}
		}
		close(provider)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if b := batchOf(t, e, second); b.Status != convapi.BatchProcessed {
			t.Errorf("in the end: %s", b.Status)
		}
	})
}

// What has become of a batch can be read for thirty days after its end.
func TestABatchIsForgottenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := launch(t, storetest.Open(t, storetest.SQLite(t)), engine.Config{Retention: engine.Retention{Interval: 12 * time.Hour, Callbacks: time.Hour}}, prompt{}, channel.Features{})
		app := furnish(t, e)
		send := func(after time.Duration) {
			_, _, err := e.SendBatch(context.Background(), project, &convapi.SendBatchRequest{
				AppID: app, Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: "hello"}}, RecipientAndParams: recipients(2),
				BatchMetadata: []byte(`{"a":"b"}`), SendAfter: convapi.At(time.Now().Add(after)),
			}, engine.Idempotency{})
			if err != nil {
				t.Fatal(err)
			}
		}
		const day = 24 * time.Hour
		send(0)
		send(6 * day)
		past := time.Duration(0)
		for _, step := range []struct {
			at   time.Duration
			want int
		}{{29 * day, 2}, {31 * day, 1}, {35 * day, 1}, {37 * day, 0}} {
			time.Sleep(step.at - past)
			past = step.at
			for _, f := range []engine.BatchFilter{{}, {Label: "a", Value: "b"}} {
				list, _, err := e.Batches(context.Background(), project, f, engine.Page{Size: 10})
				if err != nil || len(list) != step.want {
					t.Errorf("after %s: %d batches, want %d; %v", step.at, len(list), step.want, err)
				}
			}
		}
	})
}
