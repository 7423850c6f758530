package engine

import (
	"context"
	"slices"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

// CreateConversation makes a conversation; there can be one active one of an
// app with a contact.
func (e *Engine) CreateConversation(ctx context.Context, project string, resource convapi.Conversation) (convapi.Conversation, error) {
	if err := resource.Validate(); err != nil {
		return resource, err
	}
	a, err := e.appOf(ctx, project, resource.AppID)
	if err != nil {
		return resource, err
	}
	contact, err := e.contactRow(ctx, project, resource.ContactID)
	if err != nil {
		return resource, err
	}
	c := store.Conversation{ID: gateway.NewID(contact.ID.Lane()), App: a.id, Project: project}
	if err := fill(&c, resource); err != nil {
		return resource, err
	}
	err = e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		p, err := e.person(tx, contact.ID)
		if err != nil {
			return err
		}
		if p == nil {
			return notFound("contact", resource.ContactID)
		}
		c.Contact = p.row.ID
		if c.Active {
			if err := e.onlyActive(tx, a, c); err != nil {
				return err
			}
		}
		return e.startConversation(tx, a, c)
	}})
	return showConversation(c), err
}

// onlyActive refuses a second active conversation.
func (e *Engine) onlyActive(tx *store.Tx, a *app, c store.Conversation) error {
	other, found, err := e.active(tx, a, c.Contact)
	if err == nil && found && other.ID != c.ID {
		err = gateway.Invalid("active", "the contact has an active conversation with the app: %s", other.ID)
	}
	return err
}

// fill takes over what a client may set.
func fill(c *store.Conversation, resource convapi.Conversation) error {
	c.Active, c.ActiveChannel = resource.Active, string(resource.ActiveChannel)
	c.Metadata, c.Correlation = resource.Metadata, resource.CorrelationID
	c.MetadataJSON = nil
	if len(resource.MetadataJSON) > 0 && string(resource.MetadataJSON) != "null" {
		canonical, err := convapi.Marshal(resource.MetadataJSON)
		if err != nil {
			return err
		}
		c.MetadataJSON = canonical
	}
	return nil
}

// Conversation gives one conversation.
func (e *Engine) Conversation(ctx context.Context, project, text string) (convapi.Conversation, error) {
	c, err := e.conversationRow(ctx, project, text)
	return showConversation(c), err
}

func (e *Engine) conversationRow(ctx context.Context, project, text string) (store.Conversation, error) {
	id, ok := gateway.ParseID(text)
	if !ok {
		return store.Conversation{}, notFound("conversation", text)
	}
	c, found, err := e.db.Conversation(ctx, id)
	if err == nil && (!found || c.Project != project) {
		err = notFound("conversation", text)
	}
	return c, err
}

// Conversations lists conversations, the newest first, and counts them all.
func (e *Engine) Conversations(ctx context.Context, project string, f ConversationFilter, p Page) (list []convapi.Conversation, next string, total int, err error) {
	query := store.ConversationQuery{Project: project, OnlyActive: f.OnlyActive, ActiveChannel: string(f.ActiveChannel)}
	var known bool
	if f.AppID != "" {
		if query.App, known = gateway.ParseID(f.AppID); !known {
			return nil, "", 0, nil
		}
	}
	if f.ContactID != "" {
		if query.Contact, known = gateway.ParseID(f.ContactID); !known {
			return nil, "", 0, nil
		}
	}
	before, err := openToken(p.Token)
	if err != nil {
		return nil, "", 0, err
	}
	rows, err := e.db.Conversations(ctx, query, before, p.Size+1)
	if err != nil {
		return nil, "", 0, err
	}
	rows, next = cut(rows, p.Size, func(r *store.Conversation) gateway.ID { return r.ID })
	for _, c := range rows {
		list = append(list, showConversation(c))
	}
	total, err = e.db.CountConversations(ctx, query)
	return list, next, total, err
}

// UpdateConversation applies change to the stored conversation and validates
// the result. Its app and contact cannot change.
func (e *Engine) UpdateConversation(ctx context.Context, project, text string, change func(*convapi.Conversation) error) (convapi.Conversation, error) {
	return e.changeConversation(ctx, project, text, func(tx *store.Tx, a *app, c *store.Conversation) error {
		resource := showConversation(*c)
		resource.MetadataJSON = slices.Clone(resource.MetadataJSON)
		if err := change(&resource); err != nil {
			return err
		}
		if err := resource.ValidatePatch(); err != nil {
			return err
		}
		was := c.Active
		if err := fill(c, resource); err != nil {
			return err
		}
		switch {
		case c.Active && !was:
			if a == nil {
				return gateway.Invalid("active", "the conversation's app is gone")
			}
			if err := e.onlyActive(tx, a, *c); err != nil {
				return err
			}
			if p, err := e.ownPerson(tx, c.Contact); err != nil {
				return err
			} else if p == nil || !p.row.MergedInto.IsZero() {
				return &gateway.Error{Code: gateway.Unavailable, Message: "the conversation's contact is being merged into another one", RetryAfter: time.Second}
			}
			tx.Active.Put(store.Active{ActiveKey: store.ActiveKey{Contact: c.Contact, App: c.App}, Conversation: c.ID})
		case !c.Active && was:
			return e.stop(tx, a, c)
		}
		return nil
	})
}

// StopConversation ends a conversation; the next message opens a new one.
func (e *Engine) StopConversation(ctx context.Context, project, text string) error {
	_, err := e.changeConversation(ctx, project, text, func(tx *store.Tx, a *app, c *store.Conversation) error {
		if !c.Active {
			return nil
		}
		return e.stop(tx, a, c)
	})
	return err
}

