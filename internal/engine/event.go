package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

// An event to a person goes the way of a message, with one hop, and is a row of
// the same table: what differs is here.

// eventContent is an event's content as it is stored; one member is set.
type eventContent struct {
	AppEvent            *convapi.AppEvent            `json:"app_event,omitempty"`
	ContactEvent        *convapi.ContactEvent        `json:"contact_event,omitempty"`
	ContactMessageEvent *convapi.ContactMessageEvent `json:"contact_message_event,omitempty"`
}

// show gives the contract's form of an event.
func (e eventContent) show(row store.Message) convapi.Event {
	event := convapi.Event{
		ID: row.ID.String(), Direction: direction(row), AppEvent: e.AppEvent, ContactEvent: e.ContactEvent, ContactMessageEvent: e.ContactMessageEvent,
		ChannelIdentity: shownIdentity(row), ContactID: row.Contact.String(), ConversationID: row.Conversation.String(),
		AcceptTime: convapi.At(row.Accepted), ProcessingMode: mode(row.Dispatch),
	}
	return event
}

func showEvent(row store.Message, content store.Content) (convapi.Event, error) {
	event, err := readEvent(content)
	return event.show(row), err
}

func readEvent(content store.Content) (event eventContent, err error) {
	if err := json.Unmarshal(content.Body, &event); err != nil {
		return event, fmt.Errorf("content of event %s: %w", content.ID, err)
	}
	return event, nil
}

// putEvent stores an event that is not to be sent.
func putEvent(tx *store.Tx, row store.Message, content eventContent) (err error) {
	row.State = lifecycle.State{Status: lifecycle.Delivered, Phase: lifecycle.Submitted}
	if row.Plan, err = (arrival{}).encode(); err != nil {
		return err
	}
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	tx.PutMessage(row)
	tx.Contents.Put(store.Content{ID: row.ID, Body: body})
	return nil
}

// composingFor is how long a sign that somebody writes is worth sending: about
// as long as the channels show it (WhatsApp: 25 s).
const composingFor = 25 * time.Second

// suit changes a message's plan into that of an event. No channel reports on
// events, so accepted is all that there is to know. What does no harm twice is
// sent again at once if it may be lost, and a sign that somebody writes is not
// sent late.
func (p *plan) suit(event *convapi.AppEvent, now time.Time) {
	composing := event.ComposingEvent != nil || event.ComposingEndEvent != nil
	if composing {
		p.Expires = now.Add(composingFor)
	}
	for i := range p.Hops {
		h := &p.Hops[i]
		h.Reports, h.Assume = false, true
		if composing || event.ReadMessageEvent != nil {
			h.Resend, h.DoubtWait = true, 0
		}
	}
	p.rule()
}

// tellEvent records a new status of an event.
func (c *change) tellEvent(effect lifecycle.Tell, identity convapi.ChannelIdentity) error {
	if c.plan.CallbackURL == "" && !c.wants(convapi.TriggerEventDelivery) {
		return nil
	}
	content, _, err := c.tx.Contents.Get(c.row.ID)
	if err != nil {
		return err
	}
	return c.engine.tell(c.tx, c.app, c.row.ID, c.plan.CallbackURL, convapi.Callback{
		EventTime: convapi.At(c.happened()),
		EventDeliveryReport: &convapi.EventDeliveryReport{
			EventID: c.row.ID.String(), ContactID: c.row.Contact.String(), Status: convapi.DeliveryStatus(effect.Status.String()),
			ChannelIdentity: identity, Reason: effect.Reason, Metadata: content.Metadata, ProcessingMode: mode(c.row.Dispatch),
		},
	})
}

// startEvent makes the attempt of an event that has been claimed.
func (a *account) startEvent(c *change) (*attempt, error) {
	content, _, err := c.tx.Contents.Get(c.row.ID)
	if err != nil {
		return nil, err
	}
	event, err := readEvent(content)
	if err != nil {
		return nil, err
	}
	return &attempt{
		account: a, row: c.row, plan: c.plan, hop: c.row.State.Hop, number: c.row.State.Attempt, event: event.AppEvent,
	}, nil
}

// sendEvent hands the event to the adapter, if it knows events.
func (t *attempt) sendEvent() *channel.Failure {
	a := t.account
	sender, ok := a.adapter.(channel.EventSender)
	if !ok {
		return channel.NoEvent(a.channel)
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.engine.cfg.SendTimeout)
	defer cancel()
	last, err := a.engine.lastRef(ctx, t.row)
	if err != nil {
		return &channel.Failure{Verdict: channel.Retry, Err: err, Reason: convapi.Reason{
			Code: convapi.ReasonInternalError, SubCode: convapi.SubCodeUnspecified, Description: "the messages of the person cannot be read",
		}}
	}
	h := t.plan.Hops[t.hop]
	err = sender.SendEvent(ctx, channel.OutboundEvent{
		EventID: t.row.ID.String(), Identity: h.Identity, Event: t.event, Last: last, Retries: t.row.State.Retries,
	})
	var failure *channel.Failure
	if err != nil {
		failure = channel.AsFailure(err)
	}
	a.learn(failure)
	return failure
}

const (
	// refAge is how old a message may be for an event to be about it. WhatsApp
	// keeps messages for 30 days.
	refAge = 30 * 24 * time.Hour
	// refThreads is how many conversations of a person, the newest first, a
	// message is looked for in.
	refThreads = 10
)

// lastRef gives the provider's id of the newest message from the person that an
// event goes to, over the channel that it goes over; "" if there is none.
func (e *Engine) lastRef(ctx context.Context, event store.Message) (string, error) {
	q := store.MessageQuery{Start: event.Accepted.Add(-refAge), Channel: event.Channel, ToApp: true, Dispatch: event.Dispatch}
	var strands []store.Strand
	if event.Dispatch {
		q.Hidden = true
		strands = []store.Strand{{Thread: store.DispatchThread(event.App, event.Identity)}}
	} else {
		of := store.ConversationQuery{Project: event.Project, App: event.App, Contact: event.Contact}
		threads, err := e.db.Conversations(ctx, of, gateway.ID{}, refThreads)
		if err != nil {
			return "", err
		}
		for _, c := range threads {
			strands = append(strands, store.Strand{Thread: c.ID, Identity: event.Identity})
		}
	}
	list, err := e.lastOfEach(ctx, q, [][]store.Strand{strands})
	if err != nil || len(list) == 0 {
		return "", err
	}
	last, err := arrivalOf(list[0])
	return last.Ref, err
}
