package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Message gives one message.
func (e *Engine) Message(ctx context.Context, project, id string, source convapi.MessagesSource) (convapi.ConversationMessage, error) {
	row, err := e.messageOf(ctx, project, id, source)
	if err != nil {
		return convapi.ConversationMessage{}, err
	}
	return e.completeMessage(ctx, row)
}

// messageOf finds a message of a project that its app may read from source.
func (e *Engine) messageOf(ctx context.Context, project, text string, source convapi.MessagesSource) (store.Message, error) {
	id, ok := gateway.ParseID(text)
	if !ok {
		return store.Message{}, notFound("message", text)
	}
	row, found, err := e.db.Message(ctx, id)
	if err != nil {
		return row, err
	}
	if !found || !readable(row, project, source) {
		return row, notFound("message", text)
	}
	return row, nil
}

func readable(row store.Message, project string, source convapi.MessagesSource) bool {
	return row.Project == project && row.Kind == store.KindMessage && row.Dispatch == (source == convapi.SourceDispatch)
}

func (e *Engine) completeMessage(ctx context.Context, row store.Message) (convapi.ConversationMessage, error) {
	content, _, err := e.db.Content(ctx, row.ID)
	if err != nil {
		return convapi.ConversationMessage{}, err
	}
	return showMessage(row, content)
}

// envelope gives the contract's form of a message, but for what it says.
func envelope(row store.Message, content store.Content) convapi.ConversationMessage {
	return convapi.ConversationMessage{
		ID: row.ID.String(), Direction: direction(row), ConversationID: row.Conversation.String(), ContactID: row.Contact.String(),
		ChannelIdentity: shownIdentity(row),
		Metadata:        content.Metadata, AcceptTime: convapi.At(row.Accepted), SenderID: content.SenderID, ProcessingMode: mode(row.Dispatch),
	}
}

// showMessage gives the contract's form of a message.
func showMessage(row store.Message, content store.Content) (convapi.ConversationMessage, error) {
	origin, err := arrivalOf(row)
	if err != nil {
		return convapi.ConversationMessage{}, err
	}
	m := envelope(row, content)
	m.Injected = origin.Injected
	var into any
	if row.ToApp {
		m.ContactMessage = &convapi.ContactMessage{}
		into = m.ContactMessage
	} else {
		m.AppMessage = &convapi.AppMessage{}
		into = m.AppMessage
	}
	if err := json.Unmarshal(content.Body, into); err != nil {
		return m, fmt.Errorf("content of message %s: %w", row.ID, err)
	}
	return m, nil
}

func direction(row store.Message) convapi.Direction {
	if row.ToApp {
		return convapi.ToApp
	}
	return convapi.ToContact
}

func shownIdentity(row store.Message) convapi.ChannelIdentity {
	id := convapi.ChannelIdentity{Channel: convapi.Channel(row.Channel), Identity: row.Identity}
	if id.Channel.AppScoped() {
		id.AppID = row.App.String()
	}
	return id
}

// Messages lists messages, the newest first.
func (e *Engine) Messages(ctx context.Context, project string, f MessageFilter, p Page) ([]convapi.ConversationMessage, string, error) {
	query, err := e.messageQuery(ctx, project, f)
	if err != nil {
		return nil, "", err
	}
	if query.Before, err = openToken(p.Token); err != nil {
		return nil, "", err
	}
	rows, err := e.db.Messages(ctx, query, p.Size+1)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(rows, p.Size, messageID)
	list, err := e.showMessages(ctx, rows, f.WithoutMetadata)
	return list, next, err
}

// contentsOf reads what messages or events say. What is deleted meanwhile is
// not there.
func (e *Engine) contentsOf(ctx context.Context, rows []store.Message) (map[gateway.ID]store.Content, error) {
	ids := make([]gateway.ID, 0, len(rows))
	for _, row := range rows {
		if !row.ID.IsZero() {
			ids = append(ids, row.ID)
		}
	}
	return e.db.Contents(ctx, ids)
}

// showMessages gives the contract's form of messages.
func (e *Engine) showMessages(ctx context.Context, rows []store.Message, withoutMetadata bool) ([]convapi.ConversationMessage, error) {
	contents, err := e.contentsOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]convapi.ConversationMessage, 0, len(rows))
	for _, row := range rows {
		content, found := contents[row.ID]
		if !found {
			continue
		}
		shown, err := showMessage(row, content)
		if err != nil {
			return nil, err
		}
		if withoutMetadata {
			shown.Metadata = ""
		}
		out = append(out, shown)
	}
	return out, nil
}

