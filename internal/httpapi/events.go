package httpapi

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// maxEventPage is the largest page of events of the contract.
const maxEventPage = 20

func (a *api) sendEvent(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.SendEventRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.SendEvent(ctx, c.project, &request)
}

func (a *api) listEvents(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(maxEventPage)
	filter := engine.EventFilter{ConversationID: q.text("conversation_id"), ContactID: q.text("contact_id")}
	if filter == (engine.EventFilter{}) {
		q.refuse("conversation_id", "is required unless contact_id is given")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	events, next, err := a.engine.Events(ctx, c.project, filter, page)
	if err != nil {
		return nil, err
	}
	return convapi.ListEventsResponse{Events: events, NextPageToken: next}, nil
}

func (a *api) getEvent(ctx context.Context, c *call) (any, error) {
	return a.engine.Event(ctx, c.project, c.ids[0])
}

func (a *api) deleteEvent(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.DeleteEvent(ctx, c.project, c.ids[0])
}
