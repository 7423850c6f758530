package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

func apply(t *testing.T, db *store.DB, run func(*store.Tx) error) {
	t.Helper()
	if err := db.Apply(context.Background(), store.Op{Run: run}); err != nil {
		t.Fatal(err)
	}
}

// everythingDue reads all lanes, two deadlines at a time.
func everythingDue(t *testing.T, db *store.DB) (all []store.Due) {
	t.Helper()
	lanes, err := db.DueLanes(context.Background(), time.Time{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, lane := range lanes {
		behind := store.Due{}
		for {
			page, err := db.DueUntil(context.Background(), lane, time.Now(), behind, 2)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if len(page) < 2 {
				break
			}
			behind = page[1]
		}
	}
	return all
}

func message(app gateway.ID, lane byte) store.Message {
	now := time.UnixMicro(1_767_323_045_123_456).UTC()
	return store.Message{
		ID: gateway.NewID(lane), App: app, Contact: gateway.NewID(lane), Conversation: gateway.NewID(lane),
		Project: "p", Channel: "SMS", Identity: "46700000001", Accepted: now, Plan: []byte(`{"hops":[]}`),
		State: lifecycle.State{
			Status: lifecycle.Switching, Phase: lifecycle.Waiting, Hop: 1, Attempt: 3, Retries: 2, Resent: true,
			FailedAt: now, Progress: []lifecycle.Progress{{Attempts: 2, Parts: 3, Accepted: 3, Delivered: 5}, {}}, Due: now.Add(time.Second),
		},
	}
}

// A row comes back as it was put, in the same batch, in a later one, and
// beside the writer.
func TestRowsRoundTrip(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		ctx := context.Background()
		db := storetest.Open(t, e.URL(t))
		want := message(gateway.NewID(7), 200)
		identity := store.Identity{
			IdentityKey: store.IdentityKey{Project: "p", Channel: "SMS", Identity: "46700000001"},
			Contacts:    []gateway.ID{gateway.NewID(1), gateway.NewID(2)}, Metadata: `{"a":1}`, Correlation: "c",
		}
		conversation := store.Conversation{
			ID: gateway.NewID(3), App: want.App, Contact: want.Contact, Project: "p", Active: true, ActiveChannel: "SMS",
			LastReceived: want.Accepted, Metadata: "m", MetadataJSON: []byte(`{}`), Correlation: "c",
		}
		apply(t, db, func(tx *store.Tx) error {
			tx.PutMessage(want)
			tx.Identities.Put(identity)
			tx.Conversations.Put(conversation)
			got, ok, err := tx.Message(want.ID)
			if diff := cmp.Diff(want, got); err != nil || !ok || diff != "" {
				return fmt.Errorf("in the same batch: %v %v %s", ok, err, diff)
			}
			return nil
		})
		apply(t, db, func(tx *store.Tx) error {
			got, ok, err := tx.Message(want.ID)
			if diff := cmp.Diff(want, got); err != nil || !ok || diff != "" {
				return fmt.Errorf("in a later batch: %v %v %s", ok, err, diff)
			}
			id, ok, err := tx.Identities.Get(identity.IdentityKey)
			if diff := cmp.Diff(identity, id); err != nil || !ok || diff != "" {
				return fmt.Errorf("identity: %v %v %s", ok, err, diff)
			}
			_, ok, err = tx.Identities.Get(store.IdentityKey{Project: "p", Channel: "SMS", Identity: "4670000000"})
			if err != nil || ok {
				return fmt.Errorf("an identity that was never put: %v %v", ok, err)
			}
			return nil
		})
		got, ok, err := db.Message(ctx, want.ID)
		if diff := cmp.Diff(want, got); err != nil || !ok || diff != "" {
			t.Errorf("beside the writer: %v %v %s", ok, err, diff)
		}
		c, ok, err := db.Conversation(ctx, conversation.ID)
		if diff := cmp.Diff(conversation, c); err != nil || !ok || diff != "" {
			t.Errorf("conversation: %v %v %s", ok, err, diff)
		}
	})
}

// What a batch wants beforehand is what it would get one by one.
func TestWantedRowsAreLoaded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		url := e.URL(t)
		there, missing := message(gateway.NewID(7), 1), gateway.NewID(2)
		before(t, url, func(tx *store.Tx) error { tx.PutMessage(there); return nil })
		db := storetest.Open(t, url)
		var got store.Message
		var found, ghost bool
		err := db.Apply(context.Background(), store.Op{
			Want: []func(*store.Tx){
				func(tx *store.Tx) {
					if _, _, err := tx.Message(there.ID); err == nil {
						t.Error("a row was read before the transaction had begun")
					}
					tx.WantMessage(there.ID)
					tx.WantMessage(there.ID)
					tx.WantMessage(missing)
				},
				func(tx *store.Tx) { tx.Contacts.Want(there.Contact) },
			},
			Run: func(tx *store.Tx) (err error) {
				got, found, err = tx.Message(there.ID)
				if err == nil {
					_, ghost, err = tx.Message(missing)
				}
				return err
			},
		})
		if diff := cmp.Diff(there, got); err != nil || !found || ghost || diff != "" {
			t.Errorf("found %v, ghost %v, %v, %s", found, ghost, err, diff)
		}
	})
}

