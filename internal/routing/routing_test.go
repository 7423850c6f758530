package routing

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

const app = "01APP"

// ids reads identities of the form "CHANNEL:identity" or "CHANNEL:identity@app".
func ids(texts ...string) []convapi.ChannelIdentity {
	var out []convapi.ChannelIdentity
	for _, text := range texts {
		text, app, _ := strings.Cut(text, "@")
		channel, identity, _ := strings.Cut(text, ":")
		out = append(out, convapi.ChannelIdentity{Channel: convapi.Channel(channel), Identity: identity, AppID: app})
	}
	return out
}

func channels(names ...convapi.Channel) []convapi.Channel { return names }

// show writes hops as text; a fault is a "!" behind.
func show(hops []Hop) []string {
	var out []string
	for _, h := range hops {
		text := string(h.Channel) + ":" + h.Identity
		if h.AppScope != "" {
			text += "@" + h.AppScope
		}
		if h.Fault != nil {
			text += "!" + string(h.Fault.Code)
		}
		out = append(out, text)
	}
	return out
}

// The contract's rules of planning, a row each.
func TestPlan(t *testing.T) {
	const noIdentity, noConfig = convapi.ReasonNoChannelIdentityForContact, convapi.ReasonChannelConfigurationMissing
	for name, row := range map[string]struct {
		in     Input
		want   []string
		reason convapi.ReasonCode
	}{
		"rule 1: the request's order, not that of its identities": {
			in: Input{
				Configured: channels("SMS", "RCS", "WHATSAPP"), PriorityOrder: channels("WHATSAPP", "SMS"),
				Requested: ids("SMS:46701234567", "RCS:46701234567", "WHATSAPP:46701234567"),
			},
			want: []string{"WHATSAPP:46701234567", "SMS:46701234567"},
		},
		"rule 1 wins over the contact's order and the active channel": {
			in: Input{
				Configured: channels("SMS", "RCS"), PriorityOrder: channels("RCS"),
				ContactIdentities: ids("SMS:46701234567", "RCS:46701234567"),
				ContactPriority:   channels("SMS", "RCS"), ActiveChannel: "SMS",
			},
			want: []string{"RCS:46701234567"},
		},
		"rule 1: a listed channel without identity is skipped": {
			in: Input{
				Configured: channels("SMS", "RCS"), PriorityOrder: channels("RCS", "SMS"),
				Requested: ids("SMS:46701234567"),
			},
			want: []string{"SMS:46701234567"},
		},
		"rule 1: no listed channel has an identity": {
			in: Input{
				Configured: channels("SMS", "RCS"), PriorityOrder: channels("RCS"),
				Requested: ids("SMS:46701234567"),
			},
			reason: noIdentity,
		},
		"rule 1: the contact supplies what the request lacks, and only that": {
			in: Input{
				Configured: channels("SMS", "RCS"), PriorityOrder: channels("RCS", "SMS"),
				Requested:         ids("SMS:46701234567"),
				ContactIdentities: ids("SMS:46700000000", "SMS:46701234567", "RCS:46701234567"),
			},
			want: []string{"RCS:46701234567", "SMS:46701234567"},
		},
		"rule 1: a channel listed twice counts where it is first": {
			in: Input{
				Configured: channels("SMS", "RCS"), PriorityOrder: channels("RCS", "SMS", "RCS"),
				Requested: ids("SMS:46701234567", "RCS:46701234567"),
			},
			want: []string{"RCS:46701234567", "SMS:46701234567"},
		},
		"rule 2: array order, without the contact's other identities": {
			in: Input{
				Configured:        channels("SMS", "RCS", "WHATSAPP"),
				Requested:         ids("RCS:46701234567", "SMS:46701234567"),
				ContactIdentities: ids("WHATSAPP:46701234567"),
				ContactPriority:   channels("WHATSAPP", "SMS", "RCS"), ActiveChannel: "WHATSAPP",
			},
			want: []string{"RCS:46701234567", "SMS:46701234567"},
		},
		"rule 2: several identities on one channel are separate hops": {
			in: Input{
				Configured: channels("SMS", "RCS"),
				Requested:  ids("SMS:46700000001", "RCS:46700000001", "SMS:46700000002"),
			},
			want: []string{"SMS:46700000001", "RCS:46700000001", "SMS:46700000002"},
		},
		"rule 2: the same identity twice is one hop": {
			in: Input{
				Configured: channels("SMS"),
				Requested:  ids("SMS:46700000001", "SMS:46700000001"),
			},
			want: []string{"SMS:46700000001"},
		},
		"rule 2: a channel without credentials is skipped": {
			in: Input{
				Configured: channels("SMS"),
				Requested:  ids("RCS:46701234567", "SMS:46701234567"),
			},
			want: []string{"SMS:46701234567"},
		},
		"rule 2: the only channel has no credentials": {
			in:     Input{Configured: channels("SMS"), Requested: ids("RCS:46701234567")},
			reason: noConfig,
		},
		"rule 3: active channel, contact's priority, app's priority": {
			in: Input{
				Configured:        channels("MMS", "VIBERBM", "SMS", "RCS", "WHATSAPP"),
				ContactIdentities: ids("SMS:46701234567", "VIBERBM:46701234567", "MMS:46701234567", "RCS:46701234567", "WHATSAPP:46701234567"),
				ContactPriority:   channels("WHATSAPP", "SMS"), ActiveChannel: "RCS",
			},
			want: []string{
				"RCS:46701234567", "WHATSAPP:46701234567", "SMS:46701234567",
				"MMS:46701234567", "VIBERBM:46701234567",
			},
		},
		"rule 3: several identities on one channel follow each other": {
			in: Input{
				Configured:        channels("SMS", "RCS"),
				ContactIdentities: ids("SMS:46700000001", "RCS:46700000001", "SMS:46700000002"),
			},
			want: []string{"SMS:46700000001", "SMS:46700000002", "RCS:46700000001"},
		},
		"rule 3: an active channel without identity or credentials is skipped": {
			in: Input{
				Configured:        channels("SMS"),
				ContactIdentities: ids("RCS:46701234567", "SMS:46701234567"), ActiveChannel: "RCS",
			},
			want: []string{"SMS:46701234567"},
		},
		"rule 3: no channel of the contact has credentials": {
			in:     Input{Configured: channels("SMS"), ContactIdentities: ids("RCS:46701234567")},
			reason: noConfig,
		},
		"rule 3: the contact has no identities": {
			in:     Input{Configured: channels("SMS"), ContactPriority: channels("SMS"), ActiveChannel: "SMS"},
			reason: noIdentity,
		},
		"a malformed identity is a hop that fails": {
			in: Input{
				Configured: channels("SMS", "RCS"),
				Requested:  ids("SMS:elephant", "RCS:46701234567"),
			},
			want: []string{"SMS:elephant!RECIPIENT_INVALID_CHANNEL_IDENTITY", "RCS:46701234567"},
		},
		"an app-scoped identity of this app, or without one": {
			in: Input{
				Configured: channels("MESSENGER", "LINE"),
				Requested:  ids("MESSENGER:7746490198930851@01APP", "LINE:U1"),
			},
			want: []string{"MESSENGER:7746490198930851@01APP", "LINE:U1@01APP"},
		},
		"an app-scoped identity of another app is not usable": {
			in: Input{
				Configured:        channels("MESSENGER", "SMS"),
				ContactIdentities: ids("MESSENGER:7746490198930851@01OTHER", "SMS:46701234567"),
			},
			want: []string{"SMS:46701234567"},
		},
		"nothing but app-scoped identities of another app": {
			in: Input{
				Configured:        channels("MESSENGER"),
				ContactIdentities: ids("MESSENGER:7746490198930851@01OTHER"),
			},
			reason: noIdentity,
		},
		"an app on an identity of a channel without scopes is ignored": {
			in:   Input{Configured: channels("SMS"), Requested: ids("SMS:46701234567@01OTHER")},
			want: []string{"SMS:46701234567"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			row.in.AppID = app
			hops, reason, err := Plan(row.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, show(hops)); diff != "" {
				t.Errorf("hops (-want +got):\n%s", diff)
			}
			var code convapi.ReasonCode
			if reason != nil {
				code = reason.Code
			}
			if code != row.reason {
				t.Errorf("reason %q, want %q", code, row.reason)
			}
		})
	}
}

