package httpapi

import (
	"context"

	"switchyard/convapi"
)

func (a *api) createWebhook(ctx context.Context, c *call) (any, error) {
	webhook, err := decode[convapi.Webhook](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.CreateWebhook(ctx, c.project, webhook)
}

func (a *api) listWebhooks(ctx context.Context, c *call) (any, error) {
	webhooks, err := a.engine.Webhooks(ctx, c.project, c.ids[0])
	if err != nil {
		return nil, err
	}
	return convapi.ListWebhooksResponse{Webhooks: webhooks}, nil
}

func (a *api) getWebhook(ctx context.Context, c *call) (any, error) {
	return a.engine.Webhook(ctx, c.project, c.ids[0])
}

func (a *api) updateWebhook(ctx context.Context, c *call) (any, error) {
	p, err := newPatch[convapi.Webhook](c, "id", "app_id")
	if err != nil {
		return nil, err
	}
	return a.engine.UpdateWebhook(ctx, c.project, c.ids[0], func(webhook *convapi.Webhook) error {
		p.apply(webhook)
		return nil
	})
}

func (a *api) deleteWebhook(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.DeleteWebhook(ctx, c.project, c.ids[0])
}
