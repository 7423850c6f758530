package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store/storetest"
)

var crowds atomic.Int64

// Law: however contacts are made, changed, merged and deleted, the conflicts of a
// project are what its contacts claim, and while its contact ids are unified
// there is none of a number on SMS, RCS and MMS.
func TestConflictsAreWhatContactsClaim(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := newSociety(t, e.URL(t))
		rapid.Check(t, func(t *rapid.T) {
			c := &crowd{Engine: s.Engine, project: fmt.Sprint("crowd", crowds.Add(1)), contacts: make(map[string]convapi.Contact)}
			if err := s.PutProject(context.Background(), c.project, c.project, "secret"); err != nil {
				t.Fatalf("%v", err)
			}
			for range rapid.IntRange(1, 15).Draw(t, "steps") {
				c.step(t)
			}
			c.check(t)
		})
	})
}

// crowd is the contacts of a project, as they should be.
type crowd struct {
	*Engine
	project  string
	contacts map[string]convapi.Contact
	unified  bool
}

func drawIdentities(t *rapid.T) []convapi.ChannelIdentity {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) convapi.ChannelIdentity {
		ch := rapid.SampledFrom([]convapi.Channel{convapi.ChannelSMS, convapi.ChannelRCS, convapi.ChannelMMS, convapi.ChannelWhatsApp}).Draw(t, "channel")
		return convapi.ChannelIdentity{Channel: ch, Identity: rapid.SampledFrom([]string{"46700000001", "46700000002"}).Draw(t, "number")}
	}), 1, 3, rapid.ID[convapi.ChannelIdentity]).Draw(t, "identities")
}

// step is one call; one that would make a conflict where there must be none is
// refused.
func (c *crowd) step(t *rapid.T) {
	ctx := context.Background()
	ids := slices.Sorted(maps.Keys(c.contacts))
	what := rapid.SampledFrom([]string{"make", "make", "change", "delete", "merge", "unify", "divide"}).Draw(t, "what")
	if len(ids) == 0 && (what == "change" || what == "delete") || len(ids) < 2 && what == "merge" {
		what = "make"
	}
	var err error
	allowed := true
	switch what {
	case "make":
		contact := convapi.Contact{ChannelIdentities: drawIdentities(t), Language: convapi.LanguageEnUS}
		allowed = !c.unified || !c.clashes("", contact)
		if contact, err = c.CreateContact(ctx, c.project, contact); err == nil {
			c.contacts[contact.ID] = contact
		}
	case "change":
		id, identities := rapid.SampledFrom(ids).Draw(t, "contact"), drawIdentities(t)
		allowed = !c.unified || !c.clashes(id, convapi.Contact{ChannelIdentities: identities})
		var changed convapi.Contact
		changed, err = c.UpdateContact(ctx, c.project, id, func(r *convapi.Contact) error { r.ChannelIdentities = identities; return nil })
		if err == nil {
			c.contacts[id] = changed
		}
	case "delete":
		id := rapid.SampledFrom(ids).Draw(t, "contact")
		err = c.DeleteContact(ctx, c.project, id)
		delete(c.contacts, id)
	case "merge":
		pair := rapid.Permutation(ids).Draw(t, "pair")
		c.contacts[pair[1]], err = c.MergeContact(ctx, c.project, pair[1], convapi.MergeContactRequest{SourceID: pair[0]})
		delete(c.contacts, pair[0])
	case "unify", "divide":
		unify := what == "unify"
		allowed = !unify || c.unified || len(c.conflicts()) == 0
		_, err = c.UpdateSettings(ctx, c.project, func(s *convapi.ProjectSettings) {
			s.ContactSettings = &convapi.ContactSettings{UnifiedContactIDEnabled: unify}
		})
		if err == nil {
			c.unified = unify
		}
	}
	refused, _ := errors.AsType[*gateway.Error](err)
	if allowed != (err == nil) || !allowed && refused == nil {
		t.Fatalf("%s: %v, allowed %v", what, err, allowed)
	}
}

// conflicts works out by hand who claims what, and names those that are several.
func (c *crowd) conflicts() map[string][]string {
	claims := make(map[string][]string)
	for _, id := range slices.Sorted(maps.Keys(c.contacts)) {
		for name := range named(c.contacts[id]) {
			claims[name] = append(claims[name], id)
		}
	}
	maps.DeleteFunc(claims, func(_ string, who []string) bool { return len(who) < 2 })
	return claims
}

// named are the names of a contact's identities; a number on SMS, RCS and MMS has
// one.
func named(contact convapi.Contact) map[string]bool {
	out := make(map[string]bool)
	for _, id := range contact.ChannelIdentities {
		if id.Channel == convapi.ChannelWhatsApp {
			out["WHATSAPP "+id.Identity] = true
		} else {
			out["number "+id.Identity] = true
		}
	}
	return out
}

// clashes says whether a contact would have a number that is another one's.
func (c *crowd) clashes(id string, contact convapi.Contact) bool {
	for other, has := range c.contacts {
		for name := range named(has) {
			if other != id && named(contact)[name] && name[:6] == "number" {
				return true
			}
		}
	}
	return false
}

func (c *crowd) check(t *rapid.T) {
	var all []convapi.IdentityConflict
	for page := (Page{Size: 1}); ; {
		list, next, err := c.IdentityConflicts(context.Background(), c.project, page)
		if err != nil {
			t.Fatalf("%v", err)
		}
		all = append(all, list...)
		if page.Token = next; next == "" {
			break
		}
	}
	got := make(map[string][]string)
	for _, one := range all {
		name := "number "
		if one.Channels[0] == convapi.ChannelWhatsApp {
			name = "WHATSAPP "
		}
		got[name+one.Identity] = one.ContactIDs
		for _, ch := range one.Channels {
			if !slices.ContainsFunc(one.ContactIDs, func(id string) bool {
				return slices.Contains(c.contacts[id].ChannelIdentities, convapi.ChannelIdentity{Channel: ch, Identity: one.Identity})
			}) {
				t.Fatalf("nobody claims %s on %s", one.Identity, ch)
			}
		}
	}
	if diff := cmp.Diff(c.conflicts(), got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	row, _, err := c.db.Project(context.Background(), c.project)
	if err != nil || row.Conflicts != len(got) {
		t.Fatalf("%d conflicts are counted, want %d: %v", row.Conflicts, len(got), err)
	}
}
