package store

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"switchyard/internal/consent"
)

// Consent is what an app knows of a person's consent. There is a row only for
// those who have opted out some time, or who were sent a message with a content
// type.
type Consent struct {
	// Subject is a keyed hash of the app and the person; see consent.Party.
	Subject, App ID
	// Listed orders the lists: made when the person came onto the first one.
	// It is zero for whoever is on none, or on one without a name.
	Listed ID
	// Identity is who that is; "" for whoever was never on a list, or was erased.
	Identity string
	Lists    consent.Lists
	// Last is the list that the last message sent belongs to; 0 if none was. Noted
	// is when that was written down: not with every message.
	Last  consent.Lists
	Noted time.Time
}

var consents = &table[ID, Consent]{
	schema: define("consent", 2, 3, "lane int", "subject blob", "app blob", "listed blob", "identity text", "lists int",
		"last_list int", "noted int"),
	bindKey: encoder.Keyed,
	keyOf:   func(r *Consent) ID { return r.Subject },
	bind: func(e encoder, r *Consent) {
		e.Keyed(r.Subject)
		e.ID(r.App)
		e.ID(r.Listed)
		e.Text(r.Identity)
		e.Int(int64(r.Lists))
		e.Int(int64(r.Last))
		e.Time(r.Noted)
	},
	scan: func(d decoder) Consent {
		d.Lane()
		return Consent{
			Subject: d.ID(), App: d.ID(), Listed: d.ID(), Identity: d.Text(),
			Lists: consent.Lists(d.Int()),
			Last:  consent.Lists(d.Int()), Noted: d.Time(),
		}
	},
}

// ConsentAuditKey names a change of a person's consent.
type ConsentAuditKey struct{ Subject, ID ID }

// ConsentAudit records a change: someone came onto a list, or off it.
type ConsentAudit struct {
	ConsentAuditKey
	App  ID
	List consent.Lists // one
	Off  bool
	MO   bool // the person did it, by a message or on the channel; else the API
	At   time.Time
}

func bindConsentAuditKey(e encoder, k ConsentAuditKey) {
	e.Keyed(k.Subject)
	e.ID(k.ID)
}

var consentAudits = &table[ConsentAuditKey, ConsentAudit]{
	schema:  define("consent_audit", 3, 8, "lane int", "subject blob", "id blob", "app blob", "list int", "off int", "mo int", "at int"),
	unkept:  true,
	bindKey: bindConsentAuditKey,
	keyOf:   func(r *ConsentAudit) ConsentAuditKey { return r.ConsentAuditKey },
	bind: func(e encoder, r *ConsentAudit) {
		bindConsentAuditKey(e, r.ConsentAuditKey)
		e.ID(r.App)
		e.Int(int64(r.List))
		e.Bool(r.Off)
		e.Bool(r.MO)
		e.Time(r.At)
	},
	scan: func(d decoder) ConsentAudit {
		d.Lane()
		return ConsentAudit{
			ConsentAuditKey: ConsentAuditKey{d.ID(), d.ID()}, App: d.ID(), List: consent.Lists(d.Int()), Off: d.Bool(), MO: d.Bool(), At: d.Time(),
		}
	},
}

// ConsentKey is the name of the setting that subjects are hashed with. Without
// it there are none.
const ConsentKey = "consent_key"

// consenting lists the apps that have any Consent. It asks for the first in the
// order of the index: EXISTS may be answered by reading the whole table.
func (db *DB) consenting(ctx context.Context) (ids []ID, err error) {
	err = db.engine.query(ctx, "SELECT id FROM app WHERE (SELECT c.app FROM consent c WHERE c.app = app.id ORDER BY c.lists LIMIT 1) IS NOT NULL", nil,
		func(d decoder) { ids = append(ids, d.ID()) })
	return ids, err
}

// Listed lists who is on a list of an app, and has a name, in the order of
// coming, behind the given place of Consent.Listed.
func (db *DB) Listed(ctx context.Context, app ID, l consent.Lists, behind ID, limit int) ([]Consent, error) {
	var out []Consent
	for set := consent.Lists(1); set <= consent.Every; set++ { // each a range of the index
		if set&l == 0 {
			continue
		}
		var a args
		tail := "WHERE app = " + a.add(app) + " AND lists = " + a.add(int(set)) + " AND listed > " + a.add(behind) + " ORDER BY listed LIMIT " + a.add(limit)
		part, err := list(ctx, db, consents, tail, a)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	slices.SortFunc(out, func(a, b Consent) int { return bytes.Compare(a.Listed[:], b.Listed[:]) })
	return out[:min(limit, len(out))], nil
}

// Consents lists what is known of people's consent in a lane, in the order of
// the keys, behind the given row; nil begins at the first.
func (db *DB) Consents(ctx context.Context, lane int, behind *Consent, limit int) ([]Consent, error) {
	return after(ctx, db, consents, lane, behind, limit)
}

// ConsentHistory lists the changes of consent in a lane, likewise.
func (db *DB) ConsentHistory(ctx context.Context, lane int, behind *ConsentAudit, limit int) ([]ConsentAudit, error) {
	return after(ctx, db, consentAudits, lane, behind, limit)
}

// ConsentAudits lists the newest changes of the subjects' consent, the newest
// first.
func (db *DB) ConsentAudits(ctx context.Context, subjects []ID, limit int) ([]ConsentAudit, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	var a args
	keys := make([]string, len(subjects))
	for i, id := range subjects {
		keys[i] = "lane = " + a.add(db.Lane(id)) + " AND subject = " + a.add(id)
	}
	return list(ctx, db, consentAudits, "WHERE "+strings.Join(keys, " OR ")+" ORDER BY id DESC LIMIT "+a.add(limit), a)
}
