package httpapi

import (
	"context"
	"net/http"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// MaxBatchBody is the longest body of a batch in octets: 1000 recipients with as much
// metadata as they may have, and as much again for their parameters. The contract
// states no figure.
const MaxBatchBody = 8 << 20

// maxBatchPage is the largest page of batches; the contract states no figure.
const maxBatchPage = 100

// NewBatch makes the handler of the Batch API: paths of version 1 that mean something
// else here, which is why it has a listener of its own. It takes access tokens only.
// Everything else is as in New.
func NewBatch(cfg Config) http.Handler {
	a := newAPI(cfg)
	a.batch = true
	a.versions = map[string]*node{"v1": newTree("batch:/v1/projects/*/", a.batchOperations())}
	return a
}

// batchOperations are the operations of the Batch API, and one of our own: a batch of
// any kind.
func (a *api) batchOperations() []route {
	return []route{
		{"POST", "messages", a.sendBatch},
		{"GET", "messages", a.listBatches},
		{"DELETE", "messages", a.cancelBatch},
		{"GET", "messages/*", a.getMessageBatch},
		{"POST", "contacts", a.createContacts},
		{"DELETE", "contacts", a.deleteContacts},
		{"POST", "consents", a.insertConsents},
		{"GET", "batches/*", a.getBatch},
	}
}

func (a *api) sendBatch(ctx context.Context, c *call) (any, error) {
	idempotency, err := idempotencyOf(c)
	if err != nil {
		return nil, err
	}
	request, err := decode[convapi.SendBatchRequest](c.body)
	if err != nil {
		return nil, err
	}
	answer, replayed, err := a.engine.SendBatch(ctx, c.project, &request, idempotency)
	if err != nil {
		return nil, err
	}
	if replayed {
		c.reply.Set(idempotentReplayed, "true")
	}
	return answer, nil
}

// label reads by which member of batch_metadata batches are meant; name is "" where
// the query names none.
func label(q *query) (name, value string) {
	name, value = q.text("metadataKey"), q.text("metadataValue")
	switch {
	case name == "" && value != "":
		q.refuse("metadataKey", "is required with metadataValue")
	case name != "" && value == "":
		q.refuse("metadataValue", "is required with metadataKey")
	}
	return name, value
}

func (a *api) listBatches(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(maxBatchPage)
	name, value := label(q)
	if err := q.err(); err != nil {
		return nil, err
	}
	batches, next, err := a.engine.Batches(ctx, c.project, engine.BatchFilter{Label: name, Value: value}, page)
	if err != nil {
		return nil, err
	}
	return convapi.ListBatchesResponse{Batches: batches, NextPageToken: next}, nil
}

// cancelBatch takes what is to be cancelled from the body or, since not every client
// sends one with DELETE, from the query.
func (a *api) cancelBatch(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.CancelBatchRequest](c.body)
	if err != nil {
		return nil, err
	}
	q := c.query()
	if id := q.text("batch_id"); id != "" {
		request.BatchID = id
	}
	if name, value := label(q); name != "" && value != "" {
		return done{}, a.engine.CancelBatches(ctx, c.project, engine.BatchFilter{Label: name, Value: value})
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if err := request.Validate(); err != nil {
		return nil, err
	}
	if request.BatchID != "" {
		return done{}, a.engine.CancelBatch(ctx, c.project, request.BatchID)
	}
	for name, value := range convapi.Labels(request.BatchMetadata) { // there is one
		err = a.engine.CancelBatches(ctx, c.project, engine.BatchFilter{Label: name, Value: value})
	}
	return done{}, err
}

func (a *api) getMessageBatch(ctx context.Context, c *call) (any, error) {
	return a.engine.MessageBatch(ctx, c.project, c.ids[0])
}

func (a *api) getBatch(ctx context.Context, c *call) (any, error) {
	return a.engine.Batch(ctx, c.project, c.ids[0])
}

func (a *api) createContacts(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.CreateContactsRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.CreateContacts(ctx, c.project, &request)
}

func (a *api) deleteContacts(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.DeleteContactsRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.DeleteContacts(ctx, c.project, &request)
}

func (a *api) insertConsents(ctx context.Context, c *call) (any, error) {
	request, err := decode[convapi.InsertConsentsRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.InsertConsentBatch(ctx, c.project, &request)
}
