package convapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// The contract's limits, in characters where they bound a text.
const (
	maxMetadata             = 1024
	maxConversationMetadata = 2048
	maxCorrelationID        = 128
	maxChannelProperty      = 1024
	maxChoices              = 10
	maxCards                = 10
	maxCarouselChoices      = 3
)

// known is what every enum offers.
type known interface {
	~string
	Known() bool
}

func (p *fieldProblems) required(path, value string) {
	if value == "" {
		p.add(path, "is required")
	}
}

func (p *fieldProblems) maxLength(path, value string, limit int) {
	if len(value) > limit && utf8.RuneCountInString(value) > limit {
		p.add(path, fmt.Sprintf("must be at most %d characters", limit))
	}
}

func (p *fieldProblems) between(path string, value, low, high int) {
	if value < low || value > high {
		p.add(path, fmt.Sprintf("must be %d to %d", low, high))
	}
}

// count checks the length of a list.
func (p *fieldProblems) count(path string, length, low, high int) {
	switch {
	case length < low && low == 1:
		p.add(path, "is required")
	case length < low || length > high:
		p.add(path, fmt.Sprintf("must have %d to %d entries", low, high))
	}
}

// httpURL checks an absolute http or https URL; empty passes.
func (p *fieldProblems) httpURL(path, value string) {
	if value == "" {
		return
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		p.add(path, "must be a http or https URL")
	}
}

// object checks a raw JSON object of at most limit characters in canonical form;
// absent and null pass.
func (p *fieldProblems) object(path string, raw json.RawMessage, limit int) {
	if isAbsent(raw) {
		return
	}
	text, err := Canonicalize(raw)
	if err != nil || !isObject(text) {
		p.add(path, "must be an object")
		return
	}
	p.maxLength(path, string(text), limit)
}

// isAbsent reports whether a raw member was not given or is null.
func isAbsent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// checkEnum checks an optional enum; empty passes.
func checkEnum[E known](p *fieldProblems, path string, value E) {
	if value != "" && !value.Known() {
		p.add(path, "is not a known value")
	}
}

// requireEnum checks an enum that must be given.
func requireEnum[E known](p *fieldProblems, path string, value E) {
	p.required(path, string(value))
	checkEnum(p, path, value)
}

// option is a member of a group of which exactly one may be set.
type option struct {
	name string
	set  bool
}

// oneOf checks that exactly one option of a group is set.
func (p *fieldProblems) oneOf(path string, options ...option) {
	if countSet(options) != 1 {
		p.add(path, "must have exactly one of "+optionNames(options))
	}
}

func countSet(options []option) int {
	n := 0
	for _, o := range options {
		if o.set {
			n++
		}
	}
	return n
}

func optionNames(options []option) string {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.name
	}
	return strings.Join(names, ", ")
}

// channels checks a list of channels.
func (p *fieldProblems) channels(path string, list []Channel) {
	for i, channel := range list {
		requireEnum(p, at(path, i), channel)
	}
}

// identities checks a list of channel identities. Whether an identity is well
// formed for its channel shows when it is used: the contract reports that later.
func (p *fieldProblems) identities(path string, list []ChannelIdentity) {
	for i := range list {
		p.identity(at(path, i), &list[i])
	}
}

func (p *fieldProblems) identity(path string, one *ChannelIdentity) {
	if one == nil {
		p.add(path, "is required")
		return
	}
	requireEnum(p, path+".channel", one.Channel)
	p.required(path+".identity", one.Identity)
	p.maxLength(path+".identity", one.Identity, maxIdentityLength)
}

// recipient checks the member of that name.
func (p *fieldProblems) recipient(r *Recipient) {
	const path = "recipient"
	if r == nil {
		p.add(path, "is required")
		return
	}
	p.oneOf(path, option{"contact_id", r.ContactID != ""}, option{"identified_by", r.IdentifiedBy != nil})
	if r.IdentifiedBy != nil {
		list := path + ".identified_by.channel_identities"
		if len(r.IdentifiedBy.ChannelIdentities) == 0 {
			p.add(list, "is required")
		}
		p.identities(list, r.IdentifiedBy.ChannelIdentities)
	}
}
