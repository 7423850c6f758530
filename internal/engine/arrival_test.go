package engine

import (
	"testing"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// What is quoted has to be the person's own, on the channel that the answer
// goes out over: a provider refuses everything else, or shows it to a stranger.
func TestOnlyThePersonsOwnMessagesAreQuotable(t *testing.T) {
	app, other := gateway.NewID(0), gateway.NewID(0)
	to := hop{Channel: convapi.ChannelWhatsApp, Identity: "46700000001"}
	good := store.Message{App: app, ToApp: true, Channel: "WHATSAPP", Identity: "46700000001"}
	var err error
	if good.Plan, err = (arrival{Ref: "wamid.1"}).encode(); err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, storetest.SQLite(t))
	for name, tt := range map[string]struct {
		change func(*store.Message)
		want   string
	}{
		"their own":            {func(*store.Message) {}, "wamid.1"},
		"kept out of sight":    {func(m *store.Message) { m.Dispatch, m.Kind = true, store.KindHiddenMessage }, "wamid.1"},
		"without a ref":        {func(m *store.Message) { m.Plan = []byte("{}") }, ""},
		"to the person":        {func(m *store.Message) { m.ToApp = false }, ""},
		"of another person":    {func(m *store.Message) { m.Identity = "46700000002" }, ""},
		"over another channel": {func(m *store.Message) { m.Channel = "SMS" }, ""},
		"to another app":       {func(m *store.Message) { m.App = other }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := good
			m.ID = gateway.NewID(3)
			tt.change(&m)
			put := store.Op{Run: func(tx *store.Tx) error { tx.PutMessage(m); return nil }}
			if err := db.Apply(t.Context(), put); err != nil {
				t.Fatal(err)
			}
			var got string
			ask := store.Op{Run: func(tx *store.Tx) (err error) {
				got, err = new(Engine).quotable(tx, m.ID.String(), app, to)
				return err
			}}
			if err := db.Apply(t.Context(), ask); err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
	for _, id := range []string{"", "not an id", gateway.NewID(3).String()} {
		ask := store.Op{Run: func(tx *store.Tx) error {
			if ref, err := new(Engine).quotable(tx, id, app, to); ref != "" || err != nil {
				t.Errorf("%q: got %q, %v", id, ref, err)
			}
			return nil
		}}
		if err := db.Apply(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
	}
}
