package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/routing"
	"switchyard/internal/store"
)

// A question about a recipient is answered by callbacks, one for each identity.
// What needs no provider is told in the transaction that accepts the question.
// What does is a row of table message, a probe, and so is asked in the account's
// turn, tried again, and survives a crash. A probe that fails for good found out
// nothing.

// probeFor is how long a provider that does not answer is asked again.
const probeFor = time.Minute

// probeContent is what a probe's answer needs.
type probeContent struct {
	RequestID string `json:"request_id"`
	ContactID string `json:"contact_id,omitempty"`
}

// QueryCapability accepts a question: when it returns, the answers are on disk
// or on their way. It gives the question with its id.
func (e *Engine) QueryCapability(ctx context.Context, project string, req convapi.CapabilityRequest) (convapi.CapabilityRequest, error) {
	if err := req.Validate(); err != nil {
		return req, err
	}
	if err := e.db.Room(); err != nil {
		return req, full(err)
	}
	a, err := e.appOf(ctx, project, req.AppID)
	if err != nil {
		return req, err
	}
	if err := e.queueRoom(a); err != nil {
		return req, err
	}
	if req.RequestID == "" {
		req.RequestID = gateway.NewID(0).String()
	}
	q := &question{engine: e, app: a, id: req.RequestID}
	if by := req.Recipient.IdentifiedBy; by != nil {
		q.identities = normalize(a.resource.ID, by.ChannelIdentities)
	} else {
		contact, err := e.contactRow(ctx, project, req.Recipient.ContactID)
		if err != nil {
			return req, err
		}
		q.contact = contact.ID
	}
	return req, e.apply(ctx, store.Op{Want: []func(*store.Tx){q.want}, Run: q.run})
}

// question is a capability query on its way to the disk.
type question struct {
	engine     *Engine
	app        *app
	id         string
	contact    gateway.ID // of recipient.contact_id, else zero
	identities []convapi.ChannelIdentity
	about      gateway.ID // orders the answers that are known at once
}

func (q *question) want(tx *store.Tx) {
	if !q.contact.IsZero() {
		tx.Contacts.Want(q.contact)
	}
	for _, id := range q.identities {
		tx.Identities.Want(identityKey(q.app.project, q.app.id, id))
	}
}

