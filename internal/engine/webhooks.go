package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// maxWebhooks is the contract's limit of webhooks in one app.
const maxWebhooks = 5

// CreateWebhook adds a webhook to an app.
func (e *Engine) CreateWebhook(ctx context.Context, project string, resource convapi.Webhook) (convapi.Webhook, error) {
	if err := resource.Validate(); err != nil {
		return resource, err
	}
	e.configuring.Lock()
	defer e.configuring.Unlock()
	a, err := e.appOf(ctx, project, resource.AppID)
	if err != nil {
		return resource, err
	}
	h := &hook{id: gateway.NewID(0), app: a.id, project: project, resource: resource}
	h.resource.ID = h.id.String()
	if h.resource.TargetType == "" {
		h.resource.TargetType = convapi.TargetDismiss
	}
	err = e.putHook(ctx, h, nil)
	return h.resource, err
}

// Webhook gives one webhook.
func (e *Engine) Webhook(ctx context.Context, project, id string) (convapi.Webhook, error) {
	e.catchUp(ctx)
	h, err := e.directory.hookOf(project, id)
	if err != nil {
		return convapi.Webhook{}, err
	}
	return h.resource, nil
}

// Webhooks lists the webhooks of an app.
func (e *Engine) Webhooks(ctx context.Context, project, appID string) ([]convapi.Webhook, error) {
	e.catchUp(ctx)
	a, err := e.directory.appOf(project, appID)
	if err != nil {
		return nil, err
	}
	var out []convapi.Webhook
	for _, h := range e.directory.hooksOf(a.id) {
		out = append(out, h.resource)
	}
	return out, nil
}

// UpdateWebhook applies change to the stored webhook and validates the result.
// A webhook's app cannot change.
func (e *Engine) UpdateWebhook(ctx context.Context, project, id string, change func(*convapi.Webhook) error) (convapi.Webhook, error) {
	e.configuring.Lock()
	defer e.configuring.Unlock()
	e.catchUp(ctx)
	for {
		out, err := e.updateWebhook(ctx, project, id, change)
		if !errors.Is(err, errChanged) {
			return out, err
		}
	}
}

func (e *Engine) updateWebhook(ctx context.Context, project, id string, change func(*convapi.Webhook) error) (convapi.Webhook, error) {
	old, err := e.directory.hookOf(project, id)
	if err != nil {
		return convapi.Webhook{}, err
	}
	changed, err := copied(old.resource)
	if err != nil {
		return changed, err
	}
	if err := change(&changed); err != nil {
		return changed, err
	}
	changed.ID, changed.AppID = old.resource.ID, old.resource.AppID
	if err := changed.Validate(); err != nil {
		return changed, err
	}
	h := &hook{id: old.id, app: old.app, project: project, since: old.since, resource: changed}
	err = e.putHook(ctx, h, old)
	return changed, err
}

// DeleteWebhook removes a webhook and what waits for it.
func (e *Engine) DeleteWebhook(ctx context.Context, project, id string) error {
	e.configuring.Lock()
	defer e.configuring.Unlock()
	e.catchUp(ctx)
	h, err := e.directory.hookOf(project, id)
	if err != nil {
		return err
	}
	return e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		tx.Webhooks.Delete(h.id)
		tx.HandAll(store.Handoff{Kind: store.HandoffWebhook, Subject: h.id, App: h.app})
		tx.After(func() {
			e.directory.deleteHook(h)
			e.deliverer.Remove(h.id)
		})
		return nil
	}})
}

// putHook stores h in the place of old, nil for a new one, under the lock of
// the configuration.
func (e *Engine) putHook(ctx context.Context, h, old *hook) error {
	body, err := json.Marshal(h.resource)
	if err != nil {
		return err
	}
	return e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		if _, found := e.directory.app(h.app); !found {
			return notFound("app", h.app.String())
		}
		if now := e.directory.hook(h.id); now != old {
			return errChanged
		}
		if err := e.checkHook(h); err != nil {
			return err
		}
		if h.since == 0 {
			h.since = store.PositionAt(tx.Now)
		}
		tx.Webhooks.Put(store.Webhook{ID: h.id, App: h.app, Project: h.project, Since: h.since, Body: body})
		tx.HandAll(store.Handoff{Kind: store.HandoffWebhook, Subject: h.id, App: h.app})
		tx.After(func() {
			e.directory.putHook(h)
			e.deliverer.Set(h.target())
		})
		return nil
	}})
}

// checkHook holds a webhook against the others of its app.
func (e *Engine) checkHook(h *hook) error {
	others := slices.DeleteFunc(e.directory.hooksOf(h.app), func(o *hook) bool { return o.id == h.id })
	if len(others) >= maxWebhooks {
		return gateway.Invalid("app_id", "the app has %d webhooks already, the most there can be", maxWebhooks)
	}
	for _, o := range others {
		if o.resource.Target == h.resource.Target {
			return gateway.Invalid("target", "another webhook of the app has this target")
		}
	}
	return nil
}
