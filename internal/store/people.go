package store

import (
	"strings"
	"time"

	"switchyard/internal/gateway"
)

// Contact is a person of a project; Body is a convapi.Contact as JSON.
type Contact struct {
	ID         ID
	Project    string
	ExternalID string
	Body       []byte
	// MergedInto is the contact that this one is being merged into, and Merging
	// how many are being merged into this one. At least one of them is zero.
	MergedInto ID
	Merging    int
}

var contacts = &table[ID, Contact]{
	schema:  define("contact", 2, 3, "lane int", "id blob", "project text", "external_id text", "body blob", "merged_into blob", "merging int"),
	size:    func(r *Contact) int { return len(r.Body) },
	bindKey: encoder.Keyed,
	keyOf:   func(r *Contact) ID { return r.ID },
	bind: func(e encoder, r *Contact) {
		e.Keyed(r.ID)
		e.Text(r.Project)
		e.Text(r.ExternalID)
		e.Blob(r.Body)
		e.ID(r.MergedInto)
		e.Int(int64(r.Merging))
	},
	scan: func(d decoder) Contact {
		d.Lane()
		return Contact{ID: d.ID(), Project: d.Text(), ExternalID: d.Text(), Body: d.Blob(), MergedInto: d.ID(), Merging: int(d.Int())}
	},
}

// Merge is a merge of contacts that has begun and is not finished, in the lane
// of its source.
type Merge struct {
	Source, Destination ID
	Project             string
	Body                []byte // what is left to do: the engine's, as JSON
}

var merges = &table[ID, Merge]{
	unkept:  true,
	schema:  define("contact_merge", 2, 4, "lane int", "source blob", "destination blob", "project text", "body blob"),
	bindKey: encoder.Keyed,
	keyOf:   func(r *Merge) ID { return r.Source },
	bind: func(e encoder, r *Merge) {
		e.Keyed(r.Source)
		e.ID(r.Destination)
		e.Text(r.Project)
		e.Blob(r.Body)
	},
	scan: func(d decoder) Merge {
		d.Lane()
		return Merge{d.ID(), d.ID(), d.Text(), d.Blob()}
	},
}

// IdentityKey is a person's address on a channel. Scope is the app of an
// app-scoped identity, else the zero ID.
type IdentityKey struct {
	Project, Channel, Identity string
	Scope                      ID
}

// Lane is the lane of the identity's own hash.
func (k IdentityKey) Lane() byte { return gateway.LaneOf(k.Identity) }

// Identity points to the contacts that claim an identity, the oldest first.
// There should be one; more are a conflict that the customer is told about.
// What is kept for an identity without contact (DISPATCH mode) is here too.
type Identity struct {
	IdentityKey
	Contacts []ID
	// Metadata and Correlation are the last conversation_metadata and
	// correlation_id sent to the identity in DISPATCH mode, Noted when that was.
	Metadata, Correlation string
	Noted                 time.Time
}

func bindIdentityKey(e encoder, k IdentityKey) {
	e.Lane(k.Lane())
	e.Text(k.Project)
	e.Text(k.Channel)
	e.Text(k.Identity)
	e.ID(k.Scope)
}

// Forget takes back what was noted in DISPATCH mode. It reports whether nothing
// is left of the row.
func (r *Identity) Forget() (empty bool) {
	r.Metadata, r.Correlation, r.Noted = "", "", time.Time{}
	return len(r.Contacts) == 0
}

var identities = &table[IdentityKey, Identity]{
	schema: define("identity", 5, 5, "lane int", "project text", "channel text", "identity text", "scope blob",
		"contacts blob", "metadata text", "correlation text", "noted int"),
	unkept:  true,
	bindKey: bindIdentityKey,
	keyOf:   func(r *Identity) IdentityKey { return r.IdentityKey },
	bind: func(e encoder, r *Identity) {
		bindIdentityKey(e, r.IdentityKey)
		e.Blob(packed(r.Contacts))
		e.Text(r.Metadata)
		e.Text(r.Correlation)
		e.Time(r.Noted)
	},
	scan: func(d decoder) Identity {
		d.Lane()
		r := Identity{IdentityKey: IdentityKey{Project: d.Text(), Channel: d.Text(), Identity: d.Text(), Scope: d.ID()}}
		r.Contacts = unpacked(d.Blob())
		r.Metadata, r.Correlation, r.Noted = d.Text(), d.Text(), d.Time()
		return r
	},
}

// Conflict is an identity that several contacts of a project claim, as long as
// they do. SMS, RCS and MMS count as one channel, and stand under SMS: a number
// is the same person's on all of them.
type Conflict struct {
	IdentityKey
	ID       ID       // orders those of a project
	Channels []string // that it is claimed on
	Contacts []ID
}