func (q *question) run(tx *store.Tx) error {
	identities, named := q.identities, true
	if !q.contact.IsZero() {
		p, err := q.engine.person(tx, q.contact)
		if err != nil {
			return err
		}
		if p == nil {
			return notFound("contact", q.contact.String())
		}
		identities, named = p.resource.ChannelIdentities, false
	}
	for i, id := range identities {
		if i == 0 {
			q.about = gateway.NewIDAt(gateway.LaneOf(id.Identity), tx.Now)
		}
		if slices.Contains(identities[:i], id) {
			continue
		}
		// Of a contact, what the app cannot reach is not asked for.
		if _, credential := q.app.credential(id.Channel); credential == nil && !named || foreign(q.app, id) && !named {
			continue
		}
		if err := q.ask(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// foreign says whether an identity means something to another app only.
func foreign(a *app, id convapi.ChannelIdentity) bool {
	return id.Channel.AppScoped() && id.AppID != a.resource.ID
}

// ask answers for one identity, or has its provider asked.
func (q *question) ask(tx *store.Tx, id convapi.ChannelIdentity) error {
	e := q.engine
	contact, err := q.contactOf(tx, id)
	if err != nil {
		return err
	}
	content := probeContent{RequestID: q.id, ContactID: contact.String()}
	answer, known := e.capability(q.app, id)
	if known {
		return e.tellCapability(tx, q.app, q.about, id, content, answer)
	}
	if !q.app.wants(convapi.TriggerCapability) {
		return nil // nobody would hear the answer
	}
	h := e.newHop(q.app, routing.Hop{Channel: id.Channel, Identity: id.Identity, AppScope: id.AppID})
	h.Resend, h.DoubtWait = true, 0
	p := &plan{Hops: []hop{h}, RetryFor: int(probeFor / time.Second), Trace: tx.Trace}
	p.rule()
	row := store.Message{
		ID: gateway.NewIDAt(gateway.LaneOf(id.Identity), tx.Now), App: q.app.id, Project: q.app.project, Dispatch: true, Kind: store.KindProbe,
		Channel: string(id.Channel), Identity: id.Identity, Accepted: tx.Now, State: lifecycle.New(p.rules, tx.Now),
	}
	if row.Plan, err = p.encode(); err != nil {
		return err
	}
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	tx.PutMessage(row)
	tx.Contents.Put(store.Content{ID: row.ID, Body: body})
	c := &change{engine: e, tx: tx, app: q.app, row: row, course: &course{plan: p}}
	e.enqueue(tx, c.job())
	return nil
}

// contactOf is the contact that the answer names: in CONVERSATION mode, if there
// is one.
func (q *question) contactOf(tx *store.Tx, id convapi.ChannelIdentity) (gateway.ID, error) {
	if !q.contact.IsZero() || q.app.resource.ProcessingMode == convapi.ModeDispatch {
		return q.contact, nil
	}
	identity, _, err := tx.Identities.Get(identityKey(q.app.project, q.app.id, id))
	if err != nil || len(identity.Contacts) == 0 {
		return gateway.ID{}, err
	}
	return identity.Contacts[0], nil
}

// capable is an answer.
type capable struct {
	status    convapi.CapabilityStatus
	abilities []string
	reason    *convapi.Reason
}

func incapable(code convapi.ReasonCode, description string) capable {
	return capable{status: convapi.CapabilityNone, reason: &convapi.Reason{Code: code, SubCode: convapi.SubCodeUnspecified, Description: description}}
}

// capability is what is known without asking; false if a provider can be asked.
// Where nobody knows, a recipient counts as capable.
func (e *Engine) capability(a *app, id convapi.ChannelIdentity) (answer capable, known bool) {
	d, built := e.definitions[id.Channel]
	_, credential := a.credential(id.Channel)
	switch {
	case foreign(a, id):
		return incapable(convapi.ReasonRecipientInvalidChannelIdentity, "the identity belongs to another app"), true
	case credential == nil:
		return incapable(convapi.ReasonChannelConfigurationMissing, "the app has no credential for this channel"), true
	case !built:
		return incapable(convapi.ReasonUnsupportedOperation, "this gateway cannot send over "+string(id.Channel)+" yet"), true
	case !convapi.ValidIdentity(id.Channel, id.Identity):
		return incapable(convapi.ReasonRecipientInvalidChannelIdentity, "the identity is not well formed for the channel"), true
	}
	if account := e.accounts.of(a.id, id.Channel, 0); account != nil {
		if _, prober := account.adapter.(channel.Prober); prober {
			return answer, false
		}
	}
	if d.Features.Undisclosed {
		return capable{status: convapi.CapabilityUnknown}, true
	}
	return capable{status: convapi.CapabilityFull}, true
}

func (e *Engine) tellCapability(tx *store.Tx, a *app, about gateway.ID, id convapi.ChannelIdentity, asked probeContent, answer capable) error {
	return e.tell(tx, a, about, "", convapi.Callback{CapabilityNotification: &convapi.CapabilityNotification{
		RequestID: asked.RequestID, ContactID: asked.ContactID, Channel: id.Channel, Identity: id.Identity,
		CapabilityStatus: answer.status, ChannelCapabilities: answer.abilities, Reason: answer.reason,
	}})
}

// probe asks the provider. An answer, also one that says no, is no failure.
func (t *attempt) probe() *channel.Failure {
	a := t.account
	prober, ok := a.adapter.(channel.Prober)
	if !ok { // not any more
		t.answer = &capable{status: convapi.CapabilityUnknown}
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.engine.cfg.SendTimeout)
	defer cancel()
	found, err := prober.Probe(ctx, t.plan.Hops[t.hop].Identity)
	if err == nil {
		a.learn(nil)
		t.answer = &capable{status: found.Status, abilities: found.Abilities}
		return nil
	}
	failure := channel.AsFailure(err)
	a.learn(failure)
	if failure.Verdict == channel.Refuse && !failure.Account {
		t.answer = &capable{status: convapi.CapabilityNone, reason: &failure.Reason}
		return nil
	}
	return failure
}

// conclude tells the answer to a probe, which has then served its time.
func (c *change) conclude(answer capable) error {
	content, _, err := c.tx.Contents.Get(c.row.ID)
	if err != nil {
		return err
	}
	var asked probeContent
	if err := json.Unmarshal(content.Body, &asked); err != nil {
		return fmt.Errorf("content of probe %s: %w", c.row.ID, err)
	}
	if err := c.engine.tellCapability(c.tx, c.app, c.row.ID, c.at(0), asked, answer); err != nil {
		return err
	}
	return c.tx.DeleteMessage(c.row.ID)
}

// reasonIn is the reason of the FAILED among effects.
func reasonIn(effects []lifecycle.Effect) *convapi.Reason {
	for _, effect := range effects {
		if told, ok := effect.(lifecycle.Tell); ok && told.Status == lifecycle.Failed {
			return told.Reason
		}
	}
	return nil
}
