package httpapi

import (
	"context"

	"switchyard/convapi"
)

func (a *api) createTemplate(ctx context.Context, c *call) (any, error) {
	template, err := decode[convapi.Template](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.CreateTemplate(ctx, c.project, template)
}

func (a *api) listTemplates(ctx context.Context, c *call) (any, error) {
	templates, err := a.engine.Templates(ctx, c.project)
	return convapi.ListTemplatesResponse{Templates: templates}, err
}

func (a *api) getTemplate(ctx context.Context, c *call) (any, error) {
	return a.engine.Template(ctx, c.project, c.ids[0])
}

func (a *api) replaceTemplate(ctx context.Context, c *call) (any, error) {
	template, err := decode[convapi.Template](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.ReplaceTemplate(ctx, c.project, c.ids[0], template)
}

func (a *api) deleteTemplate(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.DeleteTemplate(ctx, c.project, c.ids[0])
}

func (a *api) listTranslations(ctx context.Context, c *call) (any, error) {
	q := c.query()
	language, version := q.text("language_code"), q.text("translation_version")
	if err := q.err(); err != nil {
		return nil, err
	}
	translations, err := a.engine.Translations(ctx, c.project, c.ids[0], language, version)
	return convapi.ListTranslationsResponse{Translations: translations}, err
}

// Version 1, which the vendor has closed and two of its clients still call.

func (a *api) createTemplateV1(ctx context.Context, c *call) (any, error) {
	template, err := decode[convapi.TemplateV1](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.CreateTemplateV1(ctx, c.project, template)
}

func (a *api) listTemplatesV1(ctx context.Context, c *call) (any, error) {
	templates, err := a.engine.TemplatesV1(ctx, c.project)
	return convapi.ListTemplatesV1Response{Templates: templates}, err
}

func (a *api) getTemplateV1(ctx context.Context, c *call) (any, error) {
	return a.engine.TemplateV1(ctx, c.project, c.ids[0])
}

func (a *api) updateTemplateV1(ctx context.Context, c *call) (any, error) {
	p, err := newPatch[convapi.TemplateV1](c, "id", "channel", "create_time", "update_time")
	if err != nil {
		return nil, err
	}
	return a.engine.UpdateTemplateV1(ctx, c.project, c.ids[0], p.apply)
}

func (a *api) deleteTemplateV1(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.DeleteTemplateV1(ctx, c.project, c.ids[0])
}
