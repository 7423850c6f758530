package httpapi

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// backend is what the operations call: *engine.Engine.
type backend interface {
	accessKeys
	messages
	apps
	webhooks
	contacts
	conversations
}

type accessKeys interface {
	Authenticate(ctx context.Context, keyID, secret string) (project string, ok bool)
}

type messages interface {
	Send(ctx context.Context, project string, req *convapi.SendMessageRequest, idem engine.Idempotency) (answer convapi.SendMessageResponse, replayed bool, err error)
	Message(ctx context.Context, project, id string, source convapi.MessagesSource) (convapi.ConversationMessage, error)
	Messages(ctx context.Context, project string, f engine.MessageFilter, p engine.Page) (list []convapi.ConversationMessage, next string, err error)
	UpdateMessage(ctx context.Context, project, id string, source convapi.MessagesSource, metadata string) (convapi.ConversationMessage, error)
	DeleteMessage(ctx context.Context, project, id string, source convapi.MessagesSource) error
}

type apps interface {
	CreateApp(ctx context.Context, project string, app convapi.App) (convapi.App, error)
	App(ctx context.Context, project, id string) (convapi.App, error)
	Apps(ctx context.Context, project string) ([]convapi.App, error)
	UpdateApp(ctx context.Context, project, id string, change func(*convapi.App) error) (convapi.App, error)
	DeleteApp(ctx context.Context, project, id string) error
}

type webhooks interface {
	CreateWebhook(ctx context.Context, project string, w convapi.Webhook) (convapi.Webhook, error)
	Webhook(ctx context.Context, project, id string) (convapi.Webhook, error)
	Webhooks(ctx context.Context, project, appID string) ([]convapi.Webhook, error)
	UpdateWebhook(ctx context.Context, project, id string, change func(*convapi.Webhook) error) (convapi.Webhook, error)
	DeleteWebhook(ctx context.Context, project, id string) error
}

type contacts interface {
	CreateContact(ctx context.Context, project string, c convapi.Contact) (convapi.Contact, error)
	Contact(ctx context.Context, project, id string) (convapi.Contact, error)
	Contacts(ctx context.Context, project string, f engine.ContactFilter, p engine.Page) (list []convapi.Contact, next string, err error)
	UpdateContact(ctx context.Context, project, id string, change func(*convapi.Contact) error) (convapi.Contact, error)
	DeleteContact(ctx context.Context, project, id string) error
}

type conversations interface {
	CreateConversation(ctx context.Context, project string, c convapi.Conversation) (convapi.Conversation, error)
	Conversation(ctx context.Context, project, id string) (convapi.Conversation, error)
	Conversations(ctx context.Context, project string, f engine.ConversationFilter, p engine.Page) (list []convapi.Conversation, next string, total int, err error)
	UpdateConversation(ctx context.Context, project, id string, change func(*convapi.Conversation) error) (convapi.Conversation, error)
	DeleteConversation(ctx context.Context, project, id string) error
	StopConversation(ctx context.Context, project, id string) error
}