// messageQuery turns a filter into the rows that it means. An identity alone is
// looked for where it is known to be, for there may be a great many messages of
// others.
func (e *Engine) messageQuery(ctx context.Context, project string, f MessageFilter) (q store.MessageQuery, err error) {
	q = store.MessageQuery{
		Start: f.Start, End: f.End, Channel: string(f.Channel),
		ToApp:     f.Direction != convapi.ToContact || f.RecipientOriginated,
		ToContact: f.Direction != convapi.ToApp && !f.RecipientOriginated,
		Dispatch:  f.Source == convapi.SourceDispatch,
		Apps:      []gateway.ID{},
	}
	if q.Dispatch && (f.ContactID != "" || f.ConversationID != "") {
		return q, gateway.Invalid("messages_source", "DISPATCH_SOURCE goes with neither contact_id nor conversation_id")
	}
	if f.Identity != "" && !q.Dispatch {
		q.Identities = spellings(f.channels(), f.Identity)
	}
	switch {
	case f.ConversationID != "" || f.ContactID != "":
		q.Threads, err = e.threads(ctx, project, f)
	case f.Identity != "":
		strands, err := e.strandsOfIdentities(ctx, project, f, []string{f.Identity})
		q.Threads = []gateway.ID{}
		for _, s := range slices.Concat(strands...) {
			if !slices.Contains(q.Threads, s.Thread) {
				q.Threads = append(q.Threads, s.Thread)
			}
		}
		return q, err
	default:
		for _, a := range e.directory.appsOf(project) {
			if f.AppID == "" || f.AppID == a.resource.ID {
				q.Apps = append(q.Apps, a.id)
			}
		}
	}
	return q, err
}

// channels are those that a filter's identity may be on.
func (f MessageFilter) channels() []convapi.Channel {
	if f.Channel != "" {
		return []convapi.Channel{f.Channel}
	}
	return convapi.Channels()
}

// threads finds the conversations that a filter names.
func (e *Engine) threads(ctx context.Context, project string, f MessageFilter) ([]gateway.ID, error) {
	query := store.ConversationQuery{Project: project}
	out := []gateway.ID{}
	if id, ok := gateway.ParseID(f.ConversationID); ok {
		c, found, err := e.db.Conversation(ctx, id)
		if err != nil {
			return nil, err
		}
		if found && c.Project == project && (f.ContactID == "" || f.ContactID == c.Contact.String()) && (f.AppID == "" || f.AppID == c.App.String()) {
			out = append(out, id)
		}
		return out, nil
	}
	var ok bool
	if query.Contact, ok = gateway.ParseID(f.ContactID); !ok || f.ConversationID != "" {
		return out, nil
	}
	if f.AppID != "" {
		if query.App, ok = gateway.ParseID(f.AppID); !ok {
			return out, nil
		}
	}
	list, err := e.db.Conversations(ctx, query, gateway.ID{}, maxThreads)
	for _, c := range list {
		out = append(out, c.ID)
	}
	return out, err
}

// maxThreads bounds the conversations of one contact whose messages are merged
// in a list; older ones are found by conversation_id.
const maxThreads = 100

// UpdateMessage changes the metadata of a message, the one thing that can be
// changed.
func (e *Engine) UpdateMessage(ctx context.Context, project, id string, source convapi.MessagesSource, metadata string) (convapi.ConversationMessage, error) {
	row, err := e.messageOf(ctx, project, id, source)
	if err != nil {
		return convapi.ConversationMessage{}, err
	}
	var content store.Content
	err = e.apply(ctx, store.Op{Run: func(tx *store.Tx) (err error) {
		var found bool
		if content, found, err = tx.Contents.Get(row.ID); err != nil {
			return err
		}
		if !found {
			return notFound("message", id)
		}
		content.Metadata = metadata
		tx.Contents.Put(content)
		return nil
	}})
	if err != nil {
		return convapi.ConversationMessage{}, err
	}
	return showMessage(row, content)
}

// DeleteMessage removes a message from storage. One that is not sent yet is
// not sent any more; nothing is recalled from a handset.
func (e *Engine) DeleteMessage(ctx context.Context, project, id string, source convapi.MessagesSource) error {
	row, err := e.messageOf(ctx, project, id, source)
	if err != nil {
		return err
	}
	return e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		return tx.DeleteMessage(row.ID)
	}})
}