func TestPriorityOrderMustBeConfigured(t *testing.T) {
	_, _, err := Plan(Input{
		AppID: app, Configured: channels("SMS"), PriorityOrder: channels("SMS", "RCS"),
		Requested: ids("SMS:46701234567"),
	})
	var refusal *gateway.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a *gateway.Error", err)
	}
	want := gateway.Error{
		Code: gateway.InvalidArgument, Field: "channel_priority_order[1]", Message: "RCS is not configured in the app",
	}
	if diff := cmp.Diff(want, *refusal); diff != "" {
		t.Error(diff)
	}
}

// anyInput draws from few channels, identities and apps, so that they meet.
func anyInput(t *rapid.T) Input {
	channel := rapid.SampledFrom(channels("SMS", "RCS", "WHATSAPP", "MESSENGER", "LINE", "", "PIGEON"))
	identity := rapid.Custom(func(t *rapid.T) convapi.ChannelIdentity {
		return convapi.ChannelIdentity{
			Channel:  channel.Draw(t, "channel"),
			Identity: rapid.SampledFrom([]string{"46701234567", "46700000000", "", "x"}).Draw(t, "identity"),
			AppID:    rapid.SampledFrom([]string{"", app, "01OTHER"}).Draw(t, "app"),
		}
	})
	return Input{
		AppID:             app,
		Configured:        rapid.SliceOfN(channel, 0, 6).Draw(t, "configured"),
		PriorityOrder:     rapid.SliceOfN(channel, 0, 4).Draw(t, "priority order"),
		Requested:         rapid.SliceOfN(identity, 0, 4).Draw(t, "requested"),
		ContactIdentities: rapid.SliceOfN(identity, 0, 5).Draw(t, "contact identities"),
		ContactPriority:   rapid.SliceOfN(channel, 0, 4).Draw(t, "contact priority"),
		ActiveChannel:     channel.Draw(t, "active channel"),
	}
}

func TestPlanLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		hops, reason, err := Plan(in)

		unlisted := slices.ContainsFunc(in.PriorityOrder, func(c convapi.Channel) bool {
			return !slices.Contains(in.Configured, c)
		})
		if (err != nil) != unlisted {
			t.Fatalf("error %v, but an unconfigured channel in the order: %v", err, unlisted)
		}
		if err != nil {
			return
		}
		if (len(hops) == 0) != (reason != nil) {
			t.Fatalf("%d hops and reason %v: want one or the other", len(hops), reason)
		}
		seen := map[string]bool{}
		for _, hop := range hops {
			checkHop(t, in, hop)
			key := fmt.Sprintf("%s:%s", hop.Channel, hop.Identity)
			if seen[key] {
				t.Fatalf("%s is planned twice", key)
			}
			seen[key] = true
		}
		checkOrder(t, in, hops)
		checkComplete(t, in, hops)
	})
}

// checkHop: a hop is configured, comes from the input, and is faulty exactly
// when its identity is malformed.
func checkHop(t *rapid.T, in Input, hop Hop) {
	if !slices.Contains(in.Configured, hop.Channel) {
		t.Fatalf("%s is not configured", hop.Channel)
	}
	known := slices.ContainsFunc(slices.Concat(in.Requested, in.ContactIdentities), func(id convapi.ChannelIdentity) bool {
		mine := id.AppID == "" || id.AppID == app || !id.Channel.AppScoped()
		return mine && id.Channel == hop.Channel && id.Identity == hop.Identity
	})
	if !known {
		t.Fatalf("%s:%s is no usable identity of the input", hop.Channel, hop.Identity)
	}
	if (hop.Fault == nil) != convapi.ValidIdentity(hop.Channel, hop.Identity) {
		t.Fatalf("fault of %s:%s is %v", hop.Channel, hop.Identity, hop.Fault)
	}
	if (hop.AppScope == app) != hop.Channel.AppScoped() || hop.AppScope != "" && hop.AppScope != app {
		t.Fatalf("scope of %s is %q", hop.Channel, hop.AppScope)
	}
}

