package engine

import (
	"context"
	"encoding/json"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Settings gives the settings of a project.
func (e *Engine) Settings(ctx context.Context, project string) (convapi.ProjectSettingsResponse, error) {
	row, _, err := e.db.Project(ctx, project)
	if err != nil {
		return convapi.ProjectSettingsResponse{}, err
	}
	settings, err := readSettings(row)
	return convapi.ProjectSettingsResponse{ProjectID: project, Settings: settings}, err
}

// UpdateSettings applies change to the settings of a project. They are not kept
// in the directory: the row is read where they count, which is seldom, and so
// every operation of every node goes by what holds at its time.
func (e *Engine) UpdateSettings(ctx context.Context, project string, change func(*convapi.ProjectSettings)) (convapi.ProjectSettingsResponse, error) {
	out := convapi.ProjectSettingsResponse{ProjectID: project}
	err := e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		row, _, err := tx.Projects.Get(project)
		if err != nil {
			return err
		}
		settings, err := readSettings(row)
		if err != nil {
			return err
		}
		was := settings.ContactSettings.UnifiedContactIDEnabled
		change(&settings)
		if settings.ContactSettings == nil {
			settings.ContactSettings = new(convapi.ContactSettings)
		}
		if settings.ContactSettings.UnifiedContactIDEnabled && !was && row.Conflicts > 0 {
			return gateway.Errorf(gateway.FailedPrecondition,
				"%d identities belong to several contacts each, see contacts:identityConflicts; with unified contact ids there is one contact for a number", row.Conflicts)
		}
		if row.Settings, err = json.Marshal(settings); err != nil {
			return err
		}
		tx.Projects.Put(row)
		out.Settings = settings
		return nil
	}})
	return out, err
}

// IdentityConflicts lists the identities that several contacts claim, those that
// have done so for the longest first.
func (e *Engine) IdentityConflicts(ctx context.Context, project string, p Page) ([]convapi.IdentityConflict, string, error) {
	behind, err := openToken(p.Token)
	if err != nil {
		return nil, "", err
	}
	rows, err := e.db.Conflicts(ctx, project, behind, p.Size+1)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(rows, p.Size, func(r *store.Conflict) gateway.ID { return r.ID })
	out := make([]convapi.IdentityConflict, len(rows))
	for i, row := range rows {
		out[i].Identity = row.Identity
		for _, ch := range row.Channels {
			out[i].Channels = append(out[i].Channels, convapi.Channel(ch))
		}
		for _, contact := range row.Contacts {
			out[i].ContactIDs = append(out[i].ContactIDs, contact.String())
		}
	}
	return out, next, nil
}
