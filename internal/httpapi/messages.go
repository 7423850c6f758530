package httpapi

import (
	"context"
	"crypto/sha256"

	"switchyard/convapi"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
)

// The headers of idempotent sends, our own extension of the contract.
const (
	idempotencyKey      = "Idempotency-Key"
	idempotentReplayed  = "Idempotent-Replayed"
	maxIdempotencyBytes = 255 // as long as common intermediaries and other APIs take it
)

func (a *api) sendMessage(ctx context.Context, c *call) (any, error) {
	idempotency, err := idempotencyOf(c)
	if err != nil {
		return nil, err
	}
	request, err := decode[convapi.SendMessageRequest](c.body)
	if err != nil {
		return nil, err
	}
	answer, replayed, err := a.engine.Send(ctx, c.project, &request, idempotency)
	if err != nil {
		return nil, err
	}
	if replayed {
		c.reply.Set(idempotentReplayed, "true")
	}
	return answer, nil
}

// idempotencyOf reads the caller's key, if there is one.
func idempotencyOf(c *call) (engine.Idempotency, error) {
	key := c.request.Header.Get(idempotencyKey)
	if key == "" {
		return engine.Idempotency{}, nil
	}
	if len(key) > maxIdempotencyBytes {
		return engine.Idempotency{}, gateway.Invalid(idempotencyKey, "must have at most %d octets", maxIdempotencyBytes)
	}
	hash := sha256.Sum256(c.body)
	return engine.Idempotency{Key: key, Hash: hash[:]}, nil
}

func (a *api) listMessages(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(convapi.MaxMessagePage)
	filter := messageFilter(q)
	if err := q.err(); err != nil {
		return nil, err
	}
	messages, next, err := a.engine.Messages(ctx, c.project, filter, page)
	if err != nil {
		return nil, err
	}
	return convapi.ListMessagesResponse{Messages: messages, NextPageToken: next}, nil
}

func (a *api) fetchLastMessage(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.FetchLastMessageRequest](c.body)
	if err != nil {
		return nil, err
	}
	messages, next, err := a.engine.LastMessages(ctx, c.project, &request)
	if err != nil {
		return nil, err
	}
	return convapi.ListMessagesResponse{Messages: messages, NextPageToken: next}, nil
}

func messageFilter(q *query) engine.MessageFilter {
	f := engine.MessageFilter{
		Source:              enumOf[convapi.MessagesSource](q, "messages_source"),
		AppID:               q.text("app_id"),
		ContactID:           q.text("contact_id"),
		ConversationID:      q.text("conversation_id"),
		Identity:            q.text("channel_identity"),
		Channel:             enumOf[convapi.Channel](q, "channel"),
		Direction:           enumOf[convapi.Direction](q, "direction"),
		Start:               q.time("start_time"),
		End:                 q.time("end_time"),
		WithoutMetadata:     enumOf[convapi.MessagesView](q, "view") == convapi.ViewWithoutMetadata,
		RecipientOriginated: q.flag("only_recipient_originated"),
	}
	dispatch := f.Source == convapi.SourceDispatch
	if dispatch && f.ContactID != "" {
		q.refuse("contact_id", "goes only with messages_source=CONVERSATION_SOURCE")
	}
	if dispatch && f.ConversationID != "" {
		q.refuse("conversation_id", "goes only with messages_source=CONVERSATION_SOURCE")
	}
	if !dispatch && f.RecipientOriginated {
		q.refuse("only_recipient_originated", "goes only with messages_source=DISPATCH_SOURCE")
	}
	return f
}

// messagesSource reads where one message is to be looked for.
func messagesSource(c *call) (convapi.MessagesSource, error) {
	q := c.query()
	source := enumOf[convapi.MessagesSource](q, "messages_source")
	return source, q.err()
}

func (a *api) getMessage(ctx context.Context, c *call) (any, error) {
	source, err := messagesSource(c)
	if err != nil {
		return nil, err
	}
	return a.engine.Message(ctx, c.project, c.ids[0], source)
}

func (a *api) updateMessage(ctx context.Context, c *call) (any, error) {
	source, err := messagesSource(c)
	if err != nil {
		return nil, err
	}
	request, err := decode[convapi.UpdateMessageRequest](c.body)
	if err != nil {
		return nil, err
	}
	if err := request.Validate(); err != nil {
		return nil, err
	}
	return a.engine.UpdateMessage(ctx, c.project, c.ids[0], source, *request.Metadata)
}

func (a *api) deleteMessage(ctx context.Context, c *call) (any, error) {
	source, err := messagesSource(c)
	if err != nil {
		return nil, err
	}
	return done{}, a.engine.DeleteMessage(ctx, c.project, c.ids[0], source)
}

func (a *api) transcodeMessage(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.TranscodeMessageRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.Transcode(ctx, c.project, &request)
}
