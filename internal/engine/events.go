package engine

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// SendEvent accepts an event: when it returns, the event is on disk. It goes to
// the first planned channel and no other.
func (e *Engine) SendEvent(ctx context.Context, project string, req *convapi.SendEventRequest) (resp convapi.SendEventResponse, err error) {
	if err := req.Validate(); err != nil {
		return resp, err
	}
	s := &send{engine: e, event: req.Event, req: &convapi.SendMessageRequest{
		AppID: req.AppID, Recipient: req.Recipient, CallbackURL: req.CallbackURL, MessageMetadata: req.EventMetadata, Queue: req.Queue,
		ChannelPriorityOrder: req.ChannelPriorityOrder[:min(1, len(req.ChannelPriorityOrder))],
	}}
	if err := s.accept(ctx, project); err != nil {
		return resp, err
	}
	return convapi.SendEventResponse{EventID: s.resp.MessageID, AcceptedTime: s.resp.AcceptedTime}, nil
}

// Event gives one event.
func (e *Engine) Event(ctx context.Context, project, id string) (convapi.Event, error) {
	row, err := e.eventOf(ctx, project, id)
	if err != nil {
		return convapi.Event{}, err
	}
	content, _, err := e.db.Content(ctx, row.ID)
	if err != nil {
		return convapi.Event{}, err
	}
	return showEvent(row, content)
}

// eventOf finds an event of a project.
func (e *Engine) eventOf(ctx context.Context, project, text string) (store.Message, error) {
	id, ok := gateway.ParseID(text)
	if !ok {
		return store.Message{}, notFound("event", text)
	}
	row, found, err := e.db.Message(ctx, id)
	if err == nil && (!found || row.Project != project || row.Kind != store.KindEvent) {
		err = notFound("event", text)
	}
	return row, err
}

// Events lists the events of a conversation or of all conversations of a
// contact, the newest first.
func (e *Engine) Events(ctx context.Context, project string, f EventFilter, p Page) (list []convapi.Event, next string, err error) {
	query := store.MessageQuery{Kind: store.KindEvent}
	if query.Threads, err = e.threads(ctx, project, MessageFilter{ConversationID: f.ConversationID, ContactID: f.ContactID}); err != nil {
		return nil, "", err
	}
	if query.Before, err = openToken(p.Token); err != nil {
		return nil, "", err
	}
	rows, err := e.db.Messages(ctx, query, p.Size+1)
	if err != nil {
		return nil, "", err
	}
	rows, next = cut(rows, p.Size, messageID)
	contents, err := e.contentsOf(ctx, rows)
	if err != nil {
		return nil, "", err
	}
	for _, row := range rows {
		content, found := contents[row.ID]
		if !found {
			continue
		}
		event, err := showEvent(row, content)
		if err != nil {
			return nil, "", err
		}
		list = append(list, event)
	}
	return list, next, nil
}

// DeleteEvent removes an event from storage. One that is not sent yet is not
// sent any more.
func (e *Engine) DeleteEvent(ctx context.Context, project, id string) error {
	row, err := e.eventOf(ctx, project, id)
	if err != nil {
		return err
	}
	return e.apply(ctx, store.Op{Run: func(tx *store.Tx) error { return tx.DeleteMessage(row.ID) }})
}
