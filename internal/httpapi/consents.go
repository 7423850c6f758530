package httpapi

import (
	"context"

	"switchyard/convapi"
)

// maxConsentPage is the largest page of identities of the contract.
const maxConsentPage = 50

// listOptOuts lists who is on an opt-out list. The last segment of the path is
// the list's name.
func (a *api) listOptOuts(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(maxConsentPage)
	if err := q.err(); err != nil {
		return nil, err
	}
	identities, next, err := a.engine.OptedOut(ctx, c.project, c.ids[0], convapi.ConsentList(c.ids[1]), page)
	if err != nil {
		return nil, err
	}
	return convapi.ListConsentsResponse{Identities: identities, NextPageToken: next}, nil
}

// listConsentAudits takes the identity as it stands in the path, where clients
// leave its plus sign raw.
func (a *api) listConsentAudits(ctx context.Context, c *call) (any, error) {
	return a.engine.ConsentAudits(ctx, c.project, c.ids[0], c.ids[1])
}

func (a *api) registerOptIn(ctx context.Context, c *call) (any, error) {
	return a.registerOpt(ctx, c, true)
}

func (a *api) registerOptOut(ctx context.Context, c *call) (any, error) {
	return a.registerOpt(ctx, c, false)
}

// registerOpt answers with the request.
func (a *api) registerOpt(ctx context.Context, c *call, in bool) (any, error) {
	req, err := decode[convapi.OptRequest](c.body)
	if err != nil {
		return nil, err
	}
	q := c.query()
	id := q.text("request_id")
	if len(id) > maxRequestID {
		q.refuse("request_id", "must not be longer than 128 octets")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	return req, a.engine.RegisterOpt(ctx, c.project, in, &req, id)
}

// maxRequestID bounds what a caller has echoed in callbacks; the project's choice.
const maxRequestID = 128
