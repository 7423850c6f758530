package store_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"switchyard/internal/consent"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// everything makes the store run each of its statements on traffic: keys that
// exist are read, written and removed, and all lists are read.
func everything(t *testing.T, db *store.DB) {
	t.Helper()
	ctx := context.Background()
	app, m := gateway.NewID(0), message(gateway.NewID(0), 77)
	m.App = app
	identity := store.Identity{IdentityKey: store.IdentityKey{Project: "p", Channel: "SMS", Identity: m.ID.String()}, Contacts: []gateway.ID{m.Contact}}
	ref := store.RefKey{Channel: "SMS", App: app, Ref: m.ID.String()}
	key := store.IdempotencyKey{Project: "p", Key: m.ID.String()}
	template := store.TemplateKey{Project: "p", ID: m.ID.String()}
	webhook := gateway.NewID(0)
	subject := gateway.NewID(m.ID.Lane())
	batch := store.Batch{ID: gateway.NewID(0), Project: "p", App: app, Kind: store.BatchMessages, Status: store.BatchReady, Due: time.Now(), Total: 1}
	item := store.BatchItemKey{Batch: batch.ID}
	label := store.BatchLabel{Project: "p", Name: "n", Value: batch.ID.String(), Batch: batch.ID}
	lane := int(m.ID.Lane())
	var position uint64
	rows := func(tx *store.Tx) {
		tx.WantMessage(m.ID)
		tx.Contents.Want(m.ID)
		tx.Templates.Want(template)
		tx.Contacts.Want(m.Contact)
		tx.Conversations.Want(m.Conversation)
		tx.WantPerson(identity.IdentityKey, app)
		tx.Consents.Want(subject)
		tx.Conflicts.Want(identity.IdentityKey)
		tx.Active.Want(store.ActiveKey{Contact: m.Contact, App: app})
		tx.Refs.Want(ref)
		tx.Held.Want(ref)
		tx.Seen.Want(ref)
		tx.Idempotency.Want(key)
		tx.Batches.Want(batch.ID)
		tx.BatchItems.Want(item)
	}
	if err := db.Apply(ctx, store.Op{Want: []func(*store.Tx){rows}, Run: func(tx *store.Tx) error { // the first time, of empty tables
		tx.Merges.Delete(m.Contact)
		tx.Conflicts.Delete(identity.IdentityKey)
		tx.Held.Delete(ref)
		tx.BatchRequests.Delete(batch.ID)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	apply(t, db, func(tx *store.Tx) error {
		tx.PutMessage(m)
		tx.Contents.Put(store.Content{ID: m.ID, Body: []byte("{}")})
		tx.Contacts.Put(store.Contact{ID: m.Contact, Project: "p", ExternalID: "e", Body: []byte("{}")})
		tx.Merges.Put(store.Merge{Source: m.Contact, Destination: app, Body: []byte("{}")})
		tx.Conversations.Put(store.Conversation{ID: m.Conversation, App: app, Contact: m.Contact, Project: "p"})
		tx.Identities.Put(identity)
		tx.Consents.Put(store.Consent{Subject: subject, App: app, Listed: m.ID, Identity: "4670", Lists: consent.All})
		tx.ConsentAudits.Put(store.ConsentAudit{ConsentAuditKey: store.ConsentAuditKey{Subject: subject, ID: m.ID}, List: consent.All, At: tx.Now})
		tx.Conflicts.Put(store.Conflict{IdentityKey: identity.IdentityKey, ID: m.ID, Channels: []string{"SMS"}, Contacts: []gateway.ID{m.Contact, app}})
		tx.Active.Put(store.Active{ActiveKey: store.ActiveKey{Contact: m.Contact, App: app}, Conversation: m.Conversation})
		tx.Templates.Put(store.Template{TemplateKey: template, Body: []byte("{}")})
		tx.Refs.Put(store.Ref{RefKey: ref, Message: m.ID})
		tx.Held.Put(store.Held{RefKey: ref, At: tx.Now, Reports: []byte("[]")})
		tx.Seen.Put(store.Seen{RefKey: ref, At: tx.Now})
		tx.Idempotency.Put(store.Idempotency{IdempotencyKey: key, Message: m.ID, At: tx.Now})
		position = tx.Append(store.Callback{App: app, Message: m.ID, At: tx.Now, Body: []byte("{}")}).Position
		tx.Cursors.Put(store.Cursor{CursorKey: store.CursorKey{Lane: lane, Webhook: webhook}, Position: position})
		delivery := store.DeliveryKey{Lane: lane, Webhook: webhook, Position: position}
		tx.Deliveries.Put(store.Delivery{DeliveryKey: delivery, App: app})
		tx.Dropped.Put(store.Dropped{DeliveryKey: delivery, App: app})
		tx.Erasures.Put(store.Erasure{Contact: m.Contact, Project: "p", At: tx.Now})
		tx.Batches.Put(batch)
		tx.BatchRequests.Put(store.BatchRequest{ID: batch.ID, Body: []byte("{}")})
		tx.BatchItems.Put(store.BatchItem{BatchItemKey: item, Body: []byte("{}")})
		tx.BatchLabels.Put(label)
		return nil
	})
	if err := db.Apply(ctx, store.Op{Want: []func(*store.Tx){rows}, Run: func(tx *store.Tx) error {
		m.State.Due = m.State.Due.Add(time.Second)
		tx.PutMessage(m)
		tx.MoveMessage(m)
		tx.Merges.Delete(m.Contact)
		tx.Conflicts.Delete(identity.IdentityKey)
		tx.Held.Delete(ref)
		batch.Done, batch.Due, batch.Status = 1, time.Time{}, store.BatchProcessed
		tx.Batches.Put(batch)
		tx.BatchRequests.Delete(batch.ID)
		tx.BatchItems.Put(store.BatchItem{BatchItemKey: item, Result: m.ID})
		tx.Deliveries.Delete(store.DeliveryKey{Lane: lane, Webhook: webhook, Position: position})
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for what, read := range map[string]func() error{
		"message":      func() error { _, _, err := db.Message(ctx, m.ID); return err },
		"content":      func() error { _, _, err := db.Content(ctx, m.ID); return err },
		"contents":     func() error { _, err := db.Contents(ctx, []gateway.ID{m.ID, app}); return err },
		"template":     func() error { _, _, err := db.Template(ctx, template); return err },
		"templates":    func() error { _, err := db.Templates(ctx, "p50", false); return err },
		"contact":      func() error { _, _, err := db.Contact(ctx, m.Contact); return err },
		"identity":     func() error { _, _, err := db.Identity(ctx, identity.IdentityKey); return err },
		"conversation": func() error { _, _, err := db.Conversation(ctx, m.Conversation); return err },
		"contacts":     func() error { _, err := db.Contacts(ctx, "p", "", m.Contact, 10); return err },
		"merge":        func() error { _, _, err := db.Merge(ctx, m.Contact); return err },
		"conflicts":    func() error { _, err := db.Conflicts(ctx, "p", gateway.ID{}, 10); return err },
		"merges":       func() error { _, err := db.Merges(ctx); return err },
		"contacts, id": func() error { _, err := db.Contacts(ctx, "p", "e", m.Contact, 10); return err },
		"conversations": func() error {
			_, err := db.Conversations(ctx, store.ConversationQuery{Project: "p", App: app}, m.ID, 10)
			return err
		},
		"of a contact": func() error {
			_, err := db.Conversations(ctx, store.ConversationQuery{Project: "p", Contact: m.Contact}, m.ID, 10)
			return err
		},
		"count": func() error {
			_, err := db.CountConversations(ctx, store.ConversationQuery{Project: "p", App: app})
			return err
		},
		"a large app": func() error {
			_, err := db.Messages(ctx, store.MessageQuery{Apps: []gateway.ID{crowded}}, 20)
			return err
		},
		"messages": func() error {
			_, err := db.Messages(ctx, store.MessageQuery{Apps: []gateway.ID{app}, Before: m.ID}, 10)
			return err
		},
		"in a conversation": func() error {
			_, err := db.Messages(ctx, store.MessageQuery{Threads: []gateway.ID{m.Conversation}}, 10)
			return err
		},
		"last of strands": func() error {
			strands := []store.Strand{{Thread: m.Conversation}, {Thread: store.DispatchThread(app, m.Identity), Identity: m.Identity}}
			_, err := db.LastMessages(ctx, store.MessageQuery{Start: now.Add(-time.Hour), End: now}, strands)
			return err
		},
		"recent": func() error {
			q := store.ConversationQuery{Project: "p", App: app}
			_, err := db.RecentConversations(ctx, q, false, &store.Recency{LastReceived: now, ID: m.ID}, 10)
			return err
		},
		"of contacts": func() error {
			_, err := db.ConversationsOf(ctx, "p", []gateway.ID{m.Contact, app}, gateway.ID{}, 10)
			return err
		},
		"of contacts and an app": func() error {
			_, err := db.ConversationsOf(ctx, "p", []gateway.ID{m.Contact, app}, app, 10)
			return err
		},
		"identities of texts": func() error {
			_, err := db.IdentitiesOf(ctx, "p", []string{"SMS", "WHATSAPP"}, []string{m.Identity, m.ID.String()})
			return err
		},
		"all of a conversation": func() error {
			_, err := db.InConversation(ctx, store.Contained{Conversation: m.Conversation}, 10)
			return err
		},
		"a time of a large app": func() error {
			q := store.MessageQuery{Apps: []gateway.ID{crowded}, Start: now.Add(-time.Hour), End: now}
			_, err := db.Messages(ctx, q, 20)
			return err
		},
		"to be moved": func() error {
			_, err := db.InConversation(ctx, store.Contained{Conversation: m.Conversation, Contact: m.Contact, Before: m.ID}, 10)
			return err
		},
		"lanes with":        func() error { _, err := db.LanesWith(ctx, "callback"); return err },
		"listed":            func() error { _, err := db.Listed(ctx, crowded, consent.Marketing, m.ID, 10); return err },
		"consents":          func() error { _, err := db.Consents(ctx, lane, &store.Consent{Subject: m.ID}, 10); return err },
		"consent history":   func() error { _, err := db.ConsentHistory(ctx, lane, nil, 10); return err },
		"consent audits":    func() error { _, err := db.ConsentAudits(ctx, []gateway.ID{subject, app}, 10); return err },
		"configuration":     func() error { _, err := db.Configuration(ctx); return err },
		"due":               func() error { _, err := db.DueUntil(ctx, lane, now, store.Due{}, 10); return err },
		"due lanes":         func() error { _, err := db.DueLanes(ctx, now.Add(-time.Millisecond), now); return err },
		"sent":              func() error { _, err := db.Sent(ctx, 250, lifecycle.Sending, []int64{1}); return err },
		"callbacks":         func() error { _, err := db.Callbacks(ctx, lane, app, 0, 10); return err },
		"callback":          func() error { _, _, err := db.Callback(ctx, lane, app, position); return err },
		"heads":             func() error { _, err := db.CallbackHeads(ctx, app); return err },
		"cursors":           func() error { _, err := db.Cursors(ctx, webhook); return err },
		"deliveries":        func() error { _, err := db.Deliveries(ctx, webhook); return err },
		"deliveries behind": func() error { _, err := db.DeliveriesBehind(ctx, lane, webhook, 0, 10); return err },
		"delivery heads":    func() error { _, err := db.DeliveryHeads(ctx, webhook); return err },
		"dropped":           func() error { _, err := db.Dropped(ctx, webhook, 10); return err },
		"next app":          func() error { _, _, err := db.NextApp(ctx, app); return err },
		"next thread app":   func() error { _, _, err := db.NextThreadApp(ctx, app); return err },
		"next log app":      func() error { _, _, err := db.NextLogApp(ctx, lane, app); return err },
		"old messages":      func() error { _, err := db.OldMessages(ctx, crowded, gateway.ID{}, m.ID, 10); return err },
		"old conversations": func() error { _, err := db.OldConversations(ctx, app, gateway.ID{}, m.ID, 10); return err },
		"old callbacks":     func() error { _, err := db.OldCallbacks(ctx, lane, app, 0, position, 10); return err },
		"refs":              func() error { _, err := db.Refs(ctx, lane, &store.Ref{RefKey: ref}, 10); return err },
		"identities":        func() error { _, err := db.Identities(ctx, lane, &identity, 10); return err },
		"seen":              func() error { _, err := db.SeenKeys(ctx, lane, &store.Seen{RefKey: ref}, 10); return err },
		"idempotency": func() error {
			_, err := db.IdempotencyKeys(ctx, lane, &store.Idempotency{IdempotencyKey: key}, 10)
			return err
		},
		"dropped behind": func() error {
			_, err := db.DroppedBehind(ctx, lane, &store.Dropped{DeliveryKey: store.DeliveryKey{Webhook: webhook}}, 10)
			return err
		},
		"batch":         func() error { _, _, err := db.Batch(ctx, batch.ID); return err },
		"batch request": func() error { _, _, err := db.BatchRequest(ctx, batch.ID); return err },
		"batch items":   func() error { _, err := db.BatchItems(ctx, batch.ID, -1, 10); return err },
		"unfinished":    func() error { _, err := db.UnfinishedBatches(ctx, store.Batch{}, 10); return err },
		"batches":       func() error { _, err := db.Batches(ctx, "p", store.BatchMessages, gateway.ID{}, 10); return err },
		"old batches":   func() error { _, err := db.OldBatches(ctx, gateway.ID{}, batch.ID, 10); return err },
		"labelled":      func() error { _, err := db.LabelledBatches(ctx, label, 10); return err },
		"erasures":      func() error { _, err := db.Erasures(ctx, lane); return err },
		"existing":      func() error { _, err := db.Existing(ctx, []gateway.ID{m.ID, app}); return err },
		"held":          func() error { _, err := db.HeldBefore(ctx, now.Add(-time.Hour), 10); return err },
	} {
		if err := read(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// crowded is the app that all messages of others belong to.
var crowded = gateway.ID(md5.Sum([]byte("1")))

// crowd is a great many rows of others, made by the database itself.
var crowd = []string{
	`INSERT INTO message SELECT i % 256, id(i), id(1), id(-i), 'p', 0, 0, 0, i, id(i % 5000), 'SMS', '4670', '{}', 1, 3, 0, 1, 0, 0, 0, '', 0, 1 FROM generate_series(1, $n) i`,
	`INSERT INTO content SELECT i % 256, id(i), '{}', '', '', '' FROM generate_series(1, $n) i`,
	`INSERT INTO template SELECT 'p' || i % 100, 't' || i, 0, '{}' FROM generate_series(1, $n) i`,
	`INSERT INTO contact SELECT i % 256, id(-i), 'q', '', '{}', '', 0 FROM generate_series(1, $n) i`,
	`INSERT INTO identity SELECT i % 256, 'p', 'SMS', 'i' || i, id(0), id(-i), '', '', 0 FROM generate_series(1, $n) i`,
	`INSERT INTO consent SELECT i % 256, id(i), id(1), id(i), 'i' || i, 1 + i % 7, 0, 0 FROM generate_series(1, $n) i`,
	`INSERT INTO consent_audit SELECT i % 256, id(i), id(i), id(1), 1, 0, 1, i FROM generate_series(1, $n) i`,
	`INSERT INTO identity_conflict SELECT i % 256, 'p', 'SMS', 'i' || i, '', id(i), 'SMS', id(-i) FROM generate_series(1, $n) i`,
	`INSERT INTO conversation SELECT i % 256, id(i), id(i % 1000), id(-i), 'p', 1, 'SMS', 0, '', '', '', 0, '' FROM generate_series(1, $n) i`,
	`INSERT INTO active_conversation SELECT i % 256, id(-i), id(i % 1000), id(i) FROM generate_series(1, $n) i`,
	`INSERT INTO ref SELECT i % 256, 'SMS', id(i % 1000), 'r' || i, id(i), 0, 0 FROM generate_series(1, $n) i`,
	`INSERT INTO held_report SELECT i % 256, 'SMS', id(i % 1000), 'r' || i, 4000000000000000, '[]' FROM generate_series(1, $n) i`,
	`INSERT INTO seen SELECT i % 256, 'SMS', id(i % 1000), 'r' || i, i FROM generate_series(1, $n) i`,
	`INSERT INTO idempotency SELECT i % 256, 'p', 'k' || i, '', id(i), i FROM generate_series(1, $n) i`,
	`INSERT INTO due SELECT i % 250, 4000000000000000 + i, id(i) FROM generate_series(1, $n) i`,
	`INSERT INTO callback SELECT i % 256, id(i % 1000), i, id(i), 0, '', i, '', '{}' FROM generate_series(1, $n) i`,
	`INSERT INTO delivery_cursor SELECT i % 256, id(i), i FROM generate_series(1, $n) i`,
	`INSERT INTO delivery SELECT i % 256, id(i), i, id(1), 1, 0, 0, 0, '' FROM generate_series(1, $n) i`,
	`INSERT INTO erasure SELECT i % 250, id(i), 'p', 0 FROM generate_series(1, $n) i`,
	`INSERT INTO batch SELECT i % 256, id(i), 'q' || i % 1000, id(i % 1000), 1, 0, 0, 1, '{}', 1, CASE i % 100 WHEN 0 THEN 4000000000000000 ELSE 0 END, 0, 0, 0 FROM generate_series(1, $n) i`,
	`INSERT INTO batch_request SELECT i % 256, id(i), '{}' FROM generate_series(1, $n) i`,
	`INSERT INTO batch_item SELECT i % 256, id(i), 0, '{}', id(0), '' FROM generate_series(1, $n) i`,
	`INSERT INTO batch_label SELECT i % 256, 'p', 'n', 'v' || i, id(i) FROM generate_series(1, $n) i`,
	`INSERT INTO dropped_callback SELECT i % 256, id(i), i, id(1), 0, 1, 0, '', '' FROM generate_series(1, $n) i`,
}

// Statements find their rows by index in full tables, whether they were planned
// on empty or on full ones, with and without statistics: they touch as many rows of others as they
// have to, which is next to none.
func TestPlansOnEmptyAndFullTables(t *testing.T) {
	t.Run("never analyzed", func(t *testing.T) { plans(t, false) })
	t.Run("analyzed while empty", func(t *testing.T) { plans(t, true) })
}

func plans(t *testing.T, analyzed bool) {
	const each = 30_000
	url := storetest.Postgres(t)
	db := storetest.Open(t, url)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	run := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%v in %s", err, sql)
		}
	}
	if analyzed { // PostgreSQL believes of such tables that they stay small
		run("VACUUM ANALYZE")
	}
	for range 7 { // a prepared statement keeps its plan after the fifth time
		everything(t, db)
	}
	run(`CREATE FUNCTION id(n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode(md5(n::text), 'hex') $$`)
	for _, sql := range crowd {
		run(strings.ReplaceAll(sql, "$n", fmt.Sprint(each)))
	}
	for _, tt := range []struct {
		name       string
		statistics bool
		db         *store.DB
	}{
		{"planned on empty tables", false, db},
		{"planned on full tables", false, storetest.Open(t, url)},
		{"with statistics", true, db},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.statistics {
				run("ANALYZE")
			}
			before := touched(t, conn, tt.db)
			const times = 7
			for range times {
				everything(t, tt.db)
			}
			after := touched(t, conn, tt.db)
			for table, read := range after {
				if n := read - before[table]; n > times*1000 {
					t.Errorf("table %s: %d rows were read in %d rounds", table, n, times)
				}
			}
			if len(after) < len(crowd) {
				t.Errorf("rows were counted in %d tables only", len(after))
			}
		})
	}
}

// touched is how many rows all statements so far have read in each table, by
// walking it or through an index. A connection tells what it has read at the end of
// a transaction, if it has not told anything for a second.
func touched(t *testing.T, conn *pgx.Conn, db *store.DB) map[string]int64 {
	t.Helper()
	time.Sleep(1100 * time.Millisecond)
	everything(t, db)
	ctx := context.Background()
	if _, err := conn.Exec(ctx, "SELECT pg_stat_clear_snapshot()"); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, `SELECT s.relname, s.seq_tup_read + coalesce(sum(i.idx_tup_read), 0)::bigint FROM pg_stat_user_tables s
		LEFT JOIN pg_stat_user_indexes i USING (relid) WHERE s.schemaname = current_schema() AND s.relname <> 'migration' GROUP BY s.relname, s.seq_tup_read`)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]int64)
	var name string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &n}, func() error { out[name] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}