// before applies run in a process of its own, as it were: the next one has
// nothing of it in memory.
func before(t *testing.T, url string, run func(*store.Tx) error) {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, db, run)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// With an identity comes who has it and their active conversation with the app,
// if they lie in one lane. Where they do not, they are found all the same.
func TestAPersonIsLoadedAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		url, app := e.URL(t), gateway.NewID(3)
		identity := func(number string) store.IdentityKey {
			return store.IdentityKey{Project: "p", Channel: "SMS", Identity: number}
		}
		here, elsewhere, nobody := identity("46700000001"), identity("46700000002"), identity("46700000003")
		contact := map[store.IdentityKey]gateway.ID{here: gateway.NewID(here.Lane()), elsewhere: gateway.NewID(elsewhere.Lane() + 1)}
		conversation := make(map[store.IdentityKey]gateway.ID)
		before(t, url, func(tx *store.Tx) error {
			for key, id := range contact {
				talk := store.Conversation{ID: gateway.NewID(id.Lane()), App: app, Contact: id, Project: "p", Active: true}
				conversation[key] = talk.ID
				tx.Identities.Put(store.Identity{IdentityKey: key, Contacts: []gateway.ID{id, gateway.NewID(9)}})
				tx.Contacts.Put(store.Contact{ID: id, Project: "p", Body: []byte("{}")})
				tx.Active.Put(store.Active{ActiveKey: store.ActiveKey{Contact: id, App: app}, Conversation: talk.ID})
				tx.Conversations.Put(talk)
			}
			return nil
		})
		db := storetest.Open(t, url)
		err := db.Apply(context.Background(), store.Op{
			Want: []func(*store.Tx){func(tx *store.Tx) {
				for _, key := range []store.IdentityKey{here, here, elsewhere, nobody} {
					tx.WantPerson(key, app)
				}
			}},
			Run: func(tx *store.Tx) error {
				active := store.ActiveKey{Contact: contact[here], App: app}
				if db.Lanes() > 1 && !(tx.Contacts.Known(contact[here]) && tx.Active.Known(active) && tx.Conversations.Known(conversation[here])) {
					t.Error("what lies in the lane of the identity was not loaded")
				}
				for key, id := range contact {
					i, _, err := tx.Identities.Get(key)
					if err != nil || len(i.Contacts) != 2 || i.Contacts[0] != id {
						t.Errorf("identity %s: %v %v", key.Identity, i, err)
					}
					if c, found, err := tx.Contacts.Get(id); err != nil || !found || c.ID != id {
						t.Errorf("contact of %s: %v %v", key.Identity, c, err)
					}
					a, _, err := tx.Active.Get(store.ActiveKey{Contact: id, App: app})
					if err != nil || a.Conversation != conversation[key] {
						t.Errorf("what is active of %s: %v %v", key.Identity, a, err)
					}
					if v, found, err := tx.Conversations.Get(a.Conversation); err != nil || !found || v.Contact != id {
						t.Errorf("conversation of %s: %v %v", key.Identity, v, err)
					}
				}
				if _, found, err := tx.Identities.Get(nobody); err != nil || found {
					t.Errorf("an identity that is not there: %v %v", found, err)
				}
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// An operation's error takes back all that it did and nothing that others did.
func TestAFailedOperationLeavesNoTrace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		ctx := context.Background()
		db := storetest.Open(t, e.URL(t))
		app := gateway.NewID(7)
		kept := message(app, 1)
		apply(t, db, func(tx *store.Tx) error { tx.PutMessage(kept); return nil })
		refused := errors.New("refused")
		var wait sync.WaitGroup
		var after sync.Map
		others := make([]store.Message, 50)
		for i := range others {
			others[i] = message(app, byte(i))
			wait.Go(func() {
				if err := db.Apply(ctx, store.Op{Run: func(tx *store.Tx) error {
					tx.PutMessage(others[i])
					tx.Append(store.Callback{App: app, Message: others[i].ID, At: tx.Now, Body: []byte("good")})
					return nil
				}}); err != nil {
					t.Error(err)
				}
			})
			wait.Go(func() {
				err := db.Apply(ctx, store.Op{Run: func(tx *store.Tx) error {
					m := kept
					m.State.Due = time.Time{}
					m.Plan = []byte("bad")
					tx.PutMessage(m)
					tx.PutMessage(message(app, 9))
					if err := tx.DeleteMessage(others[0].ID); err != nil {
						return err
					}
					tx.Append(store.Callback{App: app, Message: kept.ID, At: tx.Now, Body: []byte("bad")})
					tx.After(func() { after.Store(i, true) })
					if i%2 == 0 {
						panic("planted")
					}
					return refused
				}})
				if err == nil || i%2 == 1 && !errors.Is(err, refused) {
					t.Errorf("operation %d: %v, want its own error", i, err)
				}
			})
		}
		wait.Wait()
		got, _, err := db.Message(ctx, kept.ID)
		if diff := cmp.Diff(kept, got); err != nil || diff != "" {
			t.Errorf("the kept message: %v %s", err, diff)
		}
		list, err := db.Messages(ctx, store.MessageQuery{Apps: []gateway.ID{app}}, 1000)
		if err != nil || len(list) != len(others)+1 {
			t.Errorf("%d messages, %v; want %d", len(list), err, len(others)+1)
		}
		if due := everythingDue(t, db); len(due) != len(others)+1 {
			t.Errorf("%d due, want %d", len(due), len(others)+1)
		}
		after.Range(func(k, _ any) bool { t.Errorf("operation %v failed, but its After ran", k); return true })
	})
}