func (e *Engine) stop(tx *store.Tx, a *app, c *store.Conversation) error {
	c.Active = false
	tx.Active.Delete(store.ActiveKey{Contact: c.Contact, App: c.App})
	return e.tell(tx, a, c.ID, "", convapi.Callback{
		ConversationStopNotification: &convapi.ConversationNotification{Conversation: showConversation(*c)},
	})
}

func (e *Engine) changeConversation(ctx context.Context, project, text string, change func(*store.Tx, *app, *store.Conversation) error) (convapi.Conversation, error) {
	row, err := e.conversationRow(ctx, project, text)
	if err != nil {
		return convapi.Conversation{}, err
	}
	var c store.Conversation
	err = e.apply(ctx, store.Op{Run: func(tx *store.Tx) (err error) {
		var found bool
		if c, found, err = tx.Conversations.Get(row.ID); err != nil {
			return err
		}
		if !found || c.Closing {
			return notFound("conversation", text)
		}
		a, _ := e.directory.app(c.App)
		if err := change(tx, a, &c); err != nil {
			return err
		}
		tx.Conversations.Put(c)
		return nil
	}})
	return showConversation(c), err
}

// DeleteConversation removes a conversation with its messages and events.
func (e *Engine) DeleteConversation(ctx context.Context, project, text string) error {
	row, err := e.conversationRow(ctx, project, text)
	if err != nil {
		return err
	}
	return e.deleteConversation(ctx, row.ID, gateway.ID{}, withdrawn(convapi.ReasonUnknown, "the conversation"))
}

// deleteChunk is how many messages one operation deletes, so that a long
// conversation holds nobody up.
const deleteChunk = 200

// deleteConversation removes a conversation with what it holds. What is still
// queued fails first, so that nothing vanishes without a receipt. With a
// contact, nothing happens to a conversation that is not that contact's any more.
func (e *Engine) deleteConversation(ctx context.Context, id, contact gateway.ID, reason convapi.Reason) error {
	for gone := false; !gone; {
		if err := e.closeConversation(ctx, id, contact); err != nil {
			return err
		}
		if err := e.emptyConversation(ctx, id, reason); err != nil {
			return err
		}
		err := e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
			c, found, err := tx.Conversations.Get(id)
			if gone = !found || theirs(c, contact); gone || err != nil {
				return err
			}
			if gone = c.Closing; !gone {
				return nil // a merge has opened it again
			}
			return e.removeConversation(tx, c)
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// theirs says that a conversation belongs to somebody else than the contact that
// it was found by.
func theirs(c store.Conversation, contact gateway.ID) bool {
	return !contact.IsZero() && c.Contact != contact
}

// closeConversation lets no more messages into a conversation, so that what is
// read of it then is all.
func (e *Engine) closeConversation(ctx context.Context, id, contact gateway.ID) error {
	return e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		c, found, err := tx.Conversations.Get(id)
		if err != nil || !found || c.Closing || theirs(c, contact) {
			return err
		}
		shut(tx, c)
		return nil
	}})
}

// shut lets no more messages into a conversation.
func shut(tx *store.Tx, c store.Conversation) {
	if c.Active {
		tx.Active.Delete(store.ActiveKey{Contact: c.Contact, App: c.App})
	}
	c.Active, c.Closing = false, true
	tx.Conversations.Put(c)
}

// emptyConversation deletes the messages of a closed conversation.
func (e *Engine) emptyConversation(ctx context.Context, id gateway.ID, reason convapi.Reason) error {
	for {
		c, found, err := e.db.Conversation(ctx, id)
		if err != nil || !found || !c.Closing {
			return err
		}
		list, err := e.db.InConversation(ctx, store.Contained{Conversation: id}, deleteChunk)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := e.deleteMessages(ctx, list, reason); err != nil {
			return err
		}
	}
}

// removeConversation removes a conversation without messages.
func (e *Engine) removeConversation(tx *store.Tx, c store.Conversation) error {
	tx.Conversations.Delete(c.ID)
	a, _ := e.directory.app(c.App)
	return e.tell(tx, a, c.ID, "", convapi.Callback{
		ConversationDeleteNotification: &convapi.ConversationNotification{Conversation: showConversation(c)},
	})
}

func (e *Engine) deleteMessages(ctx context.Context, list []store.Message, reason convapi.Reason) error {
	return e.apply(ctx, store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) {
			for _, m := range list {
				tx.WantMessage(m.ID)
				tx.Contents.Want(m.ID)
			}
		}},
		Run: func(tx *store.Tx) error {
			for _, m := range list {
				if now, found, err := tx.Message(m.ID); err != nil {
					return err
				} else if !found || now.Conversation != m.Conversation {
					continue // a merge has brought it elsewhere
				}
				if err := e.withdraw(tx, m, reason); err != nil {
					return err
				}
				if err := tx.DeleteMessage(m.ID); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// withdraw fails a message to a person that is still queued.
func (e *Engine) withdraw(tx *store.Tx, m store.Message, reason convapi.Reason) error {
	if m.ToApp {
		return nil
	}
	c, err := e.open(tx, m.ID)
	if err != nil || c == nil {
		return err
	}
	return c.apply(lifecycle.Withdrawn{Reason: reason})
}

// deleteConversations removes all conversations of an app or of a contact.
func (e *Engine) deleteConversations(ctx context.Context, q store.ConversationQuery, reason convapi.Reason) error {
	for {
		list, err := e.db.Conversations(ctx, q, gateway.ID{}, deleteChunk)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, c := range list {
			if err := e.deleteConversation(ctx, c.ID, q.Contact, reason); err != nil {
				return err
			}
		}
	}
}
