package engine

import (
	"crypto/rand"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/consent"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// consents is what is known of the opt-out lists without reading them: whether
// an app has any. Most have none, and their messages cost nothing more.
type consents struct {
	mu  sync.RWMutex
	key []byte // of subjects, once it is on disk
	// apps has those with a row, and whether that is on disk and known to the
	// other nodes. An app is never taken out: that would only save reads.
	apps map[gateway.ID]bool
}

// load replaces what is known.
func (c *consents) load(config store.Configuration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key, c.apps = config.ConsentKey, make(map[gateway.ID]bool)
	for _, id := range config.Consenting {
		c.apps[id] = true
	}
}

// has says whether an app may have a row.
func (c *consents) has(app gateway.ID) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, has := c.apps[app]
	return has
}

// settled says whether the app's first row is on disk and known to all nodes.
func (c *consents) settled(app gateway.ID) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.apps[app]
}

func (c *consents) note(app gateway.ID, settled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.apps[app] = c.apps[app] || settled
}

// known is the key, nil if there is none on disk.
func (c *consents) known() []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.key
}

func (c *consents) keep(key []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key = key
}

// consentKeySize is that of HMAC-SHA256's output.
const consentKeySize = 32

// consentKey gives the key that subjects are hashed with. It is made with the
// first of them.
func (e *Engine) consentKey(tx *store.Tx) ([]byte, error) {
	if key := e.consents.known(); key != nil {
		return key, nil
	}
	setting, found, err := tx.Settings.Get(store.ConsentKey)
	if err != nil {
		return nil, err
	}
	if !found {
		setting = store.Setting{Name: store.ConsentKey, Value: make([]byte, consentKeySize)}
		rand.Read(setting.Value)
		tx.Settings.Put(setting)
	}
	tx.After(func() { e.consents.keep(setting.Value) })
	return setting.Value, nil
}

// consentRow reads what an app knows of a party; a new row if it knows nothing.
func (e *Engine) consentRow(tx *store.Tx, app gateway.ID, party consent.Party) (row store.Consent, found bool, err error) {
	key, err := e.consentKey(tx)
	if err != nil {
		return row, false, err
	}
	subject := party.Subject(key, app)
	row, found, err = tx.Consents.Get(subject)
	if err == nil && !found {
		row = store.Consent{Subject: subject, App: app}
	}
	return row, found, err
}

// putConsent writes a row. With an app's first one every node learns that there
// is something to read from now on: the others at the beginning of their next
// transactions, this one in this.
func (e *Engine) putConsent(tx *store.Tx, row store.Consent) {
	tx.Consents.Put(row)
	if e.consents.settled(row.App) {
		return
	}
	e.consents.note(row.App, false)
	tx.HandAll(store.Handoff{Kind: store.HandoffConsent, Subject: row.App})
	tx.After(func() { e.consents.note(row.App, true) })
}

// receiveConsent takes in that another node has written an app's first row.
func (p peer) receiveConsent(tx *store.Tx, h store.Handoff) error {
	setting, _, err := tx.Settings.Get(store.ConsentKey)
	if err != nil {
		return err
	}
	p.consents.keep(setting.Value)
	p.consents.note(h.Subject, true)
	return nil
}

// wantConsent says that the wishes of an identity will be read, if there may be any.
func (e *Engine) wantConsent(tx *store.Tx, a *app, id convapi.ChannelIdentity) {
	key := e.consents.known()
	if key != nil && a != nil && a.consent && e.consents.has(a.id) {
		tx.Consents.Want(consent.PartyOf(id.Channel, id.Identity).Subject(key, a.id))
	}
}

