// Package consent has the rules of opt-outs: which list blocks which message,
// who a person is to a list, and which words ask for it.
//
// It is pure. It must not know how lists are stored, nor what becomes of a
// message that they block.
package consent

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

// Lists is a set of the contract's opt-out lists. Its values are in the store.
type Lists uint8

// The lists, and the set of all of them.
const (
	All Lists = 1 << iota
	Marketing
	Notification

	Every = All | Marketing | Notification
)

// names are the contract's, in the order of the bits.
var names = [...]convapi.ConsentList{convapi.OptOutAll, convapi.OptOutMarketing, convapi.OptOutNotification}

// Of gives the set of one list; empty for a name that is none of the contract.
func Of(list convapi.ConsentList) Lists {
	if i := slices.Index(names[:], list); i >= 0 {
		return 1 << i
	}
	return 0
}

// Names lists the lists of the set.
func (l Lists) Names() (out []convapi.ConsentList) {
	for i, name := range names {
		if l&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// After is the list that an opt-out goes on which follows a message of that
// type: without a type, the one for everything.
func After(content convapi.MessageContentType) Lists {
	switch content {
	case convapi.ContentMarketing:
		return Marketing
	case convapi.ContentNotification:
		return Notification
	}
	return All
}

// Blocking is the list of the set that blocks a message of that type; "" if
// none does.
func (l Lists) Blocking(content convapi.MessageContentType) convapi.ConsentList {
	for _, list := range []Lists{All, After(content)} {
		if l&list != 0 {
			return list.Names()[0]
		}
	}
	return ""
}

// Party is a person as lists know one. The contract's lists name an identity
// and no channel, so one phone number is one party on every channel that is
// addressed by numbers. Other identities mean something on their channel alone:
// a Telegram chat may have the digits of somebody's number.
type Party struct {
	Channel  convapi.Channel // "" for a phone number
	Identity string          // normalized
}

// PartyOf gives the party that a normalized identity belongs to.
func PartyOf(ch convapi.Channel, identity string) Party {
	if ch.ByNumber() && convapi.ValidIdentity(convapi.ChannelSMS, identity) {
		return Party{Identity: identity}
	}
	return Party{ch, identity}
}

// PartiesOf gives the parties that an identity without a channel may mean, as a
// client wrote it, on the channels of an app: at least one, a number if it can be.
func PartiesOf(identity string, channels []convapi.Channel) (out []Party) {
	for _, ch := range append([]convapi.Channel{convapi.ChannelSMS}, channels...) {
		if party := PartyOf(ch, convapi.NormalizeIdentity(ch, identity)); !slices.Contains(out, party) {
			out = append(out, party)
		}
	}
	return out
}

// Valid reports whether the identity is well formed for its channel.
func (p Party) Valid() bool { return p.Channel == "" || convapi.ValidIdentity(p.Channel, p.Identity) }

// Subject names the party to an app without telling who it is: a keyed hash.
// Its bits are spread evenly, those of the lane among them.
func (p Party) Subject(key []byte, app gateway.ID) (id gateway.ID) {
	mac := hmac.New(sha256.New, key)
	mac.Write(app[:])
	mac.Write([]byte(p.Channel))
	mac.Write([]byte{0})
	mac.Write([]byte(p.Identity))
	copy(id[:], mac.Sum(nil))
	return id
}
