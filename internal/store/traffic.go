package store

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
)

// Kind is what a row of the table message is.
type Kind uint8

// The kinds. Hidden ones are kept for their reports and for what refers to them
// only: DISPATCH mode with a retention of 0 days.
const (
	KindMessage Kind = iota
	KindHiddenMessage
	KindEvent
	KindHiddenEvent
	KindProbe // of a capability query: gone when it is answered
)

// Event says whether the row is an event's.
func (k Kind) Event() bool { return k == KindEvent || k == KindHiddenEvent }

// Hidden says whether the row is shown to nobody.
func (k Kind) Hidden() bool { return k == KindHiddenMessage || k == KindHiddenEvent || k == KindProbe }

// Message is a message or an event in either direction, but for its content:
// that is written once, this on every step.
type Message struct {
	ID, App, Contact, Conversation ID
	Project                        string
	ToApp                          bool // the direction: from the person
	Dispatch                       bool // the processing mode
	Kind                           Kind
	Channel                        string // that the status is about, or that it came on
	Identity                       string
	Accepted                       time.Time
	Plan                           []byte // the engine's, as JSON
	State                          lifecycle.State
	Sender                         int64 // the node that has begun the current attempt; 0 for none
}

// DispatchThread stands for the conversation of an app with an identity in
// DISPATCH mode, which has none, so that both modes are read by one index.
func DispatchThread(app ID, identity string) ID {
	sum := sha256.Sum256(append(app[:], identity...))
	return ID(sum[:len(ID{})])
}

// thread is what stands in the column conversation. A message that falls back to
// another identity stays in the thread of the first. What nobody reads by its
// thread has none: that costs no page of the index.
func (m *Message) thread() ID {
	if m.Dispatch && (m.Kind == KindMessage || m.Kind == KindHiddenMessage && m.ToApp) {
		return DispatchThread(m.App, m.Identity)
	}
	return m.Conversation
}

var messages = &table[ID, Message]{
	schema: define("message", 2, 11, "lane int", "id blob", "app blob", "contact blob", "project text",
		"to_app int", "dispatch int", "kind int", "accepted int", "conversation blob", "plan blob",
		"channel text", "identity text",
		"status int", "phase int", "hop int", "attempt int", "retries int", "resent int", "failed_at int", "progress text", "due int", "sender int"),
	size:    func(r *Message) int { return len(r.Plan) },
	bindKey: encoder.Keyed,
	keyOf:   func(r *Message) ID { return r.ID },
	bind: func(e encoder, r *Message) {
		e.Keyed(r.ID)
		e.ID(r.App)
		e.ID(r.Contact)
		e.Text(r.Project)
		e.Bool(r.ToApp)
		e.Bool(r.Dispatch)
		e.Int(int64(r.Kind))
		e.Time(r.Accepted)
		e.ID(r.thread())
		e.Blob(r.Plan)
		e.Text(r.Channel)
		e.Text(r.Identity)
		bindState(e, &r.State)
		e.Int(r.Sender)
	},
	scan: func(d decoder) Message {
		d.Lane()
		r := Message{
			ID: d.ID(), App: d.ID(), Contact: d.ID(), Project: d.Text(),
			ToApp: d.Bool(), Dispatch: d.Bool(), Kind: Kind(d.Int()), Accepted: d.Time(), Conversation: d.ID(), Plan: d.Blob(),
			Channel: d.Text(), Identity: d.Text(),
		}
		if r.Dispatch {
			r.Conversation = ID{}
		}
		r.State = scanState(d)
		r.Sender = d.Int()
		return r
	},
}

func bindState(e encoder, s *lifecycle.State) {
	e.Int(int64(s.Status))
	e.Int(int64(s.Phase))
	e.Int(int64(s.Hop))
	e.Int(int64(s.Attempt))
	e.Int(int64(s.Retries))
	e.Bool(s.Resent)
	e.Time(s.FailedAt)
	e.Text(s.ProgressText())
	e.Time(s.Due)
}

func scanState(d decoder) lifecycle.State {
	s := lifecycle.State{
		Status: lifecycle.Status(d.Int()), Phase: lifecycle.Phase(d.Int()),
		Hop: int(d.Int()), Attempt: int(d.Int()), Retries: int(d.Int()),
		Resent: d.Bool(), FailedAt: d.Time(),
	}
	s.Progress = lifecycle.ParseProgress(d.Text())
	s.Due = d.Time()
	return s
}

// Content is what a message says: a convapi.AppMessage or ContactMessage as
// JSON, as the direction tells; of an event what the engine makes of it.
type Content struct {
	ID       ID
	Body     []byte
	Metadata string // of the message; the one thing that can be changed
	SenderID string // the number written to, of a message from a person
	// Resolved is the AppMessage that goes out, where Body refers to templates;
	// else nil.
	Resolved []byte
}

var contents = &table[ID, Content]{
	schema:  define("content", 2, 3, "lane int", "id blob", "body blob", "metadata text", "sender_id text", "resolved blob"),
	size:    func(r *Content) int { return len(r.Body) + len(r.Metadata) + len(r.Resolved) },
	bindKey: encoder.Keyed,
	keyOf:   func(r *Content) ID { return r.ID },
	bind: func(e encoder, r *Content) {
		e.Keyed(r.ID)
		e.Blob(r.Body)
		e.Text(r.Metadata)
		e.Text(r.SenderID)
		e.Blob(r.Resolved)
	},
	scan: func(d decoder) Content {
		d.Lane()
		return Content{d.ID(), d.Blob(), d.Text(), d.Text(), d.Blob()}
	},
}

