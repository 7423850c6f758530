package store

import (
	"time"

	"switchyard/internal/gateway"
)

// ID is gateway.ID.
type ID = gateway.ID

// Project is a tenant. Everything else belongs to one.
type Project struct {
	ID       string
	Created  time.Time
	Settings []byte // a convapi.ProjectSettings as JSON; nil: the defaults
	// Conflicts is the number of its rows in the table of conflicts.
	Conflicts int
}

var projects = &table[string, Project]{
	unkept:  true,
	schema:  define("project", 1, 2, "id text", "created int", "settings blob", "conflicts int"),
	bindKey: func(e encoder, id string) { e.Text(id) },
	keyOf:   func(r *Project) string { return r.ID },
	bind: func(e encoder, r *Project) {
		e.Text(r.ID)
		e.Time(r.Created)
		e.Blob(r.Settings)
		e.Int(int64(r.Conflicts))
	},
	scan: func(d decoder) Project { return Project{d.Text(), d.Time(), d.Blob(), int(d.Int())} },
}

// AccessKey lets a program act for a project. Only a hash of its secret is
// kept: it is random enough for a fast hash.
type AccessKey struct {
	ID      string
	Project string
	Hash    []byte // SHA-256 of the secret
	Created time.Time
}

var accessKeys = &table[string, AccessKey]{
	unkept:  true,
	schema:  define("access_key", 1, 1, "id text", "project text", "hash blob", "created int"),
	bindKey: func(e encoder, id string) { e.Text(id) },
	keyOf:   func(r *AccessKey) string { return r.ID },
	bind:    func(e encoder, r *AccessKey) { e.Text(r.ID); e.Text(r.Project); e.Blob(r.Hash); e.Time(r.Created) },
	scan:    func(d decoder) AccessKey { return AccessKey{d.Text(), d.Text(), d.Blob(), d.Time()} },
}

// App is an app; Body is a convapi.App as JSON.
type App struct {
	ID      ID
	Project string
	Body    []byte
}

var apps = &table[ID, App]{
	unkept:  true,
	schema:  define("app", 1, 2, "id blob", "project text", "body blob"),
	bindKey: func(e encoder, id ID) { e.ID(id) },
	keyOf:   func(r *App) ID { return r.ID },
	bind:    func(e encoder, r *App) { e.ID(r.ID); e.Text(r.Project); e.Blob(r.Body) },
	scan:    func(d decoder) App { return App{d.ID(), d.Text(), d.Blob()} },
}

// Webhook is a webhook of an app; Body is a convapi.Webhook as JSON.
type Webhook struct {
	ID, App ID
	Project string
	// Since is the position in the callback log from which on the webhook
	// gets callbacks in lanes where it has no cursor yet.
	Since uint64
	Body  []byte
}

var webhooks = &table[ID, Webhook]{
	unkept:  true,
	schema:  define("webhook", 1, 4, "id blob", "app blob", "project text", "since int", "body blob"),
	bindKey: func(e encoder, id ID) { e.ID(id) },
	keyOf:   func(r *Webhook) ID { return r.ID },
	bind: func(e encoder, r *Webhook) {
		e.ID(r.ID)
		e.ID(r.App)
		e.Text(r.Project)
		e.Int(int64(r.Since))
		e.Blob(r.Body)
	},
	scan: func(d decoder) Webhook { return Webhook{d.ID(), d.ID(), d.Text(), uint64(d.Int()), d.Blob()} },
}

// WebhookState is what is kept about the delivery to one webhook, or to the
// origin of message-level callback URLs: Body is a breaker.State as JSON.
type WebhookState struct {
	ID   ID
	Body []byte
}

var webhookStates = &table[ID, WebhookState]{
	unkept:  true,
	schema:  define("webhook_state", 1, 1, "id blob", "body blob"),
	bindKey: func(e encoder, id ID) { e.ID(id) },
	keyOf:   func(r *WebhookState) ID { return r.ID },
	bind:    func(e encoder, r *WebhookState) { e.ID(r.ID); e.Blob(r.Body) },
	scan:    func(d decoder) WebhookState { return WebhookState{d.ID(), d.Blob()} },
}

// TemplateKey is a template's id within its project, for both versions of the
// Template Management API: messages refer to them alike.
type TemplateKey struct{ Project, ID string }

// Template is an omni template; Body is a convapi.Template as JSON, or a
// convapi.TemplateV1 if V1 is set.
type Template struct {
	TemplateKey
	V1   bool
	Body []byte
}

var templates = &table[TemplateKey, Template]{
	schema:  define("template", 2, 3, "project text", "id text", "v1 int", "body blob"),
	size:    func(r *Template) int { return len(r.Body) },
	bindKey: bindTemplateKey,
	keyOf:   func(r *Template) TemplateKey { return r.TemplateKey },
	bind: func(e encoder, r *Template) {
		bindTemplateKey(e, r.TemplateKey)
		e.Bool(r.V1)
		e.Blob(r.Body)
	},
	scan: func(d decoder) Template {
		return Template{TemplateKey{d.Text(), d.Text()}, d.Bool(), d.Blob()}
	},
}

func bindTemplateKey(e encoder, k TemplateKey) {
	e.Text(k.Project)
	e.Text(k.ID)
}

// Setting is a value that every process on the store shares, such as the key
// that signs tokens.
type Setting struct {
	Name  string
	Value []byte
}

var settings = &table[string, Setting]{
	unkept:  true,
	schema:  define("setting", 1, 1, "name text", "value blob"),
	bindKey: func(e encoder, name string) { e.Text(name) },
	keyOf:   func(r *Setting) string { return r.Name },
	bind:    func(e encoder, r *Setting) { e.Text(r.Name); e.Blob(r.Value) },
	scan:    func(d decoder) Setting { return Setting{d.Text(), d.Blob()} },
}
