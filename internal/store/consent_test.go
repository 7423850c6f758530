package store_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/consent"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// A list has everybody who is on it, each once, in the order of coming,
// whatever other lists they are on and however it is cut into pages.
func TestListed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		app, other := gateway.NewID(0), gateway.NewID(0)
		var rows []store.Consent
		for i := range 200 {
			row := store.Consent{Subject: gateway.NewID(byte(i)), App: app, Listed: gateway.NewID(0), Identity: "i", Lists: consent.Lists(i % 8), Last: consent.All}
			switch {
			case i%11 == 0:
				row.App = other
			case row.Lists == 0 || i%13 == 0: // erased
				row.Listed, row.Identity = gateway.ID{}, ""
			}
			rows = append(rows, row)
		}
		apply(t, db, func(tx *store.Tx) error {
			for _, i := range []int{0, 7, 3} { // in any order of writing
				for ; i < len(rows); i += 10 {
					tx.Consents.Put(rows[i])
				}
			}
			for _, row := range rows {
				tx.Consents.Put(row)
			}
			return nil
		})
		for _, l := range []consent.Lists{consent.All, consent.Marketing, consent.Notification} {
			want := slices.DeleteFunc(slices.Clone(rows), func(c store.Consent) bool { return c.App != app || c.Lists&l == 0 || c.Listed.IsZero() })
			slices.SortFunc(want, func(a, b store.Consent) int { return bytes.Compare(a.Listed[:], b.Listed[:]) })
			var got []store.Consent
			for behind := (gateway.ID{}); ; behind = got[len(got)-1].Listed {
				page, err := db.Listed(t.Context(), app, l, behind, 7)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page...)
				if len(page) < 7 {
					break
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v (-want +got):\n%s", l.Names(), diff)
			}
		}
	})
}

// The newest changes of somebody's consent come first, and those of others not
// at all.
func TestConsentAudits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		alice, bob, carol := gateway.NewID(1), gateway.NewID(2), gateway.NewID(3)
		var want []store.ConsentAudit
		apply(t, db, func(tx *store.Tx) error {
			for i := range 9 {
				audit := store.ConsentAudit{
					ConsentAuditKey: store.ConsentAuditKey{Subject: []gateway.ID{alice, bob, carol}[i%3], ID: gateway.NewIDAt(0, tx.Now)},
					List:            consent.Marketing, Off: i%2 == 0, MO: i%4 == 0, At: time.UnixMicro(int64(i + 1)).UTC(),
				}
				tx.ConsentAudits.Put(audit)
				if audit.Subject != carol {
					want = append([]store.ConsentAudit{audit}, want...)
				}
			}
			return nil
		})
		got, err := db.ConsentAudits(t.Context(), []gateway.ID{alice, bob}, 4)
		if diff := cmp.Diff(want[:4], got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if none, err := db.ConsentAudits(t.Context(), nil, 4); err != nil || len(none) != 0 {
			t.Errorf("of nobody: %v %v", none, err)
		}
	})
}
