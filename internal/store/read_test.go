package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// Of each thread the newest message that fits is found, and of one without any
// nothing; what is hidden only if it is asked for.
func TestLastMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		app, conversation, began := gateway.NewID(7), gateway.NewID(3), time.UnixMicro(1_767_323_045_000_000).UTC()
		put := func(second int, change func(*store.Message)) gateway.ID {
			m := message(app, 3)
			m.Accepted = began.Add(time.Duration(second) * time.Second)
			m.ID, m.Conversation = gateway.NewIDOf(3, m.Accepted), conversation
			change(&m)
			apply(t, db, func(tx *store.Tx) error { tx.PutMessage(m); return nil })
			return m.ID
		}
		toApp := func(m *store.Message) { m.ToApp = true }
		dispatch := func(m *store.Message) { m.Dispatch = true }
		first := put(1, toApp)
		second := put(2, func(*store.Message) {})
		put(3, func(m *store.Message) { m.Kind = store.KindEvent })
		third := put(4, func(m *store.Message) { m.Conversation = gateway.NewID(4) })
		kept := put(5, dispatch)
		hidden := put(6, func(m *store.Message) { dispatch(m); toApp(m); m.Kind = store.KindHiddenMessage })
		other, _, err := db.Message(t.Context(), third)
		if err != nil {
			t.Fatal(err)
		}
		all := func(threads ...gateway.ID) (strands []store.Strand) {
			for _, id := range threads {
				strands = append(strands, store.Strand{Thread: id})
			}
			return strands
		}
		none := gateway.ID{}
		both := all(conversation, gateway.NewID(9), other.Conversation)
		person := all(store.DispatchThread(app, "46700000001"), store.DispatchThread(app, "46700000002"))
		many := slices.Concat(slices.Repeat(both[1:2], 120), both)
		for name, tt := range map[string]struct {
			q       store.MessageQuery
			strands []store.Strand
			want    []gateway.ID
		}{
			"all":              {store.MessageQuery{}, both, []gateway.ID{second, none, third}},
			"of many threads":  {store.MessageQuery{}, many, append(make([]gateway.ID, 120), second, none, third)},
			"from the person":  {store.MessageQuery{ToApp: true}, both, []gateway.ID{first, none, none}},
			"before":           {store.MessageQuery{End: began.Add(2 * time.Second)}, both, []gateway.ID{first, none, none}},
			"after":            {store.MessageQuery{Start: began.Add(2 * time.Second)}, both, []gateway.ID{none, none, third}},
			"other channel":    {store.MessageQuery{Channel: "RCS"}, both, []gateway.ID{none, none, none}},
			"of identities":    {store.MessageQuery{}, []store.Strand{{conversation, "46700000001"}, {conversation, "46700000002"}}, []gateway.ID{second, none}},
			"nothing":          {store.MessageQuery{}, nil, nil},
			"dispatch":         {store.MessageQuery{Dispatch: true}, person, []gateway.ID{kept, none}},
			"dispatch, hidden": {store.MessageQuery{Dispatch: true, Hidden: true}, person, []gateway.ID{hidden, none}},
			"dispatch by mode": {store.MessageQuery{}, person, []gateway.ID{none, none}},
			"mode by dispatch": {store.MessageQuery{Dispatch: true}, both, []gateway.ID{none, none, none}},
		} {
			list, err := db.LastMessages(t.Context(), tt.q, tt.strands)
			if err != nil {
				t.Fatal(err)
			}
			var got []gateway.ID
			for _, m := range list {
				got = append(got, m.ID)
				if !m.ID.IsZero() && m.Dispatch != m.Conversation.IsZero() {
					t.Errorf("%s: a message of dispatch %v in conversation %s", name, m.Dispatch, m.Conversation)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// Conversations come in the order of their last messages, a page behind another,
// in both directions; those without a message are the oldest.
func TestRecentConversations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		app, began := gateway.NewID(7), time.UnixMicro(1_767_323_045_000_000).UTC()
		var byAge []gateway.ID // the least recent first
		apply(t, db, func(tx *store.Tx) error {
			for i, at := range []time.Time{{}, {}, began, began, began.Add(time.Microsecond), began.Add(time.Hour)} {
				id := gateway.NewID(byte(i))
				byAge = append(byAge, id)
				tx.Conversations.Put(store.Conversation{ID: id, App: app, Project: "p", Active: i != 5, LastReceived: at})
			}
			tx.Conversations.Put(store.Conversation{ID: gateway.NewID(1), App: gateway.NewID(1), Project: "p", Active: true})
			return nil
		})
		for _, oldestFirst := range []bool{true, false} {
			for _, onlyActive := range []bool{true, false} {
				want := slices.Clone(byAge)
				if onlyActive {
					want = want[:5]
				}
				if !oldestFirst {
					slices.Reverse(want)
				}
				q := store.ConversationQuery{Project: "p", App: app, OnlyActive: onlyActive}
				var got []gateway.ID
				var behind *store.Recency
				for {
					page, err := db.RecentConversations(t.Context(), q, oldestFirst, behind, 2)
					if err != nil {
						t.Fatal(err)
					}
					if len(page) == 0 {
						break
					}
					for _, c := range page {
						got = append(got, c.ID)
						behind = &store.Recency{LastReceived: c.LastReceived, ID: c.ID}
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("oldest first %v, only active %v (-want +got):\n%s", oldestFirst, onlyActive, diff)
				}
			}
		}
	})
}

// Identities are found by their text on whichever channel, in every scope, and
// conversations by their contacts.
func TestPeopleAreFoundInBulk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		app, contact := gateway.NewID(1), gateway.NewID(2)
		key := func(project, channel, identity string, scope gateway.ID) store.IdentityKey {
			return store.IdentityKey{Project: project, Channel: channel, Identity: identity, Scope: scope}
		}
		sms, line, line2 := key("p", "SMS", "467", gateway.ID{}), key("p", "LINE", "U1", app), key("p", "LINE", "U1", gateway.NewID(3))
		older := store.Conversation{ID: gateway.NewID(2), App: app, Contact: contact, Project: "p"}
		newer := store.Conversation{ID: gateway.NewID(2), App: gateway.NewID(4), Contact: contact, Project: "p"}
		apply(t, db, func(tx *store.Tx) error {
			for _, k := range []store.IdentityKey{sms, line, line2, key("p", "WHATSAPP", "467", gateway.ID{}), key("q", "SMS", "467", gateway.ID{})} {
				tx.Identities.Put(store.Identity{IdentityKey: k})
			}
			tx.Conversations.Put(older)
			tx.Conversations.Put(newer)
			return nil
		})
		texts := append([]string{"467", "none"}, slices.Repeat([]string{"U1"}, 60)...)
		identities, err := db.IdentitiesOf(t.Context(), "p", []string{"SMS", "LINE"}, texts)
		if err != nil {
			t.Fatal(err)
		}
		if len(identities) != 62 || len(identities[0]) != 1 || identities[0][0].IdentityKey != sms || len(identities[1]) != 0 || len(identities[61]) != 2 {
			t.Errorf("identities %+v", identities[:3])
		}
		for _, tt := range []struct {
			app   gateway.ID
			limit int
			want  [][]store.Conversation
		}{
			{gateway.ID{}, 10, [][]store.Conversation{nil, {newer, older}}},
			{gateway.ID{}, 1, [][]store.Conversation{nil, {newer}}},
			{app, 10, [][]store.Conversation{nil, {older}}},
		} {
			got, err := db.ConversationsOf(t.Context(), "p", []gateway.ID{gateway.NewID(9), contact}, tt.app, tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			var ids, want [][]gateway.ID
			for i := range got {
				ids, want = append(ids, nil), append(want, nil)
				for _, c := range got[i] {
					ids[i] = append(ids[i], c.ID)
				}
				for _, c := range tt.want[i] {
					want[i] = append(want[i], c.ID)
				}
			}
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Errorf("conversations (-want +got):\n%s", diff)
			}
		}
	})
}
