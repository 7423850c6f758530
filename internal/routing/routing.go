// Package routing turns the recipient of a send into its plan: which channels
// are tried, with which identity, in which order.
//
// It is pure. It must not know how recipients are stored, nor what becomes of
// an attempt: that is package lifecycle's.
package routing

import (
	"fmt"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

// Input is all that a plan depends on. Identities are in normalized form
// (convapi.NormalizeIdentity).
type Input struct {
	// AppID is the sending app.
	AppID string
	// Configured has the channels of the app's channel_credentials, in their
	// order, which is the app's channel priority.
	Configured []convapi.Channel
	// PriorityOrder is channel_priority_order of the request.
	PriorityOrder []convapi.Channel
	// Requested has the identities of recipient.identified_by; it is empty when
	// the recipient is a contact_id.
	Requested []convapi.ChannelIdentity
	// ContactIdentities and ContactPriority are those of the contact, where one
	// is known: always with a contact_id, never in DISPATCH mode.
	ContactIdentities []convapi.ChannelIdentity
	ContactPriority   []convapi.Channel
	// ActiveChannel is that of the app's active conversation with the contact;
	// "" if there is none.
	ActiveChannel convapi.Channel
}

// Hop is one planned attempt: a channel and whom to address there.
type Hop struct {
	Channel  convapi.Channel
	Identity string
	// AppScope is the app that the identity means something to; "" on channels
	// whose identities are not scoped by app.
	AppScope string
	// Fault is why the hop fails without being tried; nil if it can be tried.
	Fault *convapi.Reason
}

// Plan orders the hops of one send as the contract has it.
//
// Without an error it gives either at least one hop or the reason with which
// the accepted message fails at once. The error is a *gateway.Error about
// channel_priority_order, with which the request is rejected.
func Plan(in Input) ([]Hop, *convapi.Reason, error) {
	for i, channel := range in.PriorityOrder {
		if !slices.Contains(in.Configured, channel) {
			field := fmt.Sprintf("channel_priority_order[%d]", i)
			return nil, nil, gateway.Invalid(field, "%s is not configured in the app", channel)
		}
	}
	hops, unconfigured := in.hops(in.candidates())
	switch {
	case len(hops) > 0:
		return hops, nil, nil
	case unconfigured:
		return nil, &convapi.Reason{
			Code: convapi.ReasonChannelConfigurationMissing, SubCode: convapi.SubCodeUnspecified,
			Description: "the app has no credentials for any channel of the recipient",
		}, nil
	default:
		return nil, &convapi.Reason{
			Code: convapi.ReasonNoChannelIdentityForContact, SubCode: convapi.SubCodeUnspecified,
			Description: "the recipient has no identity on the channels to try",
		}, nil
	}
}

// candidates gives the identities in the order of the rule that applies: the
// request's channel order, else the request's identities, else the contact's
// channels.
func (in *Input) candidates() []convapi.ChannelIdentity {
	requested, contact := in.usable(in.Requested), in.usable(in.ContactIdentities)
	switch {
	case len(in.PriorityOrder) > 0:
		return byChannel(in.PriorityOrder, supplement(requested, contact))
	case len(in.Requested) > 0:
		return requested
	default:
		order := slices.Concat([]convapi.Channel{in.ActiveChannel}, in.ContactPriority, in.Configured)
		for _, id := range contact {
			order = append(order, id.Channel) // not configured: only told of, never tried
		}
		return byChannel(order, contact)
	}
}

// usable leaves out what is known to another app only. An identity without an
// app is taken for this one's, because clients may leave it out.
func (in *Input) usable(identities []convapi.ChannelIdentity) []convapi.ChannelIdentity {
	var out []convapi.ChannelIdentity
	for _, id := range identities {
		if !id.Channel.AppScoped() || id.AppID == "" || id.AppID == in.AppID {
			out = append(out, id)
		}
	}
	return out
}

// supplement adds the contact's identities on channels that the request has
// none for. Where it has one, the client has said whom it means.
func supplement(requested, contact []convapi.ChannelIdentity) []convapi.ChannelIdentity {
	out := slices.Clone(requested)
	for _, id := range contact {
		if !slices.ContainsFunc(requested, func(r convapi.ChannelIdentity) bool { return r.Channel == id.Channel }) {
			out = append(out, id)
		}
	}
	return out
}

// byChannel sorts identities into the order of the channels, and leaves out
// those of other channels. A channel's own identities keep their order.
func byChannel(order []convapi.Channel, identities []convapi.ChannelIdentity) []convapi.ChannelIdentity {
	var out []convapi.ChannelIdentity
	for _, channel := range order {
		for _, id := range identities {
			if id.Channel == channel {
				out = append(out, id)
			}
		}
	}
	return out
}

// hops makes each candidate a hop, once, if the app can send on its channel;
// unconfigured says that it could not for one of them.
func (in *Input) hops(candidates []convapi.ChannelIdentity) (hops []Hop, unconfigured bool) {
	for _, id := range candidates {
		if !slices.Contains(in.Configured, id.Channel) {
			unconfigured = true
			continue
		}
		if slices.ContainsFunc(hops, func(h Hop) bool { return h.Channel == id.Channel && h.Identity == id.Identity }) {
			continue
		}
		hop := Hop{Channel: id.Channel, Identity: id.Identity}
		if id.Channel.AppScoped() {
			hop.AppScope = in.AppID
		}
		if !convapi.ValidIdentity(id.Channel, id.Identity) {
			hop.Fault = &convapi.Reason{
				Code: convapi.ReasonRecipientInvalidChannelIdentity, SubCode: convapi.SubCodeUnspecified,
				Description: fmt.Sprintf("the identity is not well formed for %s", id.Channel),
			}
		}
		hops = append(hops, hop)
	}
	return hops, unconfigured
}
