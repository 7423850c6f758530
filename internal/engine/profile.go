package engine

import (
	"context"
	"errors"
	"fmt"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/gateway"
)

// ChannelProfile asks a channel for the name that a recipient goes by. That
// there is none is FAILED_PRECONDITION, whose message begins with the reason code
// NO_PROFILE_AVAILABLE.
func (e *Engine) ChannelProfile(ctx context.Context, project string, req *convapi.ChannelProfileRequest) (convapi.ChannelProfileResponse, error) {
	var none convapi.ChannelProfileResponse
	if err := req.Validate(); err != nil {
		return none, err
	}
	a, err := e.appOf(ctx, project, req.AppID)
	if err != nil {
		return none, err
	}
	if _, credential := a.credential(req.Channel); credential == nil {
		return none, gateway.Invalid("channel", "the app has no credential for %s", req.Channel)
	}
	identity, err := e.identityOn(ctx, a, req)
	if err != nil {
		return none, err
	}
	account := e.accounts.of(a.id, req.Channel, 0)
	if account == nil {
		return none, noProfile(req.Channel, "the credential cannot be used")
	}
	profiler, ok := account.adapter.(channel.Profiler)
	if !ok {
		return none, noProfile(req.Channel, "this gateway cannot ask the channel for profiles")
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.SendTimeout)
	defer cancel()
	name, err := profiler.Profile(ctx, identity)
	if err != nil {
		return none, profileError(req.Channel, err)
	}
	return convapi.ChannelProfileResponse{ProfileName: name}, nil
}

// identityOn finds the recipient's identity on the channel that is asked.
func (e *Engine) identityOn(ctx context.Context, a *app, req *convapi.ChannelProfileRequest) (string, error) {
	field := "recipient.identified_by.channel_identities"
	var list []convapi.ChannelIdentity
	if by := req.Recipient.IdentifiedBy; by != nil {
		list = normalize(a.resource.ID, by.ChannelIdentities)
	} else {
		row, err := e.contactRow(ctx, a.project, req.Recipient.ContactID)
		if err != nil {
			return "", err
		}
		contact, err := showContact(row)
		if err != nil {
			return "", err
		}
		field, list = "recipient.contact_id", contact.ChannelIdentities
	}
	for _, id := range list {
		if id.Channel == req.Channel && !foreign(a, id) {
			return id.Identity, nil
		}
	}
	return "", gateway.Invalid(field, "has no identity on %s for this app", req.Channel)
}

func profileError(ch convapi.Channel, err error) error {
	if errors.Is(err, channel.ErrNoProfile) {
		return noProfile(ch, "the channel shows none")
	}
	f := channel.AsFailure(err)
	if f.Verdict == channel.Retry || f.Verdict == channel.Unknown {
		return &gateway.Error{
			Code: gateway.Unavailable, Message: fmt.Sprintf("%s: %s: %s", ch, f.Reason.Code, f.Reason.Description), RetryAfter: f.RetryAfter,
		}
	}
	return noProfile(ch, f.Reason.Description)
}

func noProfile(ch convapi.Channel, why string) error {
	return gateway.Errorf(gateway.FailedPrecondition, "%s: %s: %s", convapi.ReasonNoProfileAvailable, ch, why)
}