// blocked says why the message may not be tried on its current hop; nil if it may.
// A hop with a fault is not tried in any case.
func (c *change) blocked() (*convapi.Reason, error) {
	if c.app == nil || !c.app.consent || !c.engine.consents.has(c.app.id) {
		return nil, nil
	}
	if hop := c.row.State.Hop; hop >= len(c.plan.Hops) || c.plan.Hops[hop].Fault != nil {
		return nil, nil
	}
	row, _, err := c.consentRow()
	if err != nil {
		return nil, err
	}
	list := row.Lists.Blocking(c.plan.Content)
	if list == "" {
		return nil, nil
	}
	return &convapi.Reason{
		Code: convapi.ReasonRecipientNotOptedIn, SubCode: convapi.SubCodeUnspecified,
		Description: "the recipient is on the app's list " + string(list),
	}, nil
}

// consentRow reads what the message's app knows of the recipient of its current
// hop. The hash is made once, unless its key may still be taken back.
func (c *change) consentRow() (row store.Consent, found bool, err error) {
	hop := c.row.State.Hop
	id := c.at(hop)
	party := consent.PartyOf(id.Channel, id.Identity)
	key := c.engine.consents.known()
	if key == nil {
		return c.engine.consentRow(c.tx, c.app.id, party)
	}
	if c.subject.IsZero() || c.subjectHop != hop {
		c.subject, c.subjectHop = party.Subject(key, c.app.id), hop
	}
	row, found, err = c.tx.Consents.Get(c.subject)
	if err == nil && !found {
		row = store.Consent{Subject: c.subject, App: c.app.id}
	}
	return row, found, err
}

// notedFor is how long the note of a message's type is good for all like it that
// follow, so that not each of them writes; lastFor, how long a type is remembered
// of somebody who is on no list.
const (
	notedFor = 7 * 24 * time.Hour
	lastFor  = 90 * 24 * time.Hour
)

// noteContent keeps the type of a message that is being sent, for an opt-out that
// follows it. Apps whose messages have none keep nothing.
func (c *change) noteContent() error {
	last := consent.After(c.plan.Content)
	if c.app == nil || !c.app.consent || last == consent.All && !c.engine.consents.has(c.app.id) {
		return nil
	}
	row, found, err := c.consentRow()
	if err != nil || !found && last == consent.All || row.Last == last && c.tx.Now.Sub(row.Noted) < notedFor {
		return err
	}
	row.Last, row.Noted = last, c.tx.Now
	c.engine.putConsent(c.tx, row)
	return nil
}

// wish is a change of a party's consent to an app.
type wish struct {
	party consent.Party
	out   bool
	lists consent.Lists // to come onto, or off; 0 stands for those that it follows from
	mo    bool          // the person's own, by a message or on the channel
}

// fulfil puts a party on lists, or takes it off, and records what that changed.
func (e *Engine) fulfil(tx *store.Tx, app gateway.ID, w wish) error {
	row, found, err := e.consentRow(tx, app, w.party)
	if err != nil || !found && !w.out {
		return err
	}
	before := row.Lists
	if w.out {
		if w.lists == 0 {
			w.lists = max(row.Last, consent.All)
		}
		row.Lists |= w.lists
	} else {
		if w.lists == 0 {
			w.lists = consent.Every
		}
		row.Lists &^= w.lists
	}
	switch {
	case row.Lists == before && (before == 0 || row.Identity != ""):
		return nil
	case row.Lists == 0:
		row.Identity, row.Listed = "", gateway.ID{}
	case row.Identity == "": // new on lists, or erased since
		row.Identity, row.Listed = w.party.Identity, gateway.NewIDAt(row.Subject.Lane(), tx.Now)
	}
	e.putConsent(tx, row)
	e.audit(tx, row, before^row.Lists, w)
	return nil
}

// audit records for each of the lists that a party came onto it, or off it.
func (e *Engine) audit(tx *store.Tx, row store.Consent, lists consent.Lists, w wish) {
	for _, name := range lists.Names() {
		tx.ConsentAudits.Put(store.ConsentAudit{
			ConsentAuditKey: store.ConsentAuditKey{Subject: row.Subject, ID: gateway.NewIDAt(row.Subject.Lane(), tx.Now)},
			App:             row.App, List: consent.Of(name), Off: !w.out, MO: w.mo, At: tx.Now,
		})
	}
}
