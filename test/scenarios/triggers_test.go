package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/engine"
	"switchyard/internal/store/storetest"
)

var update = flag.Bool("update", false, "write testdata/triggers.golden anew")

const triggersGolden = "testdata/triggers.golden"

const triggersStage = `
app channels=SMS,WHATSAPP smart=true metadata=FULL
contact alice SMS:46700000001
contact bob WHATSAPP:46700000002
contact twin SMS:46700000003
contact other SMS:46700000003
`

// triggersScript has a cause for each trigger, but for what is done by hand.
const triggersScript = `
+0s send m1 to alice "hello" metadata=mine correlation=corr-1 conversation='{"order":7}'
+0s SMS accepts m1
+1s SMS reports m1 DELIVERED
+2s SMS brings "my number is +46700000009" from 46700000001
+3s SMS brings composing from 46700000001
+4s SMS brings opt-in from 46700000001
+5s SMS brings opt-out from 46700000001
+6s SMS brings unsupported "{}" from 46700000001
+7s SMS brings channel-event SMS_SOMETHING
+8s event e1 to alice composing metadata=mine
+9s SMS brings "hi" from 46700000004
+10s SMS brings "hi" from 46700000003
+11s WHATSAPP always accepts
+11s send m2 to WHATSAPP:46700000005,SMS:46700000004 "hi"
+12s ask q1 about SMS:46700000004
+12s merge bob into alice
`

// Every trigger has a cause that fires it, and its callback's bytes are those of
// the golden file: members and order as the contract has them. An id stands there
// as id-1, id-2 … in the order of appearance; times are the bubble's own.
func TestEveryTriggerIsFired(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		url := e.URL(t)
		synctest.Test(t, func(t *testing.T) { fireTriggers(t, url) })
	})
}

func fireTriggers(t *testing.T, url string) {
	st := &stage{
		T: t, webhooks: make(map[string]string),
		messages: newNames("message"), contacts: newNames("contact"), threads: newNames("conversation"),
		outside: &outside{storeURL: url, internet: newInternet(t), carriers: carriers(), log: slog.New(slog.DiscardHandler)},
	}
	defer st.internet.close()
	var all []string
	for _, trigger := range convapi.Triggers() {
		all = append(all, string(trigger))
	}
	st.set(parse(t, triggersStage+"webhook h triggers="+strings.Join(all, ",")).stage)
	st.began = time.Now()
	for _, l := range parse(t, triggersScript).script {
		st.until(l.at)
		st.do(l)
		synctest.Wait()
	}
	ctx := context.Background()
	list, _, _, err := st.process.engine.Conversations(ctx, projectID, engine.ConversationFilter{ContactID: st.contacts.ids["alice"]}, engine.Page{Size: 10})
	if err != nil || len(list) == 0 {
		t.Fatalf("conversations: %v %v", list, err)
	}
	for _, c := range list {
		if err := st.process.engine.StopConversation(ctx, projectID, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	st.do(parseLine(t, 0, "+13s delete contact alice"))
	time.Sleep(time.Minute)
	synctest.Wait()
	st.process.stop(t, st.outside)
	checkTriggers(t, st.firstBodies())
}

// firstBodies gives the first callback of each trigger.
func (st *stage) firstBodies() map[convapi.Trigger][]byte {
	first := make(map[convapi.Trigger][]byte)
	for _, a := range st.internet.arrivals {
		if trigger := a.callback.Trigger(); first[trigger] == nil {
			first[trigger] = a.endpoint.bodies[a.id]
		}
	}
	return first
}

var idForm = regexp.MustCompile(`\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b`)

func checkTriggers(t *testing.T, bodies map[convapi.Trigger][]byte) {
	var got bytes.Buffer
	for _, trigger := range convapi.Triggers() {
		body := bodies[trigger]
		if trigger == convapi.TriggerBatchStatusUpdate {
			continue // not one of the contract's 21: batches have an API of their own
		}
		if body == nil {
			t.Errorf("%s was not fired", trigger)
			continue
		}
		if events := eventMembers(t, body); events != 1 {
			t.Errorf("%s: %d event members: %s", trigger, events, body)
		}
		ids := make(map[string]string)
		shown := idForm.ReplaceAllStringFunc(string(body), func(id string) string {
			if ids[id] == "" {
				ids[id] = fmt.Sprintf("id-%d", len(ids)+1)
			}
			return ids[id]
		})
		fmt.Fprintf(&got, "%s\n%s\n", trigger, shown)
	}
	if *update {
		if err := os.WriteFile(triggersGolden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(triggersGolden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// eventMembers counts the members that are not the envelope's.
func eventMembers(t *testing.T, body []byte) int {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	// The last is a copy within the duplication's callback, for the Node SDK.
	for _, name := range []string{"app_id", "project_id", "accepted_time", "event_time", "message_metadata", "correlation_id", "duplicated_identities"} {
		delete(members, name)
	}
	return len(members)
}
