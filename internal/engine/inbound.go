package engine

import (
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/consent"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

func (in *ingest) channelIdentity(i channel.Inbound) convapi.ChannelIdentity {
	id := convapi.ChannelIdentity{Channel: in.account.channel, Identity: i.Identity}
	return normalize(in.account.app.String(), []convapi.ChannelIdentity{id})[0]
}

// identity is the key of the person that something came from.
func (in *ingest) identity(i channel.Inbound) store.IdentityKey {
	project := ""
	if a, ok := in.engine.directory.app(in.account.app); ok {
		project = a.project
	}
	return identityKey(project, in.account.app, in.channelIdentity(i))
}

// origin is who something came from and in which thread.
type origin struct {
	identity     convapi.ChannelIdentity
	contact      gateway.ID // zero in DISPATCH mode
	conversation gateway.ID // likewise
	lane         byte
	dispatch     bool
	metadata     string // conversation metadata, if the app wants it reported
	correlation  string
	choice       gateway.ID // of the conversation
}

// inbound stores something that a person did, once, and tells of it.
func (in *ingest) inbound(tx *store.Tx, a *app, i channel.Inbound) error {
	if i.Key != "" {
		key := in.refKey(i.Key)
		if _, seen, err := tx.Seen.Get(key); seen || err != nil {
			return err
		}
		tx.Seen.Put(store.Seen{RefKey: key, At: tx.Now})
	}
	if i.ChannelEvent != nil {
		return in.engine.tell(tx, a, a.id, "", convapi.Callback{
			EventTime: at(i.At), ChannelEventNotification: &convapi.ChannelEventNotification{ChannelEvent: *i.ChannelEvent},
		})
	}
	o, err := in.origin(tx, a, i)
	if err != nil {
		return err
	}
	switch {
	case i.Message != nil:
		return in.message(tx, a, o, i)
	case i.Event != nil || i.MessageEvent != nil:
		return in.event(tx, a, o, i)
	case i.Opt != nil:
		return in.opt(tx, a, o, *i.Opt)
	default:
		return in.unsupported(tx, a, o, i)
	}
}

// origin finds the person and the conversation; in DISPATCH mode there are
// only what the last send left with the identity.
func (in *ingest) origin(tx *store.Tx, a *app, i channel.Inbound) (*origin, error) {
	e := in.engine
	o := &origin{identity: in.channelIdentity(i), dispatch: a.resource.ProcessingMode == convapi.ModeDispatch}
	full := a.resource.ConversationMetadataReportView == convapi.MetadataReportFull
	if o.dispatch {
		known, _, err := tx.Identities.Get(in.identity(i))
		if err != nil {
			return nil, err
		}
		o.lane, o.correlation = gateway.LaneOf(o.identity.Identity), known.Correlation
		if full {
			o.metadata = known.Metadata
		}
		return o, nil
	}
	contact, err := e.contactOf(tx, a, o.identity)
	if err != nil {
		return nil, err
	}
	c, err := e.converse(tx, a, contact, o.identity.Channel)
	if err != nil {
		return nil, err
	}
	c.ActiveChannel = string(o.identity.Channel)
	if i.Message != nil {
		if err := note(&c, tx.Now, nil); err != nil {
			return nil, err
		}
	}
	tx.Conversations.Put(c)
	o.contact, o.conversation, o.lane, o.correlation, o.choice = contact, c.ID, contact.Lane(), c.Correlation, c.Choice
	if full {
		o.metadata = string(c.MetadataJSON)
	}
	return o, nil
}

func at(t time.Time) convapi.Time {
	if t.IsZero() {
		return convapi.Time{}
	}
	return convapi.At(t)
}

func (in *ingest) message(tx *store.Tx, a *app, o *origin, i channel.Inbound) error {
	message := *i.Message
	metadata := i.Metadata
	original, found, err := in.referenced(tx, i.ReplyToRef)
	if err != nil {
		return err
	}
	switch {
	case found && message.ChoiceResponseMessage != nil:
		if message.ChoiceResponseMessage, err = tapped(original, o.identity.Channel, message.ChoiceResponseMessage.PostbackData); err != nil {
			return err
		}
		metadata = original.Metadata
	case found:
		message.ReplyTo = &convapi.ReplyTo{MessageID: original.ID.String()}
	case message.TextMessage != nil && !o.choice.IsZero():
		answer, to, err := answered(tx, o, message.TextMessage.Text)
		if err != nil {
			return err
		}
		if answer != nil {
			message.TextMessage, message.ChoiceResponseMessage, metadata = nil, answer, to.Metadata
		}
	}
	body, err := convapi.Marshal(message)
	if err != nil {
		return err
	}
	row := store.Message{
		ID: gateway.NewIDAt(o.lane, tx.Now), App: a.id, Project: a.project, Contact: o.contact, Conversation: o.conversation,
		ToApp: true, Dispatch: o.dispatch, Kind: kindOf(false, o.dispatch && a.resource.DispatchRetentionPolicy.TTLDays == 0),
		Channel: string(o.identity.Channel), Identity: o.identity.Identity, Accepted: tx.Now,
		State: lifecycle.State{Status: lifecycle.Delivered, Phase: lifecycle.Submitted},
	}
	if row.Plan, err = (arrival{Ref: i.Ref}).encode(); err != nil {
		return err
	}
	content := store.Content{ID: row.ID, Body: body, Metadata: metadata, SenderID: i.SenderID}
	if !row.Kind.Hidden() || i.Ref != "" { // else nothing will ever ask for it
		tx.PutMessage(row)
	}
	if !row.Kind.Hidden() {
		tx.Contents.Put(content)
	}
	if w, asked := a.words.Read(&message); asked {
		party := consent.PartyOf(o.identity.Channel, o.identity.Identity)
		if err := in.engine.fulfil(tx, a.id, wish{party: party, out: w.Out, lists: w.List, mo: true}); err != nil {
			return err
		}
	}
	shown := envelope(row, content)
	shown.ContactMessage = &message
	happened := i.At
	if happened.IsZero() {
		happened = tx.Now
	}
	err = in.engine.tell(tx, a, about(o, row.ID), "", convapi.Callback{
		EventTime: convapi.At(happened), Message: &shown, MessageMetadata: o.metadata, CorrelationID: o.correlation,
	})
	if err != nil {
		return err
	}
	return in.engine.analyse(tx, a, shown, about(o, row.ID), o.metadata)
}

// about orders what one person does: within the conversation, or, without
// one, each for itself.
func about(o *origin, id gateway.ID) gateway.ID {
	if o.conversation.IsZero() {
		return id
	}
	return o.conversation
}

// referenced finds the content of the message that a provider's id names.
func (in *ingest) referenced(tx *store.Tx, ref string) (store.Content, bool, error) {
	if ref == "" {
		return store.Content{}, false, nil
	}
	r, found, err := tx.Refs.Get(in.refKey(ref))
	if err != nil || !found {
		return store.Content{}, false, err
	}
	return tx.Contents.Get(r.Message)
}

// event tells of an event and, where there is a conversation, stores it.
func (in *ingest) event(tx *store.Tx, a *app, o *origin, i channel.Inbound) error {
	content := eventContent{ContactEvent: i.Event, ContactMessageEvent: i.MessageEvent}
	if i.MessageEvent != nil && i.MessageEvent.ReactionEvent != nil {
		reaction := *i.MessageEvent.ReactionEvent
		if original, found, err := in.referenced(tx, i.EventRef); err != nil {
			return err
		} else if found {
			reaction.MessageID = original.ID.String()
		}
		content.ContactMessageEvent = &convapi.ContactMessageEvent{ReactionEvent: &reaction}
	}
	row := store.Message{
		ID: gateway.NewIDAt(o.lane, tx.Now), App: a.id, Project: a.project, Contact: o.contact, Conversation: o.conversation,
		ToApp: true, Dispatch: o.dispatch, Kind: store.KindEvent,
		Channel: string(o.identity.Channel), Identity: o.identity.Identity, Accepted: tx.Now,
	}
	shown := content.show(row)
	err := in.engine.tell(tx, a, about(o, row.ID), "", convapi.Callback{
		EventTime: at(i.At), Event: &shown, MessageMetadata: o.metadata,
	})
	if err != nil || o.dispatch {
		return err
	}
	if err := putEvent(tx, row, content); err != nil {
		return err
	}
	return in.engine.tell(tx, a, about(o, row.ID), "", convapi.Callback{
		RecordNotification: &convapi.RecordNotification{
			EntityID: row.ID.String(), RecordStatus: convapi.RecordEventStored, ChannelIdentity: shown.ChannelIdentity,
			ContactID: shown.ContactID, ConversationID: shown.ConversationID, ProcessingMode: shown.ProcessingMode,
		},
	})
}

func (in *ingest) opt(tx *store.Tx, a *app, o *origin, opt channel.Opt) error {
	if a.consent {
		w := wish{party: consent.PartyOf(o.identity.Channel, o.identity.Identity), out: !opt.In, lists: consent.Of(opt.List), mo: true}
		if w.out && w.lists == 0 { // whoever blocks a sender does not mean its last message
			w.lists = consent.All
		}
		if err := in.engine.fulfil(tx, a.id, w); err != nil {
			return err
		}
	}
	notification := &convapi.OptNotification{
		ContactID: o.contact.String(), Channel: o.identity.Channel, Identity: o.identity.Identity, ProcessingMode: mode(o.dispatch),
	}
	c := convapi.Callback{}
	if opt.In {
		notification.Status, c.OptInNotification = convapi.OptInSucceeded, notification
	} else {
		notification.Status, c.OptOutNotification = convapi.OptOutSucceeded, notification
	}
	return in.engine.tell(tx, a, about(o, gateway.NewIDAt(o.lane, tx.Now)), "", c)
}

func (in *ingest) unsupported(tx *store.Tx, a *app, o *origin, i channel.Inbound) error {
	id := gateway.NewIDAt(o.lane, tx.Now)
	return in.engine.tell(tx, a, about(o, id), "", convapi.Callback{
		UnsupportedCallback: &convapi.UnsupportedCallback{
			Channel: o.identity.Channel, Payload: string(i.Unsupported), ProcessingMode: mode(o.dispatch), ID: id.String(),
			ContactID: o.contact.String(), ConversationID: o.conversation.String(), ChannelIdentity: o.identity,
		},
	})
}
