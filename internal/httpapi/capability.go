package httpapi

import (
	"context"

	"switchyard/convapi"
)

func (a *api) queryCapability(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.CapabilityRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.QueryCapability(ctx, c.project, request)
}

func (a *api) channelProfile(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.ChannelProfileRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.ChannelProfile(ctx, c.project, &request)
}
