package convapi

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalizeIdentity(t *testing.T) {
	cases := []struct {
		channel  Channel
		in, want string
	}{
		{ChannelSMS, "+46 (70) 111-22.33", "46701112233"},
		{ChannelMMS, "46701112233", "46701112233"},
		{ChannelRCS, "+46701112233", "46701112233"},
		{ChannelViberBM, "+46701112233", "46701112233"},
		{ChannelWhatsApp, "+46 70 111 22 33", "46701112233"},
		{ChannelWhatsApp, "SE.4670-AB", "SE.4670-AB"},
		{ChannelSMS, "+", "+"},
		{ChannelSMS, "", ""},
		{ChannelSMS, "++467", "++467"},
		{ChannelMessenger, "+1 2", "+1 2"},
		{ChannelTelegram, "-100.5", "-100.5"},
		{ChannelEmail, "a.b-c@example.org", "a.b-c@example.org"},
	}
	for _, tc := range cases {
		if got := NormalizeIdentity(tc.channel, tc.in); got != tc.want {
			t.Errorf("NormalizeIdentity(%s, %q) = %q, want %q", tc.channel, tc.in, got, tc.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		channel := rapid.SampledFrom(Channels()).Draw(t, "channel")
		once := NormalizeIdentity(channel, rapid.StringMatching(`[+0-9 ().a-]{0,12}`).Draw(t, "identity"))
		if twice := NormalizeIdentity(channel, once); twice != once {
			t.Fatalf("%q becomes %q when normalized again", once, twice)
		}
	})
}

func TestValidIdentity(t *testing.T) {
	valid := map[Channel][]string{
		ChannelSMS: {"4670111", "467011122334455"}, ChannelMMS: {"46701112233"}, ChannelRCS: {"46701112233"}, ChannelViberBM: {"46701112233"},
		ChannelWhatsApp: {"46701112233", "SE.13491208655302741918"},
		ChannelTelegram: {"7", "-1001234567890", "9223372036854775807", "@some_name"},
		ChannelLINE:     {"U0", strings.Repeat("x", 256)}, ChannelEmail: {"a@b.example"},
	}
	wrong := map[Channel][]string{
		ChannelSMS: {"", "467011", "4670111223344556", "0701112233", "+46701112233", "46701112233\n", "abc", "４６７０１１１２"},
		ChannelMMS: {"x"}, ChannelRCS: {"123"}, ChannelViberBM: {"0701112233"}, ChannelWhatsApp: {"", strings.Repeat("x", 257)},
		ChannelTelegram: {"", "+7", "9223372036854775808", "@ab", "name", "@1abc", "@na me", "1.5"},
		ChannelLINE:     {"", strings.Repeat("x", 257)},
	}
	for channel, list := range valid {
		for _, identity := range list {
			if !ValidIdentity(channel, identity) {
				t.Errorf("%s %q is refused", channel, identity)
			}
		}
	}
	for channel, list := range wrong {
		for _, identity := range list {
			if ValidIdentity(channel, identity) {
				t.Errorf("%s %q is taken", channel, identity)
			}
		}
	}
}

func TestAppScopedChannels(t *testing.T) {
	want := map[Channel]bool{
		ChannelMessenger: true, ChannelInstagram: true, ChannelLINE: true, ChannelWeChat: true, ChannelViber: true,
	}
	for _, channel := range Channels() {
		if channel.AppScoped() != want[channel] {
			t.Errorf("%s.AppScoped() = %v", channel, channel.AppScoped())
		}
	}
}
