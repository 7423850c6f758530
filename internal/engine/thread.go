package engine

import (
	"encoding/json"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// active gives the active conversation of a contact with an app; false if
// there is none.
func (e *Engine) active(tx *store.Tx, a *app, contact gateway.ID) (store.Conversation, bool, error) {
	pointer, found, err := tx.Active.Get(store.ActiveKey{Contact: contact, App: a.id})
	if err != nil || !found {
		return store.Conversation{}, false, err
	}
	return tx.Conversations.Get(pointer.Conversation)
}

// converse gives the active conversation, or starts one on the channel.
func (e *Engine) converse(tx *store.Tx, a *app, contact gateway.ID, ch convapi.Channel) (store.Conversation, error) {
	c, found, err := e.active(tx, a, contact)
	if err != nil || found {
		return c, err
	}
	c = store.Conversation{
		ID: gateway.NewIDAt(contact.Lane(), tx.Now), App: a.id, Contact: contact, Project: a.project,
		Active: true, ActiveChannel: string(ch),
	}
	return c, e.startConversation(tx, a, c)
}

func (e *Engine) startConversation(tx *store.Tx, a *app, c store.Conversation) error {
	tx.Conversations.Put(c)
	if c.Active {
		tx.Active.Put(store.Active{ActiveKey: store.ActiveKey{Contact: c.Contact, App: c.App}, Conversation: c.ID})
	}
	return e.tell(tx, a, c.ID, "", convapi.Callback{
		ConversationStartNotification: &convapi.ConversationNotification{Conversation: showConversation(c)},
	})
}

// activate notes the channel that a conversation goes on over.
func (e *Engine) activate(tx *store.Tx, id gateway.ID, ch convapi.Channel) error {
	c, found, err := tx.Conversations.Get(id)
	if err != nil || !found || c.ActiveChannel == string(ch) {
		return err
	}
	c.ActiveChannel = string(ch)
	tx.Conversations.Put(c)
	return nil
}

// note updates a conversation with what a message brings: the time, and
// metadata and correlation id where it has them.
func note(c *store.Conversation, at time.Time, req *convapi.SendMessageRequest) error {
	c.LastReceived = at
	if req == nil {
		return nil
	}
	if len(req.ConversationMetadata) > 0 && string(req.ConversationMetadata) != "null" {
		merged, err := updateMetadata(c.MetadataJSON, req.ConversationMetadata, req.ConversationMetadataUpdateStrategy)
		if err != nil {
			return err
		}
		c.MetadataJSON = merged
	}
	if req.CorrelationID != "" {
		c.Correlation = req.CorrelationID
	}
	return nil
}

// updateMetadata replaces metadata, or merges a patch into it (RFC 7386).
func updateMetadata(old, patch []byte, strategy convapi.MetadataUpdateStrategy) ([]byte, error) {
	if strategy != convapi.MetadataMergePatch {
		return convapi.Marshal(json.RawMessage(patch))
	}
	return convapi.Marshal(convapi.MergePatch(old, patch))
}

func showConversation(c store.Conversation) convapi.Conversation {
	return convapi.Conversation{
		ID: c.ID.String(), AppID: c.App.String(), ContactID: c.Contact.String(), LastReceived: convapi.At(c.LastReceived),
		ActiveChannel: convapi.Channel(c.ActiveChannel), Active: c.Active, Metadata: c.Metadata,
		MetadataJSON: c.MetadataJSON, CorrelationID: c.Correlation,
	}
}
