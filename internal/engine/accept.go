package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/routing"
	"switchyard/internal/store"
	"switchyard/internal/template"
)

// Send accepts a message: when it returns, the message is on disk. replayed
// says that the answer is that of an earlier request with the same key.
func (e *Engine) Send(ctx context.Context, project string, req *convapi.SendMessageRequest, idem Idempotency) (resp convapi.SendMessageResponse, replayed bool, err error) {
	if err := req.Validate(); err != nil {
		return resp, false, err
	}
	s := &send{engine: e, req: req, idem: idem}
	if err := s.accept(ctx, project); err != nil {
		return resp, false, err
	}
	return s.resp, s.replayed, nil
}

// send is a send request on its way to the disk.
type send struct {
	engine     *Engine
	req        *convapi.SendMessageRequest
	event      *convapi.AppEvent // in the place of the request's message
	idem       Idempotency
	app        *app
	dispatch   bool       // the processing mode of this message
	contactID  gateway.ID // of recipient.contact_id, else zero
	identities []convapi.ChannelIdentity
	content    []byte
	references []string // to omni templates, by id

	resp     convapi.SendMessageResponse
	replayed bool
	outgoing *convapi.AppMessage // what is sent, without references
	resolved []byte              // the same, if it is not the content
	slot     slot                // for the first attempt
}

// accept carries the request out.
func (s *send) accept(ctx context.Context, project string) (err error) {
	e := s.engine
	if err := e.db.Room(); err != nil {
		return full(err)
	}
	if s.app, err = e.appOf(ctx, project, s.req.AppID); err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return err
	}
	defer s.slot.close()
	ctx, span := e.tracing.Start(ctx, trace.SpanKindInternal, "accept message")
	defer span.End()
	if err := e.apply(ctx, store.Op{Want: s.want(), Run: s.run}); err != nil {
		return err
	}
	s.describe(span)
	return nil
}

// prepare does what needs no rows.
func (s *send) prepare() (err error) {
	s.dispatch = s.app.resource.ProcessingMode == convapi.ModeDispatch || s.req.ProcessingStrategy == convapi.StrategyDispatchOnly
	if by := s.req.Recipient.IdentifiedBy; by != nil {
		s.identities = normalize(s.app.resource.ID, by.ChannelIdentities)
	} else {
		if s.dispatch {
			return gateway.Invalid("recipient.contact_id", "a message in DISPATCH mode needs recipient.identified_by")
		}
		var ok bool
		if s.contactID, ok = gateway.ParseID(s.req.Recipient.ContactID); !ok {
			return notFound("contact", s.req.Recipient.ContactID)
		}
	}
	if err := s.engine.queueRoom(s.app); err != nil {
		return err
	}
	if s.event != nil {
		s.content, err = json.Marshal(eventContent{AppEvent: s.event})
	} else {
		s.references = template.References(s.req.Message)
		s.content, err = convapi.Marshal(s.req.Message)
	}
	return err
}

// queueRoom says whether an app's queue can take more.
func (e *Engine) queueRoom(a *app) error {
	if size := e.accounts.queued(a.id); size >= e.cfg.QueueLimit {
		return &gateway.Error{Code: gateway.ResourceExhausted, Message: fmt.Sprintf("the app's queue holds %d messages, as many as it can", size), RetryAfter: queueRetryAfter}
	}
	return nil
}

func (s *send) want() []func(*store.Tx) {
	project := s.app.project
	return []func(*store.Tx){
		func(tx *store.Tx) {
			if s.idem.Key != "" {
				tx.Idempotency.Want(store.IdempotencyKey{Project: project, Key: s.idem.Key})
			}
			for _, id := range s.identities {
				tx.WantPerson(identityKey(project, s.app.id, id), s.app.id)
				s.engine.wantConsent(tx, s.app, id)
			}
			if !s.contactID.IsZero() {
				wantContact(tx, s.app.id, s.contactID)
			}
			wantTemplates(tx, project, s.references)
		},
		func(tx *store.Tx) {
			if s.dispatch {
				return
			}
			for _, id := range s.identities {
				wantOwners(tx, s.app.id, identityKey(project, s.app.id, id))
			}
		},
		func(tx *store.Tx) {
			if !s.dispatch {
				for _, id := range s.identities {
					wantActive(tx, s.app.id, identityKey(project, s.app.id, id))
				}
				tx.WantConversation(store.ActiveKey{Contact: s.contactID, App: s.app.id})
			}
			s.wantConsents(tx)
		},
	}
}

