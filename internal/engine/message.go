package engine

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

// change is one message under the state machine within an operation.
type change struct {
	engine *Engine
	tx     *store.Tx
	app    *app // nil when it is gone
	row    store.Message
	*course
	// eventTime is the channel's time of what happened; zero if it told none.
	eventTime time.Time
	// send is set by an effect Send: the caller has to make the attempt.
	send bool
}

// open loads a message for a change; nil if there is none.
func (e *Engine) open(tx *store.Tx, id gateway.ID) (*change, error) {
	row, found, err := tx.Message(id)
	if err != nil || !found {
		return nil, err
	}
	known, err := e.courseOf(row)
	if err != nil {
		return nil, err
	}
	if tx.Trace == "" && e.tracing != nil {
		tx.Trace = known.plan.Trace
	}
	a, _ := e.directory.app(row.App)
	return &change{engine: e, tx: tx, app: a, row: row, course: known}, nil
}

// kindOf is what a new row is.
func kindOf(event, hidden bool) store.Kind {
	switch {
	case event && hidden:
		return store.KindHiddenEvent
	case event:
		return store.KindEvent
	case hidden:
		return store.KindHiddenMessage
	}
	return store.KindMessage
}

func (e *Engine) courseOf(row store.Message) (*course, error) {
	if known := e.courses.get(row.ID); known != nil {
		return known, nil
	}
	p, err := decodePlan(row.Plan)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", row.ID, err)
	}
	made := &course{plan: p}
	e.courses.put(row.ID, made)
	return made, nil
}

// content gives the message as the customer sent it, and as it is sent on: the
// same, unless it refers to templates. Neither is to be changed.
func (c *change) content() (message, outgoing *convapi.AppMessage, err error) {
	if c.message != nil {
		return c.message, c.outgoing, nil
	}
	content, _, err := c.tx.Contents.Get(c.row.ID)
	if err != nil {
		return nil, nil, err
	}
	if message, err = readMessage(content.Body); err != nil {
		return nil, nil, fmt.Errorf("content of message %s: %w", c.row.ID, err)
	}
	outgoing = message
	if len(content.Resolved) > 0 {
		if outgoing, err = readMessage(content.Resolved); err != nil {
			return nil, nil, fmt.Errorf("resolved content of message %s: %w", c.row.ID, err)
		}
	}
	if len(content.Body)+len(content.Resolved) <= keptContent {
		c.message, c.outgoing = message, outgoing
	}
	return message, outgoing, nil
}

func readMessage(body []byte) (*convapi.AppMessage, error) {
	message := new(convapi.AppMessage)
	return message, json.Unmarshal(body, message)
}

// apply runs the state machine and writes the new state with all that follows.
func (c *change) apply(sig lifecycle.Signal) error {
	state, effects := lifecycle.Apply(c.plan.rules, c.row.State, sig, c.tx.Now, rand.Float64())
	if len(effects) == 0 && state.Equal(c.row.State) {
		return nil
	}
	if state.Phase == lifecycle.Doubt && c.row.State.Phase != lifecycle.Doubt {
		doubted := c.engine.metrics.InDoubt.WithLabelValues(string(c.at(state.Hop).Channel))
		c.tx.After(doubted.Inc)
	}
	if c.row.Kind == store.KindProbe && state.Status == lifecycle.Failed {
		return c.conclude(capable{status: convapi.CapabilityUnknown, reason: reasonIn(effects)})
	}
	c.row.State = state
	for _, effect := range effects {
		if err := c.carryOut(effect); err != nil {
			return err
		}
	}
	c.tx.PutMessage(c.row)
	// A message that is queued or being sent goes on by itself. Any other one
	// only wakes up by its deadline, even one that has come already.
	queued := slices.Contains(effects, lifecycle.Effect(lifecycle.Dispatch{}))
	if due := state.Due; !due.IsZero() && !queued && state.Phase != lifecycle.Sending {
		c.engine.remind(c.tx, c.row.ID, due)
	}
	return nil
}

