package convapi

import (
	"fmt"
	"net/url"
	"strings"
)

// The contract's limits of a webhook, in characters.
const (
	maxTarget       = 742
	maxScope        = 1024
	maxResponseType = 64
)

// Validate checks a webhook to be created; it returns FieldErrors or nil.
func (w *Webhook) Validate() error {
	var p fieldProblems
	p.required("app_id", w.AppID)
	p.required("target", w.Target)
	p.webhook(w)
	return p.err()
}

// ValidatePatch checks a webhook update: only what is set; it returns FieldErrors
// or nil.
func (w *Webhook) ValidatePatch() error {
	var p fieldProblems
	p.webhook(w)
	return p.err()
}

func (p *fieldProblems) webhook(w *Webhook) {
	p.httpURL("target", w.Target)
	p.maxLength("target", w.Target, maxTarget)
	if isVendorHost(w.Target) {
		p.add("target", "must not be a conversation-api subdomain of sinch.com")
	}
	checkEnum(p, "target_type", w.TargetType)
	seen := map[Trigger]bool{}
	for i, trigger := range w.Triggers {
		requireEnum(p, at("triggers", i), trigger)
		if seen[trigger] {
			p.add(at("triggers", i), "must not be listed twice")
		}
		seen[trigger] = true
	}
	c := w.ClientCredentials
	if c == nil {
		return
	}
	p.required("client_credentials.client_id", c.ClientID)
	p.required("client_credentials.client_secret", string(c.ClientSecret))
	p.required("client_credentials.endpoint", c.Endpoint)
	p.httpURL("client_credentials.endpoint", c.Endpoint)
	p.maxLength("client_credentials.scope", c.Scope, maxScope)
	p.maxLength("client_credentials.response_type", c.ResponseType, maxResponseType)
	checkEnum(p, "client_credentials.token_request_type", c.TokenRequestType)
}

// isVendorHost reports whether a target is one of the vendor's own hosts
// (conversation-api.*.sinch.com), which the contract forbids.
func isVendorHost(target string) bool {
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return strings.HasPrefix(host, "conversation-api.") && strings.HasSuffix(host, ".sinch.com")
}

// Validate checks a contact to be created; it returns FieldErrors or nil.
func (c *Contact) Validate() error {
	var p fieldProblems
	if len(c.ChannelIdentities) == 0 {
		p.add("channel_identities", "is required")
	}
	p.required("language", string(c.Language))
	p.contact(c)
	return p.err()
}

// ValidatePatch checks a contact update: only what is set; it returns FieldErrors
// or nil.
func (c *Contact) ValidatePatch() error {
	var p fieldProblems
	p.contact(c)
	return p.err()
}

func (p *fieldProblems) contact(c *Contact) {
	p.identities("channel_identities", c.ChannelIdentities)
	p.channels("channel_priority", c.ChannelPriority)
	p.maxLength("metadata", c.Metadata, maxMetadata)
	checkEnum(p, "language", c.Language)
}

// Validate checks a merge; it returns FieldErrors or nil.
func (r *MergeContactRequest) Validate() error {
	var p fieldProblems
	p.required("source_id", r.SourceID)
	if r.Strategy != "" && r.Strategy != "MERGE" {
		p.add("strategy", "must be MERGE")
	}
	return p.err()
}

// Validate checks a profile request; it returns FieldErrors or nil.
func (r *ChannelProfileRequest) Validate() error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	p.recipient(r.Recipient)
	switch r.Channel {
	case ChannelMessenger, ChannelInstagram, ChannelViber, ChannelLINE:
	default:
		p.add("channel", fmt.Sprintf("must be %s, %s, %s or %s", ChannelMessenger, ChannelInstagram, ChannelViber, ChannelLINE))
	}
	return p.err()
}

// Validate checks a conversation to be created; it returns FieldErrors or nil.
func (c *Conversation) Validate() error {
	var p fieldProblems
	p.required("app_id", c.AppID)
	p.required("contact_id", c.ContactID)
	p.conversation(c)
	return p.err()
}

// ValidatePatch checks a conversation update: only what is set; it returns
// FieldErrors or nil.
func (c *Conversation) ValidatePatch() error {
	var p fieldProblems
	p.conversation(c)
	return p.err()
}

func (p *fieldProblems) conversation(c *Conversation) {
	checkEnum(p, "active_channel", c.ActiveChannel)
	p.maxLength("metadata", c.Metadata, maxMetadata)
	p.object("metadata_json", c.MetadataJSON, maxConversationMetadata)
	p.maxLength("correlation_id", c.CorrelationID, maxCorrelationID)
}
