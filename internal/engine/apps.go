package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"switchyard/convapi"
	"switchyard/internal/consent"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// CreateApp makes an app of the request's members; read-only ones are ignored.
func (e *Engine) CreateApp(ctx context.Context, project string, resource convapi.App) (convapi.App, error) {
	if err := e.checkApp(&resource); err != nil {
		return resource, err
	}
	id := gateway.NewID(0)
	a := &app{id: id, project: project, resource: writable(resource, id)}
	if err := e.putApp(ctx, a, nil); err != nil {
		return resource, err
	}
	return e.showApp(a), nil
}

// App gives one app.
func (e *Engine) App(ctx context.Context, project, id string) (convapi.App, error) {
	e.catchUp(ctx)
	a, err := e.directory.appOf(project, id)
	if err != nil {
		return convapi.App{}, err
	}
	return e.showApp(a), nil
}

// Apps lists the apps of a project.
func (e *Engine) Apps(ctx context.Context, project string) ([]convapi.App, error) {
	e.catchUp(ctx)
	var out []convapi.App
	for _, a := range e.directory.appsOf(project) {
		out = append(out, e.showApp(a))
	}
	return out, nil
}

// UpdateApp applies change to the stored app and validates the result.
func (e *Engine) UpdateApp(ctx context.Context, project, id string, change func(*convapi.App) error) (convapi.App, error) {
	e.configuring.Lock()
	defer e.configuring.Unlock()
	e.catchUp(ctx)
	for {
		out, err := e.updateApp(ctx, project, id, change)
		if !errors.Is(err, errChanged) {
			return out, err
		}
	}
}

// errChanged: another node has changed what is to be changed; on top of that,
// the change is to be made again.
var errChanged = errors.New("another node was faster")

func (e *Engine) updateApp(ctx context.Context, project, id string, change func(*convapi.App) error) (convapi.App, error) {
	old, err := e.directory.appOf(project, id)
	if err != nil {
		return convapi.App{}, err
	}
	changed, err := copied(old.resource)
	if err != nil {
		return changed, err
	}
	if err := change(&changed); err != nil {
		return changed, err
	}
	if err := e.checkApp(&changed); err != nil {
		return changed, err
	}
	a := &app{id: old.id, project: project, resource: writable(changed, old.id)}
	if err := e.putApp(ctx, a, old); err != nil {
		return changed, err
	}
	return e.showApp(a), nil
}

// copied is a deep copy: what the directory holds is never changed in place.
func copied[T any](v T) (out T, err error) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	return out, err
}

// putApp stores a in the place of old; nil for a new app.
func (e *Engine) putApp(ctx context.Context, a, old *app) error {
	a.complete()
	body, err := json.Marshal(a.resource)
	if err != nil {
		return err
	}
	return e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		if now, found := e.directory.app(a.id); old != nil && (!found || now != old) {
			return errChanged
		}
		tx.Apps.Put(store.App{ID: a.id, Project: a.project, Body: body})
		tx.HandAll(store.Handoff{Kind: store.HandoffApp, Subject: a.id})
		tx.After(func() {
			e.directory.putApp(a)
			e.accounts.update(a)
		})
		return nil
	}})
}

// DeleteApp removes an app with its webhooks and conversations. Contacts stay,
// and messages that are still queued fail with UNKNOWN_APP.
func (e *Engine) DeleteApp(ctx context.Context, project, id string) error {
	e.configuring.Lock()
	defer e.configuring.Unlock()
	e.catchUp(ctx)
	a, err := e.directory.appOf(project, id)
	if err != nil {
		return err
	}
	err = e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		tx.Apps.Delete(a.id)
		tx.HandAll(store.Handoff{Kind: store.HandoffApp, Subject: a.id})
		hooks := e.directory.hooksOf(a.id)
		for _, h := range hooks {
			tx.Webhooks.Delete(h.id)
			tx.HandAll(store.Handoff{Kind: store.HandoffWebhook, Subject: h.id, App: a.id})
		}
		tx.After(func() {
			e.directory.deleteApp(a.id)
			e.accounts.remove(a.id)
			for _, h := range hooks {
				e.directory.deleteHook(h)
				e.deliverer.Remove(h.id)
			}
		})
		return nil
	}})
	if err != nil {
		return err
	}
	e.background.Go(func() {
		err := e.deleteConversations(e.ctx, store.ConversationQuery{Project: project, App: a.id}, appWithdrawn)
		if err != nil && e.ctx.Err() == nil {
			e.log.Error("the conversations of a deleted app stay", "app_id", a.id.String(), "error", err)
		}
	})
	return nil
}

// checkApp validates a whole app, and each credential by its channel's own rules.
func (e *Engine) checkApp(resource *convapi.App) error {
	if err := resource.Validate(); err != nil {
		return err
	}
	if err := consent.Check(resource.ConsentSettings); err != nil {
		return err
	}
	for i, credential := range resource.ChannelCredentials {
		d, ok := e.definitions[credential.Channel]
		if !ok || d.Check == nil {
			continue // kept for the day that the channel is built
		}
		if err := d.Check(credential); err != nil {
			return prefixed(err, fmt.Sprintf("channel_credentials[%d]", i))
		}
	}
	return nil
}

// prefixed puts a path before those of field errors.
func prefixed(err error, path string) error {
	if list, ok := errors.AsType[convapi.FieldErrors](err); ok {
		out := make(convapi.FieldErrors, len(list))
		for i, one := range list {
			out[i] = &convapi.FieldError{Field: join(path, one.Field), Description: one.Description}
		}
		return out
	}
	// After the list, which gives its errors to AsType one by one.
	if one, ok := errors.AsType[*convapi.FieldError](err); ok {
		return &convapi.FieldError{Field: join(path, one.Field), Description: one.Description}
	}
	return err
}

func join(path, field string) string {
	if field == "" {
		return path
	}
	return path + "." + field
}

// writable sets the read-only members.
func writable(resource convapi.App, id gateway.ID) convapi.App {
	resource.ID = id.String()
	resource.RateLimits, resource.QueueStats = nil, nil
	for i := range resource.ChannelCredentials {
		c := &resource.ChannelCredentials[i]
		c.State, c.ChannelKnownID = nil, knownID(c)
	}
	return resource
}

// knownID is how the channel knows the account, where the credential says so.
func knownID(c *convapi.ChannelCredential) string {
	switch {
	case c.StaticBearer != nil:
		return c.StaticBearer.ClaimedIdentity
	case c.SMPPCredentials != nil:
		return c.SMPPCredentials.SystemID
	case c.InstagramCredentials != nil:
		return c.InstagramCredentials.BusinessAccountID
	}
	return ""
}

// showApp adds what is read only: the state of the credentials and the queue.
func (e *Engine) showApp(a *app) convapi.App {
	out := a.resource.WithDefaults()
	for i := range out.ChannelCredentials {
		c := &out.ChannelCredentials[i]
		c.State = e.accounts.state(a.id, i)
	}
	out.RateLimits = e.rates.shown()
	out.QueueStats = &convapi.QueueStats{OutboundSize: e.accounts.queued(a.id), OutboundLimit: e.cfg.QueueLimit}
	return out
}