// due mirrors Message.State.Due, so that what is due is a range read in each
// lane.
type due struct {
	at      int64 // Unix microseconds
	message ID
}

// dueOf is a message's row of the table; one with at 0 is in no table.
func dueOf(m *Message) due {
	if m.State.Due.IsZero() {
		return due{}
	}
	return due{m.State.Due.UnixMicro(), m.ID}
}

var dues = &table[due, due]{
	schema:  define("due", 3, 3, "lane int", "at int", "message blob"),
	unkept:  true,
	bindKey: bindDue,
	keyOf:   func(r *due) due { return *r },
	bind:    func(e encoder, r *due) { bindDue(e, *r) },
	scan: func(d decoder) due {
		d.Lane()
		return due{d.Int(), d.ID()}
	},
}

func bindDue(e encoder, r due) {
	e.Lane(r.message.Lane())
	e.Int(r.at)
	e.ID(r.message)
}

// RefKey is a provider's own id within one channel of one app.
type RefKey struct {
	Channel string
	App     ID
	Ref     string
}

// Lane is the lane of the reference's own hash.
func (k RefKey) Lane() byte { return gateway.LaneOf(k.Ref) }

func bindRefKey(e encoder, k RefKey) {
	e.Lane(k.Lane())
	e.Text(k.Channel)
	e.ID(k.App)
	e.Text(k.Ref)
}

func scanRefKey(d decoder) RefKey {
	d.Lane()
	return RefKey{d.Text(), d.ID(), d.Text()}
}

// Ref points from a provider's id to the part of the message that it names.
type Ref struct {
	RefKey
	Message   ID
	Hop, Part int
}

var refs = &table[RefKey, Ref]{
	schema:  define("ref", 4, 4, "lane int", "channel text", "app blob", "ref text", "message blob", "hop int", "part int"),
	bindKey: bindRefKey,
	keyOf:   func(r *Ref) RefKey { return r.RefKey },
	bind: func(e encoder, r *Ref) {
		bindRefKey(e, r.RefKey)
		e.ID(r.Message)
		e.Int(int64(r.Hop))
		e.Int(int64(r.Part))
	},
	scan: func(d decoder) Ref {
		return Ref{scanRefKey(d), d.ID(), int(d.Int()), int(d.Int())}
	},
}

// Held keeps reports on a reference that is not known yet, because they
// overtook the answer to the send. Reports is a JSON array of the engine's.
type Held struct {
	RefKey
	At      time.Time
	Reports json.RawMessage
}

var heldReports = &table[RefKey, Held]{
	schema:  define("held_report", 4, 4, "lane int", "channel text", "app blob", "ref text", "at int", "reports blob"),
	unkept:  true,
	bindKey: bindRefKey,
	keyOf:   func(r *Held) RefKey { return r.RefKey },
	bind: func(e encoder, r *Held) {
		bindRefKey(e, r.RefKey)
		e.Time(r.At)
		e.Blob(r.Reports)
	},
	scan: func(d decoder) Held {
		return Held{scanRefKey(d), d.Time(), d.Blob()}
	},
}

// Seen remembers what a provider has already delivered, by its own key.
type Seen struct {
	RefKey
	At time.Time
}

var seenKeys = &table[RefKey, Seen]{
	schema:  define("seen", 4, 4, "lane int", "channel text", "app blob", "ref text", "at int"),
	unkept:  true,
	bindKey: bindRefKey,
	keyOf:   func(r *Seen) RefKey { return r.RefKey },
	bind:    func(e encoder, r *Seen) { bindRefKey(e, r.RefKey); e.Time(r.At) },
	scan:    func(d decoder) Seen { return Seen{scanRefKey(d), d.Time()} },
}

// IdempotencyKey is a customer's key for one send.
type IdempotencyKey struct{ Project, Key string }

// Lane is the lane of the key's own hash.
func (k IdempotencyKey) Lane() byte { return gateway.LaneOf(k.Key) }

// Idempotency remembers the answer to a send.
type Idempotency struct {
	IdempotencyKey
	Hash    []byte // SHA-256 of the request's body
	Message ID
	At      time.Time // the accepted_time that was answered
}

func bindIdempotencyKey(e encoder, k IdempotencyKey) {
	e.Lane(k.Lane())
	e.Text(k.Project)
	e.Text(k.Key)
}

var idempotencyKeys = &table[IdempotencyKey, Idempotency]{
	schema:  define("idempotency", 3, 3, "lane int", "project text", "key text", "hash blob", "message blob", "at int"),
	unkept:  true,
	bindKey: bindIdempotencyKey,
	keyOf:   func(r *Idempotency) IdempotencyKey { return r.IdempotencyKey },
	bind: func(e encoder, r *Idempotency) {
		bindIdempotencyKey(e, r.IdempotencyKey)
		e.Blob(r.Hash)
		e.ID(r.Message)
		e.Time(r.At)
	},
	scan: func(d decoder) Idempotency {
		d.Lane()
		return Idempotency{IdempotencyKey{d.Text(), d.Text()}, d.Blob(), d.ID(), d.Time()}
	},
}
