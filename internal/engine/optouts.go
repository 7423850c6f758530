package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/consent"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// OptedOut lists the identities on an opt-out list of an app, in the order of
// coming. Whoever was erased is on the list still, but not shown.
func (e *Engine) OptedOut(ctx context.Context, project, appID string, list convapi.ConsentList, p Page) ([]convapi.ConsentIdentity, string, error) {
	a, err := e.appOf(ctx, project, appID)
	if err != nil {
		return nil, "", err
	}
	if !list.Known() {
		return nil, "", gateway.Invalid("list_type", "is not a list of the contract")
	}
	behind, err := openToken(p.Token)
	if err != nil {
		return nil, "", err
	}
	rows, err := e.db.Listed(ctx, a.id, consent.Of(list), behind, p.Size+1)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(rows, p.Size, func(r *store.Consent) gateway.ID { return r.Listed })
	var out []convapi.ConsentIdentity
	for _, row := range rows {
		// Digits that came without a channel may stand there for a number and for
		// a chat; nobody could tell the two apart.
		if one := (convapi.ConsentIdentity{Identity: row.Identity}); !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out, next, nil
}

// maxConsentAudits bounds the answer to one request; the newest are shown.
const maxConsentAudits = 1000

// ConsentAudits gives the changes of an identity's consent to an app, the oldest
// first; none for one that the lists have never had.
func (e *Engine) ConsentAudits(ctx context.Context, project, appID, identity string) (out convapi.ConsentAuditResponse, err error) {
	a, err := e.appOf(ctx, project, appID)
	if err != nil {
		return out, err
	}
	parties := consent.PartiesOf(identity, a.channels())
	out.Identity.Identity = parties[0].Identity
	key := e.consents.known()
	if key == nil || !e.consents.has(a.id) {
		return out, nil
	}
	subjects := make([]gateway.ID, len(parties))
	for i, party := range parties {
		subjects[i] = party.Subject(key, a.id)
	}
	rows, err := e.db.ConsentAudits(ctx, subjects, maxConsentAudits)
	shown := make(map[convapi.ConsentAudit]bool)
	for _, row := range slices.Backward(rows) {
		// What came without a channel was recorded for each that it may mean.
		if one := showConsentAudit(a, row); !shown[one] {
			shown[one] = true
			out.AuditRecords = append(out.AuditRecords, one)
		}
	}
	return out, err
}

func showConsentAudit(a *app, row store.ConsentAudit) convapi.ConsentAudit {
	audit := convapi.ConsentAudit{
		Operation: convapi.ConsentInsert, Origin: convapi.ConsentFromAPI, ListType: row.List.Names()[0],
		ProjectID: a.project, AppID: a.id.String(), Datetime: convapi.At(row.At),
	}
	if row.Off {
		audit.Operation = convapi.ConsentDelete
	}
	if row.MO {
		audit.Origin = convapi.ConsentFromMO
	}
	return audit
}

// channels are those of the app's credentials.
func (a *app) channels() []convapi.Channel {
	out := make([]convapi.Channel, len(a.resource.ChannelCredentials))
	for i, c := range a.resource.ChannelCredentials {
		out[i] = c.Channel
	}
	return out
}

// RegisterOpt puts a recipient on OPT_OUT_ALL or takes it off every list, and
// tells the outcome for each of its channel identities by OPT_IN and OPT_OUT
// callbacks. requestID is in those; "" has one made.
func (e *Engine) RegisterOpt(ctx context.Context, project string, in bool, req *convapi.OptRequest, requestID string) error {
	if err := req.Validate(); err != nil {
		return err
	}
	a, err := e.appOf(ctx, project, req.AppID)
	if err != nil {
		return err
	}
	r := &register{engine: e, app: a, req: req, in: in, requestID: cmp.Or(requestID, gateway.NewID(0).String())}
	return e.apply(ctx, store.Op{Run: r.run})
}

// register is a request to register an opt-in or opt-out.
type register struct {
	engine    *Engine
	app       *app
	req       *convapi.OptRequest
	in        bool
	requestID string
}

func (r *register) run(tx *store.Tx) error {
	identities, contact, err := r.recipient(tx)
	if err != nil {
		return err
	}
	for _, ch := range r.req.Channels {
		found := false
		for _, id := range identities {
			if id.Channel != ch {
				continue
			}
			found = true
			if err := r.register(tx, id, contact); err != nil {
				return err
			}
		}
		if !found {
			if err := r.tell(tx, convapi.ChannelIdentity{Channel: ch}, contact, "the recipient has no identity on this channel"); err != nil {
				return err
			}
		}
	}
	return nil
}

// recipient gives the identities and the contact that they belong to, if one does.
func (r *register) recipient(tx *store.Tx) (identities []convapi.ChannelIdentity, contact gateway.ID, err error) {
	if by := r.req.Recipient.IdentifiedBy; by != nil {
		identities = normalize(r.app.resource.ID, by.ChannelIdentities)
		matches, err := r.engine.matches(tx, r.app, identities)
		for _, m := range matches {
			if len(m) > 0 && contact.IsZero() {
				contact = m[0]
			}
		}
		return identities, contact, err
	}
	id, ok := gateway.ParseID(r.req.Recipient.ContactID)
	if !ok {
		return nil, contact, notFound("contact", r.req.Recipient.ContactID)
	}
	p, err := r.engine.person(tx, id)
	if err == nil && (p == nil || p.row.Project != r.app.project) {
		err = notFound("contact", r.req.Recipient.ContactID)
	}
	if err != nil {
		return nil, contact, err
	}
	return p.resource.ChannelIdentities, id, nil
}

func (r *register) register(tx *store.Tx, id convapi.ChannelIdentity, contact gateway.ID) error {
	if !convapi.ValidIdentity(id.Channel, id.Identity) {
		return r.tell(tx, id, contact, "the identity is not well formed for the channel")
	}
	w := wish{party: consent.PartyOf(id.Channel, id.Identity), out: !r.in, lists: consent.All}
	if r.in {
		w.lists = consent.Every
	}
	if err := r.engine.fulfil(tx, r.app.id, w); err != nil {
		return err
	}
	return r.tell(tx, id, contact, "")
}

// tell tells the outcome; failure "" is success.
func (r *register) tell(tx *store.Tx, id convapi.ChannelIdentity, contact gateway.ID, failure string) error {
	n := &convapi.OptNotification{
		RequestID: r.requestID, ContactID: contact.String(), Channel: id.Channel, Identity: id.Identity,
		ProcessingMode: r.app.resource.ProcessingMode,
	}
	if r.app.resource.ProcessingMode == convapi.ModeDispatch {
		n.ContactID = ""
	}
	if failure != "" {
		n.ErrorDetails = &convapi.OptErrorDetails{Description: failure}
	}
	c := convapi.Callback{}
	switch {
	case r.in:
		n.Status, c.OptInNotification = convapi.OptInSucceeded, n
		if failure != "" {
			n.Status = convapi.OptInFailed
		}
	default:
		n.Status, c.OptOutNotification = convapi.OptOutSucceeded, n
		if failure != "" {
			n.Status = convapi.OptOutFailed
		}
	}
	about := contact
	if about.IsZero() {
		about = gateway.NewIDAt(gateway.LaneOf(id.Identity), tx.Now)
	}
	return r.engine.tell(tx, r.app, about, "", c)
}

// ConsentRecord is an opt-out to be inserted: of a channel identity without its
// channel, or of a contact by its id.
type ConsentRecord struct {
	Identification string
	List           convapi.ConsentList // "" is OPT_OUT_ALL
}

// consentChunk is how many records one operation inserts.
const consentChunk = 200

// InsertConsents puts identities on opt-out lists of an app, up to a few thousand
// at once. When it fails, some may have been inserted; to insert one again does
// no harm. Errors name fields below consent_records.
func (e *Engine) InsertConsents(ctx context.Context, project, appID string, records []ConsentRecord) error {
	a, err := e.appOf(ctx, project, appID)
	if err != nil {
		return err
	}
	var problems convapi.FieldErrors
	for i, r := range records {
		if r.List != "" && !r.List.Known() {
			problems = append(problems, &convapi.FieldError{Field: fmt.Sprintf("consent_records[%d].consent_type", i), Description: "is not a list of the contract"})
		}
		if _, contact := gateway.ParseID(r.Identification); !contact && len(a.parties(r.Identification)) == 0 {
			problems = append(problems, &convapi.FieldError{Field: fmt.Sprintf("consent_records[%d].identification", i), Description: "is no identity on a channel of the app"})
		}
	}
	if len(problems) > 0 {
		return problems
	}
	for chunk := range slices.Chunk(records, consentChunk) {
		err := e.apply(ctx, store.Op{Run: func(tx *store.Tx) error {
			for _, r := range chunk {
				if err := e.insertConsent(tx, a, r); err != nil {
					return err
				}
			}
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// parties are those that an identity without a channel may mean and is well formed
// for.
func (a *app) parties(identity string) []consent.Party {
	return slices.DeleteFunc(consent.PartiesOf(identity, a.channels()), func(p consent.Party) bool { return !p.Valid() })
}

func (e *Engine) insertConsent(tx *store.Tx, a *app, r ConsentRecord) error {
	parties := a.parties(r.Identification)
	if id, ok := gateway.ParseID(r.Identification); ok {
		p, err := e.person(tx, id)
		if err != nil {
			return err
		}
		if p != nil && p.row.Project == a.project {
			parties = nil
			for _, one := range p.resource.ChannelIdentities {
				parties = append(parties, consent.PartyOf(one.Channel, one.Identity))
			}
		}
	}
	for _, party := range parties {
		lists := consent.Of(cmp.Or(r.List, convapi.OptOutAll))
		if err := e.fulfil(tx, a.id, wish{party: party, out: true, lists: lists}); err != nil {
			return err
		}
	}
	return nil
}
