package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Authenticate gives the project that an access key acts for.
func (e *Engine) Authenticate(ctx context.Context, keyID, secret string) (project string, ok bool) {
	project, ok = e.directory.authenticate(keyID, secret)
	if !ok && e.catchUp(ctx) {
		project, ok = e.directory.authenticate(keyID, secret)
	}
	return project, ok
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
		tx.HandAll(store.Handoff{Kind: store.HandoffProject, Detail: project + " " + keyID})
		tx.After(func() { e.directory.putKey(project, key) })
		return nil
	}})
}

// tokenKeySize is that of HMAC-SHA256's output (RFC 7518, section 3.2: at
// least so long).
const tokenKeySize = 32

// TokenKey is the key that signs access tokens: made once in a store, so that
// tokens outlive a restart and are good at every node.
func (e *Engine) TokenKey(ctx context.Context) (key []byte, err error) {
	const name = "token_key"
	err = e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
		setting, found, err := tx.Settings.Get(name)
		if err != nil {
			return err
		}
		if !found {
			setting = store.Setting{Name: name, Value: make([]byte, tokenKeySize)}
			rand.Read(setting.Value)
			tx.Settings.Put(setting)
		}
		key = setting.Value
		return nil
	}})
	return key, err
}

// DirectSecret signs callbacks to the message-level URLs of an app.
func (e *Engine) DirectSecret(id gateway.ID) convapi.Secret {
	if a, ok := e.directory.app(id); ok {
		return a.resource.CallbackSettings.SecretForOverriddenCallbackURLs
	}
	return ""
}

// Queued is the number of messages that wait for an attempt.
func (e *Engine) Queued() int { return e.accounts.total() }

// Deadlines is the number of deadlines in memory.
func (e *Engine) Deadlines() int { return e.deadlines.len() }
