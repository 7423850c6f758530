package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/store/storetest"
)

// album is a provider that knows some names.
type album map[string]string

// Send implements channel.Adapter.
func (album) Send(context.Context, channel.Outbound) (channel.Receipt, error) {
	return channel.Receipt{}, nil
}

// Profile implements channel.Profiler.
func (a album) Profile(_ context.Context, identity string) (string, error) {
	failure := func(v channel.Verdict, code convapi.ReasonCode) error {
		return &channel.Failure{Verdict: v, RetryAfter: 7 * time.Second, Reason: convapi.Reason{Code: code, Description: "The underlying channel reported: no"}}
	}
	switch name, known := a[identity]; {
	case known:
		return name, nil
	case identity == "busy":
		return "", failure(channel.Retry, convapi.ReasonRateLimited)
	case identity == "silent":
		return "", errors.New("the connection broke")
	case identity == "forbidden":
		return "", failure(channel.Refuse, convapi.ReasonNoPermission)
	}
	return "", channel.ErrNoProfile
}

// The channel's name of a recipient, whom the request names by identity or by
// contact; and what it means when there is none.
func TestChannelProfile(t *testing.T) {
	e := launch(t, storetest.Open(t, storetest.SQLite(t)), engine.Config{Channels: []channel.Definition{{
		Channel: convapi.ChannelLINE,
		Open: func(channel.Account, channel.Env) (channel.Adapter, error) {
			return album{"U1": "Ada", "U2": "Bob"}, nil
		},
	}}}, nil, channel.Features{})
	ctx := t.Context()
	if err := e.PutProject(ctx, project, "key", "secret"); err != nil {
		t.Fatal(err)
	}
	app, err := e.CreateApp(ctx, project, convapi.App{DisplayName: "app", ChannelCredentials: []convapi.ChannelCredential{
		{Channel: convapi.ChannelLINE, LINECredentials: &convapi.LINECredentials{Token: "t", Secret: "s"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	line := func(identity string) convapi.ChannelIdentity {
		return convapi.ChannelIdentity{Channel: convapi.ChannelLINE, Identity: identity, AppID: app.ID}
	}
	sms := convapi.ChannelIdentity{Channel: convapi.ChannelSMS, Identity: "46700000001"}
	contact, err := e.CreateContact(ctx, project, convapi.Contact{Language: convapi.LanguageUnspecified, ChannelIdentities: []convapi.ChannelIdentity{sms, line("U2")}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r convapi.Recipient) (string, error) {
		answer, err := e.ChannelProfile(ctx, project, &convapi.ChannelProfileRequest{AppID: app.ID, Recipient: &r, Channel: convapi.ChannelLINE})
		return answer.ProfileName, err
	}
	by := func(ids ...convapi.ChannelIdentity) convapi.Recipient {
		return convapi.Recipient{IdentifiedBy: &convapi.IdentifiedBy{ChannelIdentities: ids}}
	}
	for want, recipient := range map[string]convapi.Recipient{"Ada": by(sms, line("U1")), "Bob": {ContactID: contact.ID}} {
		if name, err := ask(recipient); err != nil || name != want {
			t.Errorf("got %q, %v; want %q", name, err, want)
		}
	}
	for identity, want := range map[string]struct {
		code  gateway.Code
		words string
	}{
		"nobody":    {gateway.FailedPrecondition, "NO_PROFILE_AVAILABLE: LINE: "},
		"forbidden": {gateway.FailedPrecondition, "NO_PROFILE_AVAILABLE: LINE: The underlying channel reported: no"},
		"busy":      {gateway.Unavailable, "LINE: RATE_LIMITED: "},
		"silent":    {gateway.Unavailable, "LINE: CHANNEL_FAILURE: "},
	} {
		_, err := ask(by(line(identity)))
		refused, ok := errors.AsType[*gateway.Error](err)
		if !ok || refused.Code != want.code || !strings.HasPrefix(refused.Message, want.words) || identity == "busy" && refused.RetryAfter != 7*time.Second {
			t.Errorf("%s: got %v, want %s %s", identity, err, want.code, want.words)
		}
	}
}
