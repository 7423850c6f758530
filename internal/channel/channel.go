// Package channel is the contract between the engine and the adapters of the
// messaging channels. An adapter maps a message to its provider's protocol and
// classifies what the provider answers. It never retries, sleeps, logs bodies
// or knows of routes, stores and webhooks: all of that is the engine's.
package channel

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"switchyard/convapi"
)

// Definition is what a channel's package exports: one value, listed in
// package channel/all.
type Definition struct {
	Channel  convapi.Channel
	Features Features
	// Check says what is wrong with a credential when it is stored: a
	// *convapi.FieldError (or FieldErrors) with paths relative to the credential.
	Check func(convapi.ChannelCredential) error
	// Open makes the adapter of one account. It does no I/O.
	Open func(Account, Env) (Adapter, error)
}

// Features are a channel's abilities and limits as data.
type Features struct {
	// ReportsDelivered and ReportsRead: whether the channel reports that state.
	// A channel that does not report DELIVERED never times out for want of a report.
	ReportsDelivered bool
	ReportsRead      bool
	// AssumeDelivered: an accepted message counts as DELIVERED at once, unless
	// the credential says otherwise. For channels without delivery reports.
	AssumeDelivered bool
	// Undisclosed: the provider tells nobody whom it reaches, so that a
	// capability query is answered with CAPABILITY_UNKNOWN.
	Undisclosed bool
	// Concurrency is how many sends of one account may be under way at once,
	// for adapters that do not know better (Limiter).
	Concurrency int
	// Linked: messages go out over the connection that the adapter's Run keeps,
	// so only the node that runs it can send.
	Linked bool
	// DoubtWait is how long a report with our own reference is waited for
	// before an attempt in doubt is sent again under the policy RESEND.
	DoubtWait time.Duration
}

// Account is one credential of one app: the unit that an adapter serves.
type Account struct {
	AppID      string
	Credential convapi.ChannelCredential
	// CallbackURL is where the provider reaches us for this account.
	CallbackURL string
}

// Env is what an adapter may use of the world.
type Env struct {
	// HTTP carries time limits and refuses private addresses unless the
	// operator allows them.
	HTTP *http.Client
	// Log never gets bodies, URLs with tokens, or credentials.
	Log *slog.Logger
	// Dial opens a stream connection under the same address check as HTTP.
	Dial func(ctx context.Context, network, address string) (Conn, error)
}

// Outbound is one message to one identity.
type Outbound struct {
	// MessageID is our id of the message: pass it to the provider wherever it
	// echoes a reference, so that reports can resolve doubt.
	MessageID string
	Identity  string
	// Text is the whole message, for a channel that has only text. Any other gets
	// Bodies, the bodies of the requests to the provider in their order, each a
	// part; the recipient is missing in them (package transcode, To).
	Text   string
	Bodies []json.RawMessage
	// Quote is the provider's id of the message from the person that this one
	// answers (see Inbound.Ref); "" if it answers none that is known.
	Quote      string
	Properties map[string]string // channel_properties of the send request
	Expires    time.Time         // zero: no ttl
	// PartsDone is how many parts an earlier attempt has already handed over:
	// go on with the next one.
	PartsDone int
	// Resend: an earlier attempt may have gone out (policy RESEND).
	Resend bool
	// Retries is how often this channel has already failed for a passing reason.
	Retries int
}

// Receipt is the provider's acceptance of a message.
type Receipt struct {
	// Refs are the provider's ids, one for each part handed over in this call.
	// A single-part message has one; none means that no report will come.
	Refs []string
	// Parts is the message's number of parts, those of earlier attempts
	// included; 0 means 1.
	Parts int
}

// Adapter speaks one channel's protocol for one account.
type Adapter interface {
	// Send hands m to the provider. An error should be a *Failure; any other
	// counts as one with verdict Unknown.
	Send(ctx context.Context, m Outbound) (Receipt, error)
}

// Receiver is an Adapter whose provider calls us over HTTP.
type Receiver interface {
	// Receive verifies the request on its raw body and parses it. A non-nil
	// error means that nothing is stored; the reply is written all the same.
	// Otherwise the reply is written after everything in the batch is on disk.
	Receive(ctx context.Context, r *http.Request, body []byte) (Batch, Reply, error)
}

// Runner is an Adapter that keeps a connection or polls.
type Runner interface {
	// Run returns when ctx ends, with everything of its own ended.
	Run(ctx context.Context, sink Sink) error
}

// Limiter is an Adapter whose account settings bound how many sends make sense
// at once. A send that waits inside the adapter is in doubt after a crash though
// it never left, so the number should be little above what the provider takes.
type Limiter interface {
	Concurrency() int
}

// Sink takes what a Runner receives.
type Sink interface {
	// Deliver returns nil after everything in the batch is on disk: only then
	// may the provider be told so.
	Deliver(ctx context.Context, b Batch) error
}

// Reply is the answer to a provider's HTTP request. The zero value is an
// empty 200.
type Reply struct {
	Status      int
	ContentType string
	Body        []byte
}

// Batch is what one provider request or frame holds, in its order.
type Batch struct {
	Reports []Report
	Inbound []Inbound
}

// Report is a provider's word on a message of ours.
type Report struct {
	// Ref is the provider's id as a Receipt gave it. MessageID is our own id
	// where the provider echoes it; either may be empty, not both.
	Ref       string
	MessageID string
	// Part is which part of the message this is about, from 1, and Parts how many
	// it has, where the provider echoes them with MessageID; else 0.
	Part, Parts int
	Status      convapi.DeliveryStatus // QUEUED_ON_CHANNEL, DELIVERED, READ or FAILED
	Reason      convapi.Reason         // for FAILED
	At          time.Time              // the provider's time; zero if it gives none
}

// Inbound is something that a person did. Exactly one of the pointers (or
// Unsupported) is set.
type Inbound struct {
	// Key is the provider's own id of this item; the same key is stored once.
	Key      string
	Identity string // who
	SenderID string // the number that was written to; SMS and MMS only
	At       time.Time

	Message *convapi.ContactMessage
	// Ref is the provider's id of Message, by which the adapter can refer to it
	// later: to quote it, to mark it as read. "" where nothing can.
	Ref          string
	ReplyToRef   string // the provider's id of the message replied to, if any
	Metadata     string // channel-specific text of the message
	Event        *convapi.ContactEvent
	MessageEvent *convapi.ContactMessageEvent
	// EventRef is the provider's id of the message that MessageEvent is about.
	EventRef     string
	Opt          *Opt
	ChannelEvent *convapi.ChannelEvent
	Unsupported  []byte // the raw payload, normally JSON
}

// Opt is a native opt-in or opt-out.
type Opt struct {
	In bool
	// List is what the channel means by it; "" is everything.
	List convapi.ConsentList
}
