package engine

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// CreateTemplateV1 adds a template of version 1 to a project, under the id that
// it brings or a new one.
func (e *Engine) CreateTemplateV1(ctx context.Context, project string, resource convapi.TemplateV1) (convapi.TemplateV1, error) {
	if err := resource.Validate(); err != nil {
		return resource, err
	}
	if resource.ID == "" {
		resource.ID = gateway.NewID(0).String()
	}
	key := store.TemplateKey{Project: project, ID: resource.ID}
	err := e.apply(ctx, store.Op{Want: wantTemplate(key), Run: func(tx *store.Tx) error {
		if err := freeTemplateID(tx, key); err != nil {
			return err
		}
		resource.CreateTime = convapi.At(tx.Now)
		stampV1(&resource, nil, tx.Now)
		return putTemplateV1(tx, key, resource)
	}})
	return resource, err
}

// stampV1 sets the times of a template and its translations, of which those
// that were there before keep theirs.
func stampV1(t *convapi.TemplateV1, before []convapi.TemplateTranslationV1, now time.Time) {
	t.Channel, t.UpdateTime = convapi.TemplateV1Channel, convapi.At(now)
	for i := range t.Translations {
		one := &t.Translations[i]
		one.CreateTime, one.UpdateTime = convapi.At(now), convapi.At(now)
		for _, was := range before {
			if convapi.CanonicalTag(was.LanguageCode) != convapi.CanonicalTag(one.LanguageCode) || was.Version != one.Version {
				continue
			}
			one.CreateTime = was.CreateTime
			if was.Content == one.Content && slices.Equal(was.Variables, one.Variables) {
				one.UpdateTime = was.UpdateTime
			}
		}
	}
}

func putTemplateV1(tx *store.Tx, key store.TemplateKey, resource convapi.TemplateV1) error {
	body, err := json.Marshal(resource)
	if err != nil {
		return err
	}
	tx.Templates.Put(store.Template{TemplateKey: key, V1: true, Body: body})
	return nil
}

// TemplateV1 gives one template of version 1.
func (e *Engine) TemplateV1(ctx context.Context, project, id string) (t convapi.TemplateV1, err error) {
	row, found, err := e.readTemplateRow(ctx, project, id)
	err = decodeTemplate(row, found && row.V1, id, err, &t)
	return t, err
}

// TemplatesV1 lists the templates of version 1 of a project.
func (e *Engine) TemplatesV1(ctx context.Context, project string) ([]convapi.TemplateV1, error) {
	rows, err := e.db.Templates(ctx, project, true)
	if err != nil {
		return nil, err
	}
	out := make([]convapi.TemplateV1, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.Body, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// UpdateTemplateV1 applies change to the stored template and validates the
// result. A template's id cannot change.
func (e *Engine) UpdateTemplateV1(ctx context.Context, project, id string, change func(*convapi.TemplateV1)) (convapi.TemplateV1, error) {
	var changed convapi.TemplateV1
	if !convapi.ValidTemplateID(id) {
		return changed, notFound("template", id)
	}
	key := store.TemplateKey{Project: project, ID: id}
	err := e.apply(ctx, store.Op{Want: wantTemplate(key), Run: func(tx *store.Tx) error {
		row, found, err := tx.Templates.Get(key)
		changed = convapi.TemplateV1{}
		if err := decodeTemplate(row, found && row.V1, id, err, &changed); err != nil {
			return err
		}
		before, created := changed.Translations, changed.CreateTime
		change(&changed)
		changed.ID, changed.CreateTime = id, created
		if err := changed.Validate(); err != nil {
			return err
		}
		stampV1(&changed, before, tx.Now)
		return putTemplateV1(tx, key, changed)
	}})
	return changed, err
}

// DeleteTemplateV1 removes a template of version 1.
func (e *Engine) DeleteTemplateV1(ctx context.Context, project, id string) error {
	return e.deleteTemplate(ctx, store.TemplateKey{Project: project, ID: id}, true)
}
