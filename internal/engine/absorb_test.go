package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

// The destination of a merge keeps what it has and takes what it lacks.
func TestAbsorb(t *testing.T) {
	id := func(ch convapi.Channel, identity string) convapi.ChannelIdentity {
		return convapi.ChannelIdentity{Channel: ch, Identity: identity}
	}
	sms, rcs, whatsApp, telegram := convapi.ChannelSMS, convapi.ChannelRCS, convapi.ChannelWhatsApp, convapi.ChannelTelegram
	from := convapi.Contact{
		ID: "from", ChannelIdentities: []convapi.ChannelIdentity{id(sms, "1"), id(rcs, "2"), id(whatsApp, "3"), id(rcs, "4")},
		ChannelPriority: []convapi.Channel{whatsApp, sms, telegram, rcs},
		DisplayName:     "From", Email: "from@example.com", ExternalID: "f", Metadata: "m", Language: "SV",
	}
	for _, tc := range []struct {
		name       string
		into, want convapi.Contact
	}{
		{
			"all that is optional is empty",
			convapi.Contact{ID: "into", ChannelIdentities: []convapi.ChannelIdentity{id(sms, "9")}, ChannelPriority: []convapi.Channel{sms}, DisplayName: convapi.DefaultDisplayName, Language: convapi.LanguageUnspecified},
			convapi.Contact{
				ID: "into", ChannelIdentities: []convapi.ChannelIdentity{id(sms, "9"), id(rcs, "2"), id(whatsApp, "3"), id(rcs, "4")},
				ChannelPriority: []convapi.Channel{sms, whatsApp, rcs},
				DisplayName:     "From", Email: "from@example.com", ExternalID: "f", Metadata: "m", Language: "SV",
			},
		},
		{
			"nothing is empty",
			convapi.Contact{
				ID: "into", ChannelIdentities: []convapi.ChannelIdentity{id(rcs, "9"), id(sms, "8"), id(whatsApp, "7")}, ChannelPriority: []convapi.Channel{rcs, sms, whatsApp},
				DisplayName: "Into", Email: "into@example.com", ExternalID: "i", Metadata: "n", Language: "DE",
			},
			convapi.Contact{
				ID: "into", ChannelIdentities: []convapi.ChannelIdentity{id(rcs, "9"), id(sms, "8"), id(whatsApp, "7")}, ChannelPriority: []convapi.Channel{rcs, sms, whatsApp},
				DisplayName: "Into", Email: "into@example.com", ExternalID: "i", Metadata: "n", Language: "DE",
			},
		},
		{
			"a channel is in the priority without an identity on it",
			convapi.Contact{ID: "into", ChannelIdentities: []convapi.ChannelIdentity{id(sms, "9"), id(whatsApp, "8")}, ChannelPriority: []convapi.Channel{rcs, whatsApp, sms}, DisplayName: "Into", Email: "e", ExternalID: "i", Metadata: "n", Language: "DE"},
			convapi.Contact{
				ID: "into", ChannelIdentities: []convapi.ChannelIdentity{id(sms, "9"), id(whatsApp, "8"), id(rcs, "2"), id(rcs, "4")}, ChannelPriority: []convapi.Channel{rcs, whatsApp, sms},
				DisplayName: "Into", Email: "e", ExternalID: "i", Metadata: "n", Language: "DE",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			absorb(&tc.into, &from)
			if diff := cmp.Diff(tc.want, tc.into); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
