package store

import (
	"context"
	"strings"
	"time"

	"switchyard/internal/gateway"
)

// Contact reads a contact.
func (db *DB) Contact(ctx context.Context, id ID) (Contact, bool, error) {
	return read(ctx, db, contacts, id)
}

// Merge reads what is left to do of a merge, by its source.
func (db *DB) Merge(ctx context.Context, source ID) (Merge, bool, error) {
	return read(ctx, db, merges, source)
}

// Merges lists all merges that are not finished.
func (db *DB) Merges(ctx context.Context) ([]Merge, error) {
	return list(ctx, db, merges, "ORDER BY lane, source", nil)
}

// Identity reads what is known of an identity.
func (db *DB) Identity(ctx context.Context, key IdentityKey) (Identity, bool, error) {
	return read(ctx, db, identities, key)
}

// Conflicts lists identities that several contacts of a project claim, in the
// order in which that began, behind the given one.
func (db *DB) Conflicts(ctx context.Context, project string, behind ID, limit int) ([]Conflict, error) {
	var a args
	return list(ctx, db, conflicts, "WHERE project = "+a.add(project)+" AND id > "+a.add(behind)+" ORDER BY id LIMIT "+a.add(limit), a)
}

// Project reads a project.
func (db *DB) Project(ctx context.Context, id string) (Project, bool, error) {
	return read(ctx, db, projects, id)
}

// Conversation reads a conversation.
func (db *DB) Conversation(ctx context.Context, id ID) (Conversation, bool, error) {
	return read(ctx, db, conversations, id)
}

// Contacts lists contacts of a project in the order of their making, behind
// the given one, without those that are being merged into others; externalID ""
// means any.
func (db *DB) Contacts(ctx context.Context, project, externalID string, behind ID, limit int) ([]Contact, error) {
	var a args
	tail := "WHERE project = " + a.add(project) + " AND id > " + a.add(behind) + " AND merged_into = " + a.add(ID{})
	if externalID != "" {
		tail += " AND external_id = " + a.add(externalID)
	}
	return list(ctx, db, contacts, tail+" ORDER BY id LIMIT "+a.add(limit), a)
}

// ConversationQuery selects conversations; zero members select all, but App or
// Contact has to be given.
type ConversationQuery struct {
	Project       string
	App, Contact  ID
	OnlyActive    bool
	ActiveChannel string
}

func (q ConversationQuery) where(a *args) string {
	where := "WHERE project = " + a.add(q.Project)
	if !q.App.IsZero() {
		where += " AND app = " + a.add(q.App)
	}
	if !q.Contact.IsZero() {
		where += " AND contact = " + a.add(q.Contact)
	}
	if q.OnlyActive {
		where += " AND active = 1"
	}
	if q.ActiveChannel != "" {
		where += " AND active_channel = " + a.add(q.ActiveChannel)
	}
	return where
}

// Conversations lists conversations, the newest first, older than before (zero: all).
func (db *DB) Conversations(ctx context.Context, q ConversationQuery, before ID, limit int) ([]Conversation, error) {
	var a args
	tail := q.where(&a)
	if !before.IsZero() {
		tail += " AND id < " + a.add(before)
	}
	return list(ctx, db, conversations, tail+" ORDER BY id DESC LIMIT "+a.add(limit), a)
}

// CountConversations counts what Conversations would list.
func (db *DB) CountConversations(ctx context.Context, q ConversationQuery) (n int, err error) {
	var a args
	err = db.engine.query(ctx, "SELECT count(*) FROM conversation "+q.where(&a), a, func(d decoder) { n = int(d.Int()) })
	return n, err
}

// Recency is a conversation's place among others by the time of its last
// message.
type Recency struct {
	LastReceived time.Time
	ID           ID
}

// RecentConversations lists conversations by the time of their last message, the
// latest first or last, behind the given place; nil begins at the first. It goes
// through all that the query selects, as CountConversations does: an index by
// that time would cost two pages with every message.
func (db *DB) RecentConversations(ctx context.Context, q ConversationQuery, oldestFirst bool, behind *Recency, limit int) ([]Conversation, error) {
	var a args
	tail, order, compare := q.where(&a), " DESC", " < "
	if oldestFirst {
		order, compare = "", " > "
	}
	if behind != nil {
		last := int64(0)
		if !behind.LastReceived.IsZero() {
			last = behind.LastReceived.UnixMicro()
		}
		tail += " AND (last_received, id)" + compare + "(" + a.add(last) + ", " + a.add(behind.ID) + ")"
	}
	return list(ctx, db, conversations, tail+" ORDER BY last_received"+order+", id"+order+" LIMIT "+a.add(limit), a)
}

// ConversationsOf lists of each contact up to limit conversations, the newest
// first, with one app or, if that is zero, with all.
func (db *DB) ConversationsOf(ctx context.Context, project string, contacts []ID, app ID, limit int) ([][]Conversation, error) {
	out := make([][]Conversation, len(contacts))
	tail := func(a *args, part int) string {
		return ConversationQuery{Project: project, App: app, Contact: contacts[part]}.where(a) + " ORDER BY id DESC LIMIT " + a.add(limit)
	}
	return out, union(ctx, db, conversations, len(contacts), tail, func(part int, c Conversation) { out[part] = append(out[part], c) })
}

// IdentitiesOf finds of each text the identities of a project, on any of the
// channels, that have it.
func (db *DB) IdentitiesOf(ctx context.Context, project string, channels, texts []string) ([][]Identity, error) {
	out := make([][]Identity, len(texts))
	tail := func(a *args, part int) string {
		on := make([]string, len(channels))
		for i, channel := range channels {
			on[i] = a.add(channel)
		}
		lane := int(gateway.LaneOf(texts[part])) % db.Lanes()
		return "WHERE lane = " + a.add(lane) + " AND project = " + a.add(project) + " AND channel IN (" + strings.Join(on, ", ") + ") AND identity = " + a.add(texts[part])
	}
	return out, union(ctx, db, identities, len(texts), tail, func(part int, i Identity) { out[part] = append(out[part], i) })
}