// Positions ascend in the order of the commits, over a restart as well, even
// when the clock goes back.
func TestPositionsAscend(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		url, app := e.URL(t), gateway.NewID(0)
		var last uint64
		for range 3 {
			db, err := store.Open(context.Background(), store.Options{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			for range 10 {
				apply(t, db, func(tx *store.Tx) error {
					tx.Now = tx.Now.Add(-time.Minute)
					for range 100 {
						c := tx.Append(store.Callback{App: app, Message: gateway.NewID(0), At: tx.Now, Body: []byte("b")})
						if c.Position <= last {
							return fmt.Errorf("position %d after %d", c.Position, last)
						}
						last = c.Position
					}
					return nil
				})
			}
			list, err := db.Callbacks(context.Background(), 0, app, 0, 10_000)
			if err != nil || list[len(list)-1].Position != last {
				t.Errorf("the log ends at %d, %v; want %d", list[len(list)-1].Position, err, last)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Contents finds all of many messages and nothing else.
func TestContentsOfManyMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		want := make(map[gateway.ID]store.Content)
		var ids []gateway.ID
		apply(t, db, func(tx *store.Tx) error {
			for i := range 450 {
				c := store.Content{ID: gateway.NewID(byte(i)), Body: []byte(fmt.Sprint(i)), Metadata: "m", SenderID: "s"}
				tx.Contents.Put(c)
				if i%3 > 0 {
					want[c.ID] = c
					ids = append(ids, c.ID)
				}
			}
			return nil
		})
		got, err := db.Contents(context.Background(), append(ids, gateway.NewID(1)))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// The due times in the table are those of the messages.
func TestDueFollowsTheMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		m := message(gateway.NewID(7), 1)
		for _, at := range []time.Time{m.State.Due, m.State.Due.Add(time.Hour), {}, m.State.Due, {}} {
			apply(t, db, func(tx *store.Tx) error {
				if _, _, err := tx.Message(m.ID); err != nil {
					return err
				}
				m.State.Due = at
				tx.PutMessage(m)
				return nil
			})
			got := everythingDue(t, db)
			var want []store.Due
			if !at.IsZero() {
				want = []store.Due{{Message: m.ID, At: at}}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("due at %v: %s", at, diff)
			}
		}
	})
}

// A deadline that is moved and moved back within one batch stays.
func TestDueComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		m := message(gateway.NewID(7), 1)
		want := []store.Due{{Message: m.ID, At: m.State.Due}}
		apply(t, db, func(tx *store.Tx) error { tx.PutMessage(m); return nil })
		apply(t, db, func(tx *store.Tx) error {
			m, _, err := tx.Message(m.ID)
			if err != nil {
				return err
			}
			before := m.State.Due
			for _, due := range []time.Time{before.Add(time.Minute), {}, before} {
				m.State.Due = due
				tx.PutMessage(m)
			}
			return nil
		})
		if diff := cmp.Diff(want, everythingDue(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

// One process works on a store at a time, and the next one need not wait when
// the first has closed it.
func TestOneOwner(t *testing.T) {
	url := storetest.SQLite(t)
	first := storetest.Open(t, url)
	if _, err := store.Open(context.Background(), store.Options{URL: url}); !errors.Is(err, store.ErrOwned) {
		t.Errorf("a second process: %v, want ErrOwned", err)
	}
	apply(t, first, func(tx *store.Tx) error { tx.PutMessage(message(gateway.NewID(1), 1)); return nil })
}

// Text sorts by bytes on both engines, whatever the database's collation.
func TestKeysSortByBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		want := []string{"B", "_d", "a", "c", "é"}
		apply(t, db, func(tx *store.Tx) error {
			for i := range want {
				tx.Projects.Put(store.Project{ID: want[(i*3)%len(want)], Created: tx.Now})
			}
			return nil
		})
		config, err := db.Configuration(context.Background())
		var got []string
		for _, p := range config.Projects {
			got = append(got, p.ID)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}
