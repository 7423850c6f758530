package engine

import (
	"context"
	"crypto/sha256"

	"switchyard/internal/store"
)

// Authenticate gives the project that an access key acts for.
func (e *Engine) Authenticate(_ context.Context, keyID, secret string) (project string, ok bool) {
	return e.directory.authenticate(keyID, secret)
}

// ProjectExists says whether the project is known here.
func (e *Engine) ProjectExists(project string) bool { return e.directory.hasProject(project) }

// Projects is the number of projects; 0 in an empty store.
func (e *Engine) Projects() int {
	e.directory.mu.RLock()
	defer e.directory.mu.RUnlock()
	return len(e.directory.projects)
}

// PutProject makes a project, if it is new, and gives it an access key; an
// existing key of that id gets the new secret.
func (e *Engine) PutProject(ctx context.Context, project, keyID, secret string) error {
	return e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		sum := sha256.Sum256([]byte(secret))
		key := store.AccessKey{ID: keyID, Project: project, Hash: sum[:], Created: tx.Now}
		if _, known, err := tx.Projects.Get(project); err != nil {
			return err
		} else if !known {
			tx.Projects.Put(store.Project{ID: project, Created: tx.Now})
		}
		tx.Keys.Put(key)
		tx.After(func() {
			e.directory.mu.Lock()
			defer e.directory.mu.Unlock()
			e.directory.projects[project] = true
			e.directory.keys[keyID] = key
		})
		return nil
	}})
}