// checkOrder: the position in the list that the rule names never goes back.
func checkOrder(t *rapid.T, in Input, hops []Hop) {
	position := func(h Hop) int {
		switch {
		case len(in.PriorityOrder) > 0:
			return slices.Index(in.PriorityOrder, h.Channel)
		case len(in.Requested) > 0:
			return slices.IndexFunc(in.Requested, func(id convapi.ChannelIdentity) bool {
				usable := !id.Channel.AppScoped() || id.AppID != "01OTHER"
				return usable && id.Channel == h.Channel && id.Identity == h.Identity
			})
		case h.Channel == in.ActiveChannel:
			return 0
		case slices.Contains(in.ContactPriority, h.Channel):
			return 1 + slices.Index(in.ContactPriority, h.Channel)
		default:
			return 1 + len(in.ContactPriority) + slices.Index(in.Configured, h.Channel)
		}
	}
	for i, hop := range hops {
		if position(hop) < 0 {
			t.Fatalf("%s:%s is not what the rule names", hop.Channel, hop.Identity)
		}
		if i > 0 && position(hop) < position(hops[i-1]) {
			t.Fatalf("%s:%s comes too late", hop.Channel, hop.Identity)
		}
	}
}

// checkComplete: what the rule names and the app can use is planned.
func checkComplete(t *rapid.T, in Input, hops []Hop) {
	named := in.Requested
	if len(named) == 0 {
		named = in.ContactIdentities
	}
	for _, id := range named {
		listed := len(in.PriorityOrder) == 0 || slices.Contains(in.PriorityOrder, id.Channel)
		foreign := id.Channel.AppScoped() && id.AppID == "01OTHER"
		planned := slices.ContainsFunc(hops, func(h Hop) bool { return h.Channel == id.Channel && h.Identity == id.Identity })
		if listed && !foreign && slices.Contains(in.Configured, id.Channel) && !planned {
			t.Fatalf("%v is not planned", id)
		}
	}
	for _, channel := range in.PriorityOrder {
		known := slices.ContainsFunc(in.ContactIdentities, func(id convapi.ChannelIdentity) bool {
			return id.Channel == channel && (!channel.AppScoped() || id.AppID != "01OTHER")
		})
		if known && !slices.ContainsFunc(hops, func(h Hop) bool { return h.Channel == channel }) {
			t.Fatalf("%s is listed and the contact has an identity on it, but it is not planned", channel)
		}
	}
}

// A plan is a function of its input, and leaves it alone.
func TestPlanIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		before := Input{
			AppID: in.AppID, ActiveChannel: in.ActiveChannel,
			Configured: slices.Clone(in.Configured), PriorityOrder: slices.Clone(in.PriorityOrder),
			Requested: slices.Clone(in.Requested), ContactIdentities: slices.Clone(in.ContactIdentities),
			ContactPriority: slices.Clone(in.ContactPriority),
		}
		first, reason, _ := Plan(in)
		second, again, _ := Plan(before)
		if diff := cmp.Diff(first, second) + cmp.Diff(reason, again) + cmp.Diff(before, in); diff != "" {
			t.Fatal(diff)
		}
	})
}
