package httpapi

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// The largest pages of conversations of the contract.
const (
	maxConversationPage = 20
	maxRecentPage       = 50
)

func (a *api) createConversation(ctx context.Context, c *call) (any, error) {
	conversation, err := decode[convapi.Conversation](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.CreateConversation(ctx, c.project, conversation)
}

func (a *api) listConversations(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(maxConversationPage)
	filter := engine.ConversationFilter{
		AppID:         q.text("app_id"),
		ContactID:     q.text("contact_id"),
		OnlyActive:    q.flag("only_active"),
		ActiveChannel: enumOf[convapi.Channel](q, "active_channel"),
	}
	if len(q.raw["app_id"]) == 0 && len(q.raw["contact_id"]) == 0 {
		q.refuse("app_id", "is required unless contact_id is given")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	conversations, next, total, err := a.engine.Conversations(ctx, c.project, filter, page)
	if err != nil {
		return nil, err
	}
	return convapi.ListConversationsResponse{
		Conversations: conversations, NextPageToken: next, TotalSize: int32(total),
	}, nil
}

func (a *api) listRecentConversations(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(maxRecentPage)
	filter := engine.RecentFilter{AppID: q.text("app_id"), OnlyActive: q.flag("only_active")}
	if filter.AppID == "" {
		q.refuse("app_id", "is required")
	}
	switch q.text("order") {
	case "", "DESC":
	case "ASC":
		filter.OldestFirst = true
	default:
		q.refuse("order", "must be DESC or ASC")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	conversations, next, total, err := a.engine.RecentConversations(ctx, c.project, filter, page)
	if err != nil {
		return nil, err
	}
	return convapi.ListRecentConversationsResponse{
		Conversations: conversations, NextPageToken: next, TotalSize: int32(total),
	}, nil
}

func (a *api) injectMessage(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.InjectMessageRequest](c.body)
	if err != nil {
		return nil, err
	}
	return done{}, a.engine.InjectMessage(ctx, c.project, c.ids[0], &request)
}

func (a *api) injectEvent(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.InjectEventRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.InjectEvent(ctx, c.project, c.ids[0], &request)
}

func (a *api) getConversation(ctx context.Context, c *call) (any, error) {
	return a.engine.Conversation(ctx, c.project, c.ids[0])
}

func (a *api) updateConversation(ctx context.Context, c *call) (any, error) {
	p, err := newPatch[convapi.Conversation](c, "id", "app_id", "contact_id", "last_received")
	if err != nil {
		return nil, err
	}
	q := c.query()
	strategy := enumOf[convapi.MetadataUpdateStrategy](q, "metadata_update_strategy")
	if err := q.err(); err != nil {
		return nil, err
	}
	merge := strategy == convapi.MetadataMergePatch && p.names("metadata_json")
	return a.engine.UpdateConversation(ctx, c.project, c.ids[0], func(conversation *convapi.Conversation) error {
		before := conversation.MetadataJSON
		p.apply(conversation)
		if merge {
			conversation.MetadataJSON = convapi.MergePatch(before, conversation.MetadataJSON)
		}
		return nil
	})
}

func (a *api) deleteConversation(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.DeleteConversation(ctx, c.project, c.ids[0])
}

func (a *api) stopConversation(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.StopConversation(ctx, c.project, c.ids[0])
}