var conflicts = &table[IdentityKey, Conflict]{
	schema: define("identity_conflict", 5, 6, "lane int", "project text", "channel text", "identity text", "scope blob",
		"id blob", "channels text", "contacts blob"),
	unkept:  true,
	bindKey: bindIdentityKey,
	keyOf:   func(r *Conflict) IdentityKey { return r.IdentityKey },
	bind: func(e encoder, r *Conflict) {
		bindIdentityKey(e, r.IdentityKey)
		e.ID(r.ID)
		e.Text(strings.Join(r.Channels, " "))
		e.Blob(packed(r.Contacts))
	},
	scan: func(d decoder) Conflict {
		d.Lane()
		return Conflict{
			IdentityKey: IdentityKey{Project: d.Text(), Channel: d.Text(), Identity: d.Text(), Scope: d.ID()},
			ID:          d.ID(), Channels: strings.Fields(d.Text()), Contacts: unpacked(d.Blob()),
		}
	},
}

// packed puts ids one behind the other.
func packed(ids []ID) []byte {
	out := make([]byte, 0, len(ids)*len(ID{}))
	for _, id := range ids {
		out = append(out, id[:]...)
	}
	return out
}

func unpacked(data []byte) (ids []ID) {
	for ; len(data) >= len(ID{}); data = data[len(ID{}):] {
		ids = append(ids, ID(data[:len(ID{})]))
	}
	return ids
}

// Conversation is the thread between an app and a contact, in the lane of the
// contact that it began with.
type Conversation struct {
	ID, App, Contact ID
	Project          string
	Active           bool
	ActiveChannel    string
	LastReceived     time.Time
	Metadata         string // deprecated by the contract, kept as it was sent
	MetadataJSON     []byte // an object, or nil
	Correlation      string
	// Closing: it is being deleted, or merged into another one, and takes no more
	// messages.
	Closing bool
	// Choice is the message that a text from the person may answer: the last one
	// to them, if it has choices; else zero.
	Choice ID
}

var conversations = &table[ID, Conversation]{
	schema: define("conversation", 2, 5, "lane int", "id blob", "app blob", "contact blob", "project text",
		"active int", "active_channel text", "last_received int", "metadata text", "metadata_json blob", "correlation text", "closing int", "choice blob"),
	size:    func(r *Conversation) int { return len(r.Metadata) + len(r.MetadataJSON) },
	bindKey: encoder.Keyed,
	keyOf:   func(r *Conversation) ID { return r.ID },
	bind: func(e encoder, r *Conversation) {
		e.Keyed(r.ID)
		e.ID(r.App)
		e.ID(r.Contact)
		e.Text(r.Project)
		e.Bool(r.Active)
		e.Text(r.ActiveChannel)
		e.Time(r.LastReceived)
		e.Text(r.Metadata)
		e.Blob(r.MetadataJSON)
		e.Text(r.Correlation)
		e.Bool(r.Closing)
		e.ID(r.Choice)
	},
	scan: func(d decoder) Conversation {
		d.Lane()
		return Conversation{
			ID: d.ID(), App: d.ID(), Contact: d.ID(), Project: d.Text(),
			Active: d.Bool(), ActiveChannel: d.Text(), LastReceived: d.Time(),
			Metadata: d.Text(), MetadataJSON: d.Blob(), Correlation: d.Text(), Closing: d.Bool(), Choice: d.ID(),
		}
	},
}

// ActiveKey names the active conversation of a contact with an app: there is
// at most one.
type ActiveKey struct{ Contact, App ID }

// Active points to the active conversation.
type Active struct {
	ActiveKey
	Conversation ID
}

func bindActiveKey(e encoder, k ActiveKey) {
	e.Lane(k.Contact.Lane())
	e.ID(k.Contact)
	e.ID(k.App)
}

var activeConversations = &table[ActiveKey, Active]{
	schema:  define("active_conversation", 3, 3, "lane int", "contact blob", "app blob", "conversation blob"),
	unkept:  true,
	bindKey: bindActiveKey,
	keyOf:   func(r *Active) ActiveKey { return r.ActiveKey },
	bind:    func(e encoder, r *Active) { bindActiveKey(e, r.ActiveKey); e.ID(r.Conversation) },
	scan: func(d decoder) Active {
		d.Lane()
		return Active{ActiveKey{d.ID(), d.ID()}, d.ID()}
	},
}

// Erasure is a contact that was deleted, as long as the callback log may still
// speak of it.
type Erasure struct {
	Contact ID
	Project string
	At      time.Time
}

var erasures = &table[ID, Erasure]{
	schema:  define("erasure", 2, 4, "lane int", "contact blob", "project text", "at int"),
	unkept:  true,
	bindKey: encoder.Keyed,
	keyOf:   func(r *Erasure) ID { return r.Contact },
	bind:    func(e encoder, r *Erasure) { e.Keyed(r.Contact); e.Text(r.Project); e.Time(r.At) },
	scan: func(d decoder) Erasure {
		d.Lane()
		return Erasure{d.ID(), d.Text(), d.Time()}
	},
}
