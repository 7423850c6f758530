package httpapi

import (
	"context"

	"switchyard/convapi"
)

func (a *api) getSettings(ctx context.Context, c *call) (any, error) {
	return a.engine.Settings(ctx, c.project)
}

// createSettings puts settings in the place of what there are.
func (a *api) createSettings(ctx context.Context, c *call) (any, error) {
	settings, err := decode[convapi.ProjectSettings](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.UpdateSettings(ctx, c.project, func(stored *convapi.ProjectSettings) { *stored = settings })
}

func (a *api) updateSettings(ctx context.Context, c *call) (any, error) {
	p, err := newPatch[convapi.ProjectSettings](c)
	if err != nil {
		return nil, err
	}
	return a.engine.UpdateSettings(ctx, c.project, p.apply)
}

func (a *api) deleteSettings(ctx context.Context, c *call) (any, error) {
	_, err := a.engine.UpdateSettings(ctx, c.project, func(stored *convapi.ProjectSettings) { *stored = convapi.ProjectSettings{} })
	return done{}, err
}
