package engine

import (
	"context"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

// What is injected went another way and is kept here all the same: at the time
// that it says, and without anything being sent.

// InjectMessage adds a message to a conversation. One from the contact is told
// like any other that comes in.
func (e *Engine) InjectMessage(ctx context.Context, project, conversation string, req *convapi.InjectMessageRequest) error {
	if err := req.Validate(e.db.Now()); err != nil {
		return err
	}
	var content any = req.AppMessage
	if req.ContactMessage != nil {
		content = req.ContactMessage
	}
	body, err := convapi.Marshal(content)
	if err != nil {
		return err
	}
	return e.inject(ctx, project, conversation, injected{
		contact: req.ContactID, conversation: req.ConversationID,
		put: func(tx *store.Tx, a *app, c *store.Conversation) error {
			row := injectedRow(*c, req.AcceptTime.Time, *req.ChannelIdentity)
			row.ToApp = req.Direction == convapi.ToApp
			row.State = lifecycle.State{Status: lifecycle.Delivered, Phase: lifecycle.Submitted}
			if row.Plan, err = (arrival{Injected: true}).encode(); err != nil {
				return err
			}
			content := store.Content{ID: row.ID, Body: body, Metadata: req.Metadata, SenderID: req.SenderID}
			tx.PutMessage(row)
			tx.Contents.Put(content)
			if row.Accepted.After(c.LastReceived) {
				c.LastReceived = row.Accepted
				tx.Conversations.Put(*c)
			}
			if !row.ToApp {
				return nil
			}
			return e.tellInjected(tx, a, *c, row, content)
		},
	})
}

func (e *Engine) tellInjected(tx *store.Tx, a *app, c store.Conversation, row store.Message, content store.Content) error {
	shown, err := showMessage(row, content)
	if err != nil {
		return err
	}
	callback := convapi.Callback{EventTime: convapi.At(row.Accepted), Message: &shown, CorrelationID: c.Correlation}
	if a != nil && a.resource.ConversationMetadataReportView == convapi.MetadataReportFull {
		callback.MessageMetadata = string(c.MetadataJSON)
	}
	if err := e.tell(tx, a, c.ID, "", callback); err != nil || a == nil {
		return err
	}
	return e.analyse(tx, a, shown, c.ID, callback.MessageMetadata)
}

// InjectEvent adds an event of the app to a conversation. Without an identity it
// is one of the contact on the conversation's channel, else the contact's first.
func (e *Engine) InjectEvent(ctx context.Context, project, conversation string, req *convapi.InjectEventRequest) (resp convapi.SendEventResponse, err error) {
	if err := req.Validate(e.db.Now()); err != nil {
		return resp, err
	}
	err = e.inject(ctx, project, conversation, injected{
		contact: req.ContactID, conversation: req.ConversationID,
		put: func(tx *store.Tx, a *app, c *store.Conversation) error {
			if a != nil && a.resource.ProcessingMode == convapi.ModeDispatch {
				return gateway.Errorf(gateway.FailedPrecondition, "events are injected in CONVERSATION mode only, and the app is in DISPATCH mode")
			}
			identity := req.ChannelIdentity
			if identity == nil {
				var err error
				if identity, err = e.identityIn(tx, *c); err != nil {
					return err
				}
			}
			row := injectedRow(*c, req.AcceptTime.Time, *identity)
			row.Kind = store.KindEvent
			resp = convapi.SendEventResponse{EventID: row.ID.String(), AcceptedTime: convapi.At(row.Accepted)}
			return putEvent(tx, row, eventContent{AppEvent: req.AppEvent})
		},
	})
	return resp, err
}

// identityIn chooses an identity of the contact of a conversation.
func (e *Engine) identityIn(tx *store.Tx, c store.Conversation) (*convapi.ChannelIdentity, error) {
	p, err := e.person(tx, c.Contact)
	if err != nil {
		return nil, err
	}
	if p == nil || len(p.resource.ChannelIdentities) == 0 {
		return nil, gateway.Invalid("channel_identity", "is required: the contact has none")
	}
	for i := range p.resource.ChannelIdentities {
		if id := &p.resource.ChannelIdentities[i]; string(id.Channel) == c.ActiveChannel {
			return id, nil
		}
	}
	return &p.resource.ChannelIdentities[0], nil
}

// injected is a request to add something to a conversation.
type injected struct {
	contact, conversation string // that the request names; "" for none
	put                   func(tx *store.Tx, a *app, c *store.Conversation) error
}

func (e *Engine) inject(ctx context.Context, project, conversation string, in injected) error {
	if err := e.db.Room(); err != nil {
		return full(err)
	}
	row, err := e.conversationRow(ctx, project, conversation)
	if err != nil {
		return err
	}
	if in.conversation != "" && in.conversation != row.ID.String() {
		return gateway.Invalid("conversation_id", "is not that of the path")
	}
	if in.contact != "" && in.contact != row.Contact.String() {
		return gateway.Invalid("contact_id", "is not the contact of the conversation")
	}
	return e.apply(ctx, store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) { tx.Conversations.Want(row.ID); tx.Contacts.Want(row.Contact) }},
		Run: func(tx *store.Tx) error {
			c, found, err := tx.Conversations.Get(row.ID)
			if err != nil {
				return err
			}
			if !found || c.Closing {
				return notFound("conversation", conversation)
			}
			a, _ := e.directory.app(c.App)
			return in.put(tx, a, &c)
		},
	})
}

// injectedRow is the row of something in a conversation at a time that has
// passed. Its id is of that time, too: lists are in the order of ids.
func injectedRow(c store.Conversation, at time.Time, identity convapi.ChannelIdentity) store.Message {
	identity = normalize(c.App.String(), []convapi.ChannelIdentity{identity})[0]
	at = at.UTC().Truncate(time.Microsecond) // as it is stored
	return store.Message{
		ID: gateway.NewIDOf(c.ID.Lane(), at), App: c.App, Contact: c.Contact, Conversation: c.ID, Project: c.Project,
		Channel: string(identity.Channel), Identity: identity.Identity, Accepted: at,
	}
}
