package consent

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

func TestBlocking(t *testing.T) {
	for _, tt := range []struct {
		lists   Lists
		content convapi.MessageContentType
		want    convapi.ConsentList
	}{
		{0, "", ""},
		{0, convapi.ContentMarketing, ""},
		{All, "", convapi.OptOutAll},
		{All, convapi.ContentUnknown, convapi.OptOutAll},
		{All, convapi.ContentMarketing, convapi.OptOutAll},
		{All, convapi.ContentNotification, convapi.OptOutAll},
		{Marketing, convapi.ContentMarketing, convapi.OptOutMarketing},
		{Marketing, convapi.ContentNotification, ""},
		{Marketing, "", ""},
		{Notification, convapi.ContentNotification, convapi.OptOutNotification},
		{Notification, convapi.ContentMarketing, ""},
		{Marketing | Notification, convapi.ContentUnknown, ""},
		{Every, convapi.ContentMarketing, convapi.OptOutAll},
	} {
		if got := tt.lists.Blocking(tt.content); got != tt.want {
			t.Errorf("%v and %q: %q, want %q", tt.lists.Names(), tt.content, got, tt.want)
		}
	}
	// What follows a message blocks the next one like it.
	for _, content := range []convapi.MessageContentType{"", convapi.ContentUnknown, convapi.ContentMarketing, convapi.ContentNotification} {
		if After(content).Blocking(content) == "" {
			t.Errorf("an opt-out after %q does not block it", content)
		}
	}
	for _, list := range names {
		if got := Of(list).Names(); len(got) != 1 || got[0] != list {
			t.Errorf("%s: %v", list, got)
		}
	}
	if Of("OPT_OUT_SOME") != 0 {
		t.Error("a list that does not exist is one")
	}
}

func TestParties(t *testing.T) {
	number := Party{Identity: "46700000001"}
	for _, ch := range []convapi.Channel{convapi.ChannelSMS, convapi.ChannelMMS, convapi.ChannelRCS, convapi.ChannelWhatsApp, convapi.ChannelViberBM} {
		if got := PartyOf(ch, "46700000001"); got != number {
			t.Errorf("%s: %+v", ch, got)
		}
	}
	for _, party := range []Party{
		{convapi.ChannelTelegram, "46700000001"}, {convapi.ChannelWhatsApp, "SE.1234"}, {convapi.ChannelSMS, "short"}, {convapi.ChannelLINE, "U1"},
	} {
		if got := PartyOf(party.Channel, party.Identity); got != party {
			t.Errorf("%+v: %+v", party, got)
		}
	}
	channels := []convapi.Channel{convapi.ChannelSMS, convapi.ChannelWhatsApp, convapi.ChannelTelegram}
	for identity, want := range map[string][]Party{
		"+46 70-000 00 01": {number},
		"46700000001":      {number, {convapi.ChannelTelegram, "46700000001"}},
		"@alice":           {{convapi.ChannelWhatsApp, "@alice"}, {convapi.ChannelTelegram, "@alice"}},
		"":                 nil,
	} {
		got := PartiesOf(identity, channels)
		if len(got) == 0 {
			t.Errorf("%q is nobody", identity)
		}
		got = slices.DeleteFunc(got, func(p Party) bool { return !p.Valid() })
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", identity, diff)
		}
	}
}

// Nobody else is taken for a party: not on another channel, of another app, nor
// by another gateway.
func TestSubjects(t *testing.T) {
	key, app := []byte("key"), gateway.NewID(0)
	seen := make(map[gateway.ID]string)
	for name, id := range map[string]gateway.ID{
		"a number":        Party{Identity: "46700000001"}.Subject(key, app),
		"another one":     Party{Identity: "46700000002"}.Subject(key, app),
		"a channel":       Party{convapi.ChannelTelegram, "46700000001"}.Subject(key, app),
		"another app":     Party{Identity: "46700000001"}.Subject(key, gateway.NewID(0)),
		"another gateway": Party{Identity: "46700000001"}.Subject([]byte("other"), app),
	} {
		if seen[id] != "" || id.IsZero() {
			t.Errorf("%s is %s", name, seen[id])
		}
		seen[id] = name
	}
	if again := (Party{Identity: "46700000001"}).Subject(key, app); seen[again] != "a number" {
		t.Error("a party has two subjects")
	}
}