// wantConsents is about the identities of a contact that the request names.
func (s *send) wantConsents(tx *store.Tx) {
	if s.contactID.IsZero() || !s.engine.consents.has(s.app.id) {
		return
	}
	if p, err := s.engine.person(tx, s.contactID); err == nil && p != nil {
		for _, id := range p.resource.ChannelIdentities {
			s.engine.wantConsent(tx, s.app, id)
		}
	}
}

// run is the operation.
func (s *send) run(tx *store.Tx) error {
	if done, err := s.replay(tx); done || err != nil {
		return err
	}
	input := routing.Input{
		AppID: s.app.resource.ID, PriorityOrder: s.req.ChannelPriorityOrder, Requested: s.identities,
	}
	for _, c := range s.app.resource.ChannelCredentials {
		input.Configured = append(input.Configured, c.Channel)
	}
	row := store.Message{
		App: s.app.id, Project: s.app.project, Dispatch: s.dispatch, Accepted: tx.Now,
		Kind: kindOf(s.event != nil, s.dispatch && s.app.resource.DispatchRetentionPolicy.TTLDays == 0),
	}
	var conversation *store.Conversation
	if s.dispatch {
		row.ID = gateway.NewIDAt(gateway.LaneOf(s.identities[0].Identity), tx.Now)
		if err := s.remember(tx, row.Kind.Hidden()); err != nil {
			return err
		}
	} else {
		var err error
		if conversation, err = s.meet(tx, &input); err != nil {
			return err
		}
		row.ID = gateway.NewIDAt(conversation.ID.Lane(), tx.Now)
		row.Contact, row.Conversation = conversation.Contact, conversation.ID
	}
	hops, refusal, err := routing.Plan(input)
	if err != nil {
		return err
	}
	if s.event != nil && len(hops) > 1 {
		hops = hops[:1] // an event never falls back
	}
	if hops, err = s.resolve(tx, hops); err != nil {
		return err
	}
	row.Channel, row.Identity = asked(&input)
	if conversation != nil {
		if s.event == nil {
			conversation.Choice = choiceIn(row.ID, s.outgoing)
		}
		if err := s.converse(tx, conversation, hops); err != nil {
			return err
		}
	}
	return s.put(tx, row, hops, refusal)
}

// replay answers a request that has been answered before.
func (s *send) replay(tx *store.Tx) (done bool, err error) {
	s.resp, s.replayed = convapi.SendMessageResponse{}, false
	if s.idem.Key == "" {
		return false, nil
	}
	old, found, err := tx.Idempotency.Get(store.IdempotencyKey{Project: s.app.project, Key: s.idem.Key})
	if err != nil || !found {
		return false, err
	}
	if !bytes.Equal(old.Hash, s.idem.Hash) {
		return false, gateway.Errorf(gateway.IdempotencyClash, "the Idempotency-Key was used with another request")
	}
	s.resp = convapi.SendMessageResponse{MessageID: old.Message.String(), AcceptedTime: convapi.At(old.At)}
	s.replayed = true
	return true, nil
}

// meet finds or makes the contact and gives its active conversation, or a new
// one that is not stored yet.
func (s *send) meet(tx *store.Tx, input *routing.Input) (*store.Conversation, error) {
	e := s.engine
	var p *person
	var err error
	if s.contactID.IsZero() {
		p, err = e.resolve(tx, s.app, s.identities)
	} else {
		p, err = e.person(tx, s.contactID)
		if err == nil && (p == nil || p.row.Project != s.app.project) {
			err = notFound("contact", s.req.Recipient.ContactID)
		}
	}
	if err != nil {
		return nil, err
	}
	input.ContactIdentities, input.ContactPriority = p.resource.ChannelIdentities, p.resource.ChannelPriority
	c, found, err := e.active(tx, s.app, p.row.ID)
	if err != nil {
		return nil, err
	}
	if found {
		input.ActiveChannel = convapi.Channel(c.ActiveChannel)
		return &c, nil
	}
	return &store.Conversation{
		ID: gateway.NewIDAt(p.row.ID.Lane(), tx.Now), App: s.app.id, Contact: p.row.ID, Project: s.app.project,
	}, nil
}

