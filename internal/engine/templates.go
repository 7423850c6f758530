package engine

import (
	"context"
	"encoding/json"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/template"
)

// CreateTemplate adds a template to a project, under the id that it brings or
// a new one.
func (e *Engine) CreateTemplate(ctx context.Context, project string, resource convapi.Template) (convapi.Template, error) {
	if err := resource.Validate(); err != nil {
		return resource, err
	}
	if resource.ID == "" {
		resource.ID = gateway.NewID(0).String()
	}
	var created convapi.Template
	key := store.TemplateKey{Project: project, ID: resource.ID}
	err := e.apply(ctx, store.Op{Want: wantTemplate(key), Run: func(tx *store.Tx) error {
		if err := freeTemplateID(tx, key); err != nil {
			return err
		}
		created = revisable(resource)
		if err := template.Revise(&created, nil, tx.Now); err != nil {
			return err
		}
		return putTemplate(tx, key, created)
	}})
	return created, err
}

// freeTemplateID says that a new template cannot have an id that is taken.
func freeTemplateID(tx *store.Tx, key store.TemplateKey) error {
	_, taken, err := tx.Templates.Get(key)
	if err == nil && taken {
		err = gateway.Invalid("id", "another template of the project has this id")
	}
	return err
}

func wantTemplate(key store.TemplateKey) []func(*store.Tx) {
	return []func(*store.Tx){func(tx *store.Tx) { tx.Templates.Want(key) }}
}

// revisable copies what template.Revise changes, for an operation may run more
// than once.
func revisable(t convapi.Template) convapi.Template {
	t.Translations = slices.Clone(t.Translations)
	return t
}

func putTemplate(tx *store.Tx, key store.TemplateKey, resource convapi.Template) error {
	body, err := json.Marshal(resource)
	if err != nil {
		return err
	}
	tx.Templates.Put(store.Template{TemplateKey: key, Body: body})
	return nil
}

// Template gives one template; each language's newest translation stands there
// a second time as "latest".
func (e *Engine) Template(ctx context.Context, project, id string) (convapi.Template, error) {
	t, err := e.readTemplate(ctx, project, id)
	return template.Shown(t), err
}

func (e *Engine) readTemplate(ctx context.Context, project, id string) (t convapi.Template, err error) {
	row, found, err := e.readTemplateRow(ctx, project, id)
	err = decodeTemplate(row, found && !row.V1, id, err, &t)
	return t, err
}

// readTemplateRow reads a row of either version beside the writer. What can be
// no id is not looked for: a database might not even take it.
func (e *Engine) readTemplateRow(ctx context.Context, project, id string) (row store.Template, found bool, err error) {
	if !convapi.ValidTemplateID(id) {
		return row, false, nil
	}
	return e.db.Template(ctx, store.TemplateKey{Project: project, ID: id})
}

// decodeTemplate reads the resource of a row that was looked for.
func decodeTemplate(row store.Template, found bool, id string, err error, resource any) error {
	if err == nil && !found {
		err = notFound("template", id)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(row.Body, resource)
}

// Templates lists the templates of a project, as Template gives them.
func (e *Engine) Templates(ctx context.Context, project string) ([]convapi.Template, error) {
	rows, err := e.db.Templates(ctx, project, false)
	if err != nil {
		return nil, err
	}
	out := make([]convapi.Template, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.Body, &out[i]); err != nil {
			return nil, err
		}
		out[i] = template.Shown(out[i])
	}
	return out, nil
}

// Translations lists a template's translations in a language and of a version,
// "" for any. "latest" asks for the newest of each language.
func (e *Engine) Translations(ctx context.Context, project, id, language, version string) ([]convapi.TemplateTranslation, error) {
	t, err := e.readTemplate(ctx, project, id)
	return template.Translations(t, language, version), err
}

// ReplaceTemplate puts a template in the place of the stored one, whose version
// it must carry.
func (e *Engine) ReplaceTemplate(ctx context.Context, project, id string, resource convapi.Template) (convapi.Template, error) {
	if !convapi.ValidTemplateID(id) {
		return resource, notFound("template", id)
	}
	if resource.ID != "" && resource.ID != id {
		return resource, gateway.Invalid("id", "must be that of the path, or left out")
	}
	resource.ID = id
	if err := resource.Validate(); err != nil {
		return resource, err
	}
	if resource.Version == 0 {
		return resource, gateway.Invalid("version", "is required: the version of the template that is to be replaced")
	}
	var replaced convapi.Template
	key := store.TemplateKey{Project: project, ID: id}
	err := e.apply(ctx, store.Op{Want: wantTemplate(key), Run: func(tx *store.Tx) error {
		row, found, err := tx.Templates.Get(key)
		var old convapi.Template
		if err := decodeTemplate(row, found && !row.V1, id, err, &old); err != nil {
			return err
		}
		if resource.Version != old.Version {
			return &gateway.Error{Code: gateway.FailedPrecondition, Field: "version", Message: "the template has changed and is at another version now"}
		}
		replaced = revisable(resource)
		if err := template.Revise(&replaced, &old, tx.Now); err != nil {
			return err
		}
		return putTemplate(tx, key, replaced)
	}})
	return replaced, err
}

// DeleteTemplate removes a template. Messages that were accepted before have
// their content.
func (e *Engine) DeleteTemplate(ctx context.Context, project, id string) error {
	return e.deleteTemplate(ctx, store.TemplateKey{Project: project, ID: id}, false)
}

func (e *Engine) deleteTemplate(ctx context.Context, key store.TemplateKey, v1 bool) error {
	if !convapi.ValidTemplateID(key.ID) {
		return notFound("template", key.ID)
	}
	return e.apply(ctx, store.Op{Want: wantTemplate(key), Run: func(tx *store.Tx) error {
		row, found, err := tx.Templates.Get(key)
		if err == nil && (!found || row.V1 != v1) {
			err = notFound("template", key.ID)
		}
		if err != nil {
			return err
		}
		tx.Templates.Delete(key)
		return nil
	}})
}
