package engine

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"switchyard/convapi"
	"switchyard/internal/consent"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// directory mirrors the configuration in memory. What it hands out is never
// changed in place: a change puts a new value after the commit.
type directory struct {
	mu       sync.RWMutex
	projects map[string]bool
	keys     map[string]store.AccessKey
	apps     map[gateway.ID]*app
	webhooks map[gateway.ID]*hook
	// ofProject has the apps of each project, the oldest first: contacts are
	// made on the way of a message, and all apps of the project are told.
	ofProject map[string][]*app
}

// app is an app as the engine uses it.
type app struct {
	id       gateway.ID
	project  string
	resource convapi.App // with defaults
	// consent says that consent management is on, and words are its keywords.
	consent bool
	words   consent.Keywords
	// wanted has a bit for each trigger that some webhook of the app asks for.
	wanted uint64
}

// complete fills in what the contract has defaults for, and what follows.
func (a *app) complete() {
	a.resource = a.resource.WithDefaults()
	a.consent, a.words = a.resource.ConsentSettings.On(), consent.New(a.resource.ConsentSettings)
}

// hook is a webhook as the engine uses it.
type hook struct {
	id, app  gateway.ID
	project  string
	since    uint64
	resource convapi.Webhook
}

func newDirectory() *directory {
	return &directory{
		projects: make(map[string]bool), keys: make(map[string]store.AccessKey),
		apps: make(map[gateway.ID]*app), webhooks: make(map[gateway.ID]*hook),
		ofProject: make(map[string][]*app),
	}
}

// load replaces what is known. It gives the ids of apps that are no more.
func (d *directory) load(c store.Configuration) (gone []gateway.ID, err error) {
	fresh := newDirectory()
	if err := fresh.read(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.apps {
		if fresh.apps[id] == nil {
			gone = append(gone, id)
		}
	}
	d.projects, d.keys, d.apps, d.webhooks, d.ofProject = fresh.projects, fresh.keys, fresh.apps, fresh.webhooks, fresh.ofProject
	return gone, nil
}

func (d *directory) read(c store.Configuration) error {
	for _, p := range c.Projects {
		d.projects[p.ID] = true
	}
	for _, k := range c.Keys {
		d.keys[k.ID] = k
	}
	for _, row := range c.Apps {
		a, err := readApp(row)
		if err != nil {
			return err
		}
		d.apps[a.id] = a
	}
	for _, row := range c.Webhooks {
		h, err := readHook(row)
		if err != nil {
			return err
		}
		d.webhooks[h.id] = h
	}
	for id := range d.apps {
		d.subscribe(id)
	}
	for id := range d.projects {
		d.index(id)
	}
	return nil
}

func readApp(row store.App) (*app, error) {
	a := &app{id: row.ID, project: row.Project}
	if err := json.Unmarshal(row.Body, &a.resource); err != nil {
		return nil, fmt.Errorf("app %s: %w", row.ID, err)
	}
	a.complete()
	return a, nil
}

func readHook(row store.Webhook) (*hook, error) {
	h := &hook{id: row.ID, app: row.App, project: row.Project, since: row.Since}
	if err := json.Unmarshal(row.Body, &h.resource); err != nil {
		return nil, fmt.Errorf("webhook %s: %w", row.ID, err)
	}
	return h, nil
}

func (h *hook) target() delivery.Target {
	return delivery.Target{
		ID: h.id, App: h.app, URL: h.resource.Target, Secret: h.resource.Secret,
		ClientCredentials: h.resource.ClientCredentials, Triggers: h.resource.Triggers,
		Since: h.since, Paused: h.resource.TargetType != convapi.TargetHTTP,
	}
}

func (d *directory) targets() []delivery.Target {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []delivery.Target
	for _, h := range d.webhooks {
		out = append(out, h.target())
	}
	return out
}

// subscribe works out which triggers an app's webhooks ask for.
func (d *directory) subscribe(id gateway.ID) {
	old, ok := d.apps[id]
	if !ok {
		return
	}
	a := *old
	a.wanted = 0
	for _, h := range d.webhooks {
		if h.app != id || h.resource.TargetType != convapi.TargetHTTP {
			continue
		}
		for _, t := range h.resource.Triggers {
			a.wanted |= 1 << delivery.TriggerIndex(t)
		}
	}
	d.apps[id] = &a
	d.index(a.project)
}

// index lists a project's apps anew.
func (d *directory) index(project string) {
	var list []*app
	for _, a := range d.apps {
		if a.project == project {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b *app) int { return bytes.Compare(a.id[:], b.id[:]) })
	d.ofProject[project] = list
}

func (d *directory) putApp(a *app) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.apps[a.id] = a
	d.subscribe(a.id)
}

func (d *directory) deleteApp(id gateway.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a, ok := d.apps[id]; ok {
		delete(d.apps, id)
		d.index(a.project)
	}
}

func (d *directory) putKey(project string, key store.AccessKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.projects[project] = true
	d.keys[key.ID] = key
}

func (d *directory) putHook(h *hook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.webhooks[h.id] = h
	d.subscribe(h.app)
}

func (d *directory) deleteHook(h *hook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.webhooks, h.id)
	d.subscribe(h.app)
}

// app finds an app of any project.
func (d *directory) app(id gateway.ID) (*app, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	a, ok := d.apps[id]
	return a, ok
}

// appOf finds an app of a project by the text of its id.
func (d *directory) appOf(project, text string) (*app, error) {
	if id, ok := gateway.ParseID(text); ok {
		if a, ok := d.app(id); ok && a.project == project {
			return a, nil
		}
	}
	return nil, notFound("app", text)
}

func (d *directory) allApps() []*app {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make([]*app, 0, len(d.apps))
	for _, a := range d.apps {
		out = append(out, a)
	}
	return out
}

// appsOf lists the apps of a project, the oldest first; the list is shared.
func (d *directory) appsOf(project string) []*app {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.ofProject[project]
}

func (d *directory) hookOf(project, text string) (*hook, error) {
	if id, ok := gateway.ParseID(text); ok {
		d.mu.RLock()
		defer d.mu.RUnlock()
		if h, ok := d.webhooks[id]; ok && h.project == project {
			return h, nil
		}
	}
	return nil, notFound("webhook", text)
}

// hook finds a webhook of any project; nil if there is none.
func (d *directory) hook(id gateway.ID) *hook {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.webhooks[id]
}

// hooksOf lists the webhooks of an app, the oldest first.
func (d *directory) hooksOf(id gateway.ID) []*hook {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []*hook
	for _, h := range d.webhooks {
		if h.app == id {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b *hook) int { return bytes.Compare(a.id[:], b.id[:]) })
	return out
}

func (d *directory) hasProject(id string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.projects[id]
}

// authenticate compares in constant time, for an unknown key as well.
func (d *directory) authenticate(keyID, secret string) (project string, ok bool) {
	d.mu.RLock()
	key := d.keys[keyID]
	d.mu.RUnlock()
	sum := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(sum[:], key.Hash) != 1 {
		return "", false
	}
	return key.Project, true
}
