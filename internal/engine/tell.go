package engine

import (
	"fmt"

	"switchyard/convapi"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

func (a *app) wants(t convapi.Trigger) bool { return a.wanted&(1<<delivery.TriggerIndex(t)) != 0 }

// tell appends a callback of an app to the log, if a webhook asks for its
// trigger or the message has a URL of its own. about orders: callbacks about
// the same thing arrive in the order of their making.
func (e *Engine) tell(tx *store.Tx, a *app, about gateway.ID, url string, c convapi.Callback) error {
	trigger := c.Trigger()
	if a == nil || url == "" && !a.wants(trigger) {
		return nil
	}
	c.AppID, c.ProjectID = a.id.String(), a.project
	c.AcceptedTime = convapi.At(tx.Now)
	body, err := c.Encode()
	if err != nil {
		return fmt.Errorf("callback %s: %w", trigger, err)
	}
	e.deliverer.Append(tx, store.Callback{
		App: a.id, Message: about, Trigger: delivery.TriggerIndex(trigger), Target: url, At: tx.Now, Body: body,
	})
	return nil
}

// tellProject tells every app of a project: contacts belong to all of them.
func (e *Engine) tellProject(tx *store.Tx, project string, about gateway.ID, c convapi.Callback) error {
	for _, a := range e.directory.appsOf(project) {
		if err := e.tell(tx, a, about, "", c); err != nil {
			return err
		}
	}
	return nil
}
