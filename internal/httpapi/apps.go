package httpapi

import (
	"context"

	"switchyard/convapi"
)

func (a *api) createApp(ctx context.Context, c *call) (any, error) {
	app, err := decode[convapi.App](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.CreateApp(ctx, c.project, app)
}

func (a *api) listApps(ctx context.Context, c *call) (any, error) {
	apps, err := a.engine.Apps(ctx, c.project)
	if err != nil {
		return nil, err
	}
	return convapi.ListAppsResponse{Apps: apps}, nil
}

func (a *api) getApp(ctx context.Context, c *call) (any, error) {
	return a.engine.App(ctx, c.project, c.ids[0])
}

func (a *api) updateApp(ctx context.Context, c *call) (any, error) {
	p, err := newPatch[convapi.App](c, "id", "rate_limits", "queue_stats")
	if err != nil {
		return nil, err
	}
	return a.engine.UpdateApp(ctx, c.project, c.ids[0], func(app *convapi.App) error {
		p.apply(app)
		return nil
	})
}

func (a *api) deleteApp(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.DeleteApp(ctx, c.project, c.ids[0])
}
