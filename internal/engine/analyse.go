package engine

import (
	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/redact"
	"switchyard/internal/store"
)

// maxAnalysed bounds the texts that are analysed, in octets: it happens while
// nothing else is stored. The longest that a channel brings has 4096 characters.
const maxAnalysed = 16 << 10

// analyse tells what the rules of package redact find in a text that a person has
// written, where the app has smart conversations.
func (e *Engine) analyse(tx *store.Tx, a *app, m convapi.ConversationMessage, about gateway.ID, metadata string) error {
	content := m.ContactMessage
	if !a.resource.SmartConversation.Enabled || content == nil || content.TextMessage == nil || len(content.TextMessage.Text) > maxAnalysed ||
		!a.wants(convapi.TriggerSmartConversation) && !a.wants(convapi.TriggerMessageInboundSmartConversationRedaction) {
		return nil
	}
	text := content.TextMessage.Text
	masked := redact.Mask(text)
	redacted := *content
	redacted.TextMessage = &convapi.TextMessage{Text: masked}
	err := e.tell(tx, a, about, "", convapi.Callback{
		MessageRedaction: &convapi.RedactedMessage{
			ID: m.ID, Direction: m.Direction, ContactMessage: &redacted, ChannelIdentity: m.ChannelIdentity,
			ConversationID: m.ConversationID, ContactID: m.ContactID, Metadata: m.Metadata, AcceptTime: m.AcceptTime,
		},
		MessageMetadata: metadata,
	})
	if err != nil {
		return err
	}
	type pii struct {
		Message string `json:"message"`
		Masked  string `json:"masked"`
	}
	results, err := convapi.Marshal(map[string][]pii{"ml_pii_result": {{text, masked}}})
	if err != nil {
		return err
	}
	return e.tell(tx, a, about, "", convapi.Callback{
		SmartConversationNotification: &convapi.SmartConversationNotification{
			ContactID: m.ContactID, ChannelIdentity: m.ChannelIdentity.Identity, Channel: m.ChannelIdentity.Channel,
			MessageID: m.ID, ConversationID: m.ConversationID, AnalysisResults: results,
		},
		MessageMetadata: metadata,
	})
}
