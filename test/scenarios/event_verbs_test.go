package scenarios

import (
	"context"
	"errors"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
)

// appEvents are the events that an app can send, by the words of a scenario.
func appEvents() map[string]convapi.AppEvent {
	agent := &convapi.AgentEvent{Agent: &convapi.Agent{DisplayName: "Ada"}}
	return map[string]convapi.AppEvent{
		"composing":     {ComposingEvent: &convapi.Empty{}},
		"composing-end": {ComposingEndEvent: &convapi.Empty{}},
		"read":          {ReadMessageEvent: &convapi.Empty{}},
		"comment":       {CommentReplyEvent: &convapi.CommentReplyEvent{Text: "thanks"}},
		"agent-joined":  {AgentJoinedEvent: agent},
		"agent-left":    {AgentLeftEvent: agent},
		"generic":       {GenericEvent: &convapi.GenericEvent{Payload: []byte(`{"a":1}`)}},
	}
}

// appEvent is the word of an event.
func appEvent(e *convapi.AppEvent) string {
	switch {
	case e.ComposingEvent != nil:
		return "composing"
	case e.ReadMessageEvent != nil:
		return "read"
	case e.GenericEvent != nil:
		return "generic"
	case e.CommentReplyEvent != nil:
		return "comment"
	}
	return "another event"
}

// event is: event e1 to WHO composing.
func (st *stage) event(l *line) {
	event, known := appEvents()[l.word(4)]
	if !known {
		l.errorf(st, "%q is no event", l.word(4))
		return
	}
	req := &convapi.SendEventRequest{
		AppID: st.app.ID, Recipient: st.recipient(l), Event: &event, CallbackURL: l.option("url"), EventMetadata: l.option("metadata"),
	}
	for _, ch := range l.list("order") {
		req.ChannelPriorityOrder = append(req.ChannelPriorityOrder, convapi.Channel(ch))
	}
	if l.option("queue") == "high" {
		req.Queue = convapi.QueueHighPriority
	}
	answer, err := st.process.engine.SendEvent(context.Background(), projectID, req)
	if fails := l.option("fails"); fails != "" {
		if refused, ok := errors.AsType[*gateway.Error](err); !ok || string(refused.Code) != fails {
			l.errorf(st, "got %v, want %s", err, fails)
		}
		return
	}
	st.check(l, err)
	st.messages.put(l.word(1), answer.EventID)
}

// events lists those of the conversation that began last, or of all
// conversations of a contact.
func (st *stage) events(l *line, contact string) []convapi.Event {
	ctx, e := context.Background(), st.process.engine
	filter := engine.EventFilter{ContactID: st.contacts.ids[contact]}
	if filter.ContactID == "" {
		list, _, _, err := e.Conversations(ctx, projectID, engine.ConversationFilter{AppID: st.app.ID}, engine.Page{Size: 1})
		st.check(l, err)
		if len(list) == 0 {
			return nil
		}
		filter.ConversationID = list[0].ID
	}
	list, _, err := e.Events(ctx, projectID, filter, engine.Page{Size: 1000})
	st.check(l, err)
	return list
}

// inject is: inject "text" from|to alice ago=1h, into alice's newest conversation.
func (st *stage) inject(l *line) {
	ctx, e := context.Background(), st.process.engine
	contact := st.contacts.ids[l.word(3)]
	list, _, _, err := e.Conversations(ctx, projectID, engine.ConversationFilter{ContactID: contact}, engine.Page{Size: 1})
	if err != nil || len(list) == 0 {
		l.errorf(st, "%s has no conversation: %v", l.word(3), err)
		return
	}
	who, err := e.Contact(ctx, projectID, contact)
	st.check(l, err)
	text, _ := unquote(l.word(1))
	req := &convapi.InjectMessageRequest{
		Direction: convapi.ToApp, ChannelIdentity: &who.ChannelIdentities[0], ContactID: contact,
		AcceptTime: convapi.At(time.Now().Add(-l.duration(st, "ago"))), Metadata: l.option("metadata"),
	}
	if l.word(2) == "to" {
		req.Direction, req.AppMessage = convapi.ToContact, &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: text}}
	} else {
		req.ContactMessage = &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: text}}
	}
	st.check(l, e.InjectMessage(ctx, projectID, list[0].ID, req))
}

// eventCarrier is a carrier of a channel that knows events.
type eventCarrier struct{ *carrier }

// SendEvent implements channel.EventSender: an event is an attempt like another.
func (c eventCarrier) SendEvent(ctx context.Context, e channel.OutboundEvent) error {
	text := appEvent(e.Event)
	if e.Last != "" {
		text += " after " + e.Last
	}
	_, err := c.Send(ctx, channel.Outbound{MessageID: e.EventID, Identity: e.Identity, Text: text, Retries: e.Retries})
	return err
}

// ask is: ask q1 about WHO.
func (st *stage) ask(l *line) {
	req := convapi.CapabilityRequest{AppID: st.app.ID, Recipient: st.recipient(l), RequestID: l.word(1)}
	answer, err := st.process.engine.QueryCapability(context.Background(), projectID, req)
	st.check(l, err)
	if answer.RequestID != l.word(1) {
		l.errorf(st, "the answer names %q", answer.RequestID)
	}
}

// probeCarrier is a carrier of a channel that says whom it reaches.
type probeCarrier struct{ eventCarrier }

// Probe implements channel.Prober: a question is an attempt without a name.
func (c probeCarrier) Probe(ctx context.Context, identity string) (channel.Capability, error) {
	if _, err := c.Send(ctx, channel.Outbound{Identity: identity, Text: "probe"}); err != nil {
		return channel.Capability{}, err
	}
	return channel.Capability{Status: convapi.CapabilityPartial, Abilities: []string{"TEXT"}}, nil
}