// converse stores the conversation with what the message brings to it; a new
// one starts on the first planned channel.
func (s *send) converse(tx *store.Tx, c *store.Conversation, hops []routing.Hop) error {
	if !c.Active {
		c.Active = true
		if len(hops) > 0 {
			c.ActiveChannel = string(hops[0].Channel)
		}
		if err := s.engine.startConversation(tx, s.app, *c); err != nil {
			return err
		}
	}
	if s.event == nil {
		if err := note(c, tx.Now, s.req); err != nil {
			return err
		}
	}
	tx.Conversations.Put(*c)
	return nil
}

// remember keeps metadata and correlation id with the recipient's identities,
// where DISPATCH mode has no conversation, if the app keeps anything at all.
func (s *send) remember(tx *store.Tx, hidden bool) error {
	metadata := string(s.req.ConversationMetadata)
	if hidden || s.app.resource.ProcessingMode != convapi.ModeDispatch || metadata == "" && s.req.CorrelationID == "" {
		return nil
	}
	for _, id := range s.identities {
		key := identityKey(s.app.project, s.app.id, id)
		identity, _, err := tx.Identities.Get(key)
		if err != nil {
			return err
		}
		identity.IdentityKey = key
		if metadata != "" && metadata != "null" {
			canonical, err := convapi.Marshal(s.req.ConversationMetadata)
			if err != nil {
				return err
			}
			identity.Metadata = string(canonical)
		}
		if s.req.CorrelationID != "" {
			identity.Correlation = s.req.CorrelationID
		}
		identity.Noted = tx.Now
		tx.Identities.Put(identity)
	}
	return nil
}

// asked is what reports show of a message that no channel is tried for.
func asked(in *routing.Input) (channel, identity string) {
	switch {
	case len(in.Requested) > 0:
		return string(in.Requested[0].Channel), in.Requested[0].Identity
	case len(in.PriorityOrder) > 0:
		return string(in.PriorityOrder[0]), ""
	case len(in.ContactIdentities) > 0:
		return string(in.ContactIdentities[0].Channel), in.ContactIdentities[0].Identity
	}
	return "", ""
}

// put stores the message, its content and its plan, and sets it going.
func (s *send) put(tx *store.Tx, row store.Message, hops []routing.Hop, refusal *convapi.Reason) error {
	e := s.engine
	p := e.newPlan(s.app, hops, s.req, tx.Now)
	p.Trace = tx.Trace
	if s.event != nil {
		p.suit(s.event, tx.Now)
	}
	if len(hops) > 0 {
		row.Channel, row.Identity = string(hops[0].Channel), hops[0].Identity
	}
	var err error
	if row.Plan, err = p.encode(); err != nil {
		return err
	}
	row.State = lifecycle.New(p.rules, tx.Now)
	tx.Contents.Put(store.Content{ID: row.ID, Body: s.content, Metadata: s.req.MessageMetadata, Resolved: s.resolved})
	tx.PutMessage(row)
	if s.idem.Key != "" {
		tx.Idempotency.Put(store.Idempotency{
			IdempotencyKey: store.IdempotencyKey{Project: s.app.project, Key: s.idem.Key}, Hash: s.idem.Hash, Message: row.ID, At: tx.Now,
		})
	}
	s.resp = convapi.SendMessageResponse{MessageID: row.ID.String(), AcceptedTime: convapi.At(tx.Now)}
	if s.event == nil {
		tx.After(e.metrics.Accepted.Inc)
	}
	c := &change{engine: e, tx: tx, app: s.app, row: row, course: &course{plan: p}}
	if len(s.content)+len(s.resolved) <= keptContent {
		c.course.message, c.course.outgoing = s.req.Message, s.outgoing
	}
	e.courses.put(row.ID, c.course)
	if refusal == nil {
		if refusal, err = c.blocked(); err != nil {
			return err
		}
	}
	if refusal != nil {
		return c.apply(lifecycle.Withdrawn{Reason: *refusal})
	}
	return s.sendOff(c)
}