func (c *change) carryOut(effect lifecycle.Effect) error {
	e := c.engine
	switch effect := effect.(type) {
	case lifecycle.Send:
		c.send = true
	case lifecycle.Dispatch:
		e.enqueue(c.tx, c.job())
	case lifecycle.Tell:
		return c.tell(effect)
	case lifecycle.TellSubmitted:
		return c.tellSubmitted(effect.Hop)
	case lifecycle.Revoke:
		// No channel that is built can take a message back.
	case lifecycle.Duplicate:
		c.tx.After(e.metrics.Duplicates.Inc)
	}
	return nil
}

// job is the message's place in the queue of its current hop's account.
func (c *change) job() job {
	return job{
		message: c.row.ID, app: c.row.App, channel: c.plan.Hops[c.row.State.Hop].Channel,
		first: c.row.State.Hop > 0 || c.row.State.Attempt > 0, high: c.plan.High,
	}
}

// tell records a new status: the callback, and where the conversation goes on.
func (c *change) tell(effect lifecycle.Tell) error {
	identity := c.at(effect.Hop)
	c.row.Channel, c.row.Identity = string(identity.Channel), identity.Identity
	if c.row.Kind.Event() {
		return c.tellEvent(effect, identity)
	}
	if effect.Status == lifecycle.OnChannel && !c.row.Conversation.IsZero() {
		if err := c.engine.activate(c.tx, c.row.Conversation, identity.Channel); err != nil {
			return err
		}
	}
	if c.plan.CallbackURL == "" && !c.wants(convapi.TriggerMessageDelivery) {
		return nil
	}
	content, _, err := c.tx.Contents.Get(c.row.ID)
	if err != nil {
		return err
	}
	return c.engine.tell(c.tx, c.app, c.row.ID, c.plan.CallbackURL, convapi.Callback{
		EventTime: convapi.At(c.happened()),
		MessageDeliveryReport: &convapi.MessageDeliveryReport{
			MessageID: c.row.ID.String(), ConversationID: c.row.Conversation.String(), ContactID: c.row.Contact.String(),
			Status: convapi.DeliveryStatus(effect.Status.String()), ChannelIdentity: identity,
			Reason: effect.Reason, Metadata: content.Metadata, ProcessingMode: mode(c.row.Dispatch),
		},
		CorrelationID: c.plan.Correlation,
	})
}

func (c *change) tellSubmitted(hop int) error {
	if c.row.Kind.Event() || !c.wants(convapi.TriggerMessageSubmit) {
		return nil
	}
	content, _, err := c.tx.Contents.Get(c.row.ID)
	if err != nil {
		return err
	}
	message, _, err := c.content()
	if err != nil {
		return err
	}
	return c.engine.tell(c.tx, c.app, c.row.ID, "", convapi.Callback{
		MessageSubmitNotification: &convapi.MessageSubmitNotification{
			MessageID: c.row.ID.String(), ConversationID: c.row.Conversation.String(), ContactID: c.row.Contact.String(),
			ChannelIdentity: c.at(hop), SubmittedMessage: message, Metadata: content.Metadata, ProcessingMode: mode(c.row.Dispatch),
		},
		CorrelationID: c.plan.Correlation,
	})
}

// wants says whether anybody is told about a trigger.
func (c *change) wants(t convapi.Trigger) bool { return c.app != nil && c.app.wants(t) }

// at gives the identity of a hop; a message without hops shows what was asked for.
func (c *change) at(hop int) convapi.ChannelIdentity {
	if hop < len(c.plan.Hops) {
		return c.plan.Hops[hop].channelIdentity()
	}
	return convapi.ChannelIdentity{Channel: convapi.Channel(c.row.Channel), Identity: c.row.Identity}
}

func (c *change) happened() time.Time {
	if c.eventTime.IsZero() {
		return c.tx.Now
	}
	return c.eventTime
}

func mode(dispatch bool) convapi.ProcessingMode {
	if dispatch {
		return convapi.ModeDispatch
	}
	return convapi.ModeConversation
}
