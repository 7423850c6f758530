package scenarios

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"switchyard/convapi"
)

// offset is a time as scenarios write it.
func (st *stage) offset(at time.Time) string { return formatOffset(at.Sub(st.began)) }

func formatOffset(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return "+" + s
}

// shown is what a callback says, in the words of a scenario.
type shown struct {
	subject, what         string
	contact, conversation string
	identity, metadata    string
	mode                  convapi.ProcessingMode
	description, request  string
}

// showArrival is a callback as a line without its time.
func (st *stage) showArrival(a *arrival) string {
	s := st.shown(&a.callback)
	line := a.endpoint.name + " " + s.subject + " " + s.what
	for _, name := range a.endpoint.show {
		value, known := map[string]string{
			"contact": st.contacts.name(s.contact), "conversation": st.threads.name(s.conversation),
			"identity": s.identity, "metadata": s.metadata, "mode": string(s.mode), "description": strconv.Quote(s.description), "request": s.request,
			"report": a.callback.MessageMetadata, "correlation": a.callback.CorrelationID, "submitted": st.submitted(&a.callback),
		}[name]
		if !known {
			st.Errorf("nobody can show %q", name)
		}
		value = st.named(value)
		if value == "" {
			value = "-"
		}
		line += " " + name + ":" + value
	}
	if a.again {
		line += " again"
	}
	switch {
	case a.status == 0:
		line += " -> no answer"
	case a.status/100 != 2:
		line += " -> " + strconv.Itoa(a.status)
	}
	return line
}

// submitted is the message of a notification as JSON.
func (st *stage) submitted(c *convapi.Callback) string {
	if c.MessageSubmitNotification == nil {
		return ""
	}
	text, err := convapi.Marshal(c.MessageSubmitNotification.SubmittedMessage)
	if err != nil {
		st.Error(err)
	}
	return string(text)
}

func (st *stage) shown(c *convapi.Callback) shown {
	switch {
	case c.MessageDeliveryReport != nil:
		return st.shownReport(c.MessageDeliveryReport)
	case c.MessageSubmitNotification != nil:
		n := c.MessageSubmitNotification
		return shown{
			subject: st.messages.name(n.MessageID), what: string(n.ChannelIdentity.Channel) + " SUBMITTED", contact: n.ContactID,
			conversation: n.ConversationID, identity: n.ChannelIdentity.Identity, metadata: n.Metadata, mode: n.ProcessingMode,
		}
	case c.EventDeliveryReport != nil:
		return st.shownEventReport(c.EventDeliveryReport)
	case c.CapabilityNotification != nil:
		return st.shownCapability(c.CapabilityNotification)
	case c.RecordNotification != nil:
		n := c.RecordNotification
		return shown{
			subject: st.threads.name(n.ConversationID), what: "STORED " + address(n.ChannelIdentity), contact: n.ContactID,
			conversation: n.ConversationID, mode: n.ProcessingMode,
		}
	case c.BatchStatusUpdate != nil:
		return st.shownBatch(c.BatchStatusUpdate)
	case c.Message != nil:
		return st.shownMessage(c.Message)
	case c.Event != nil:
		return st.shownEvent(c.Event)
	case c.UnsupportedCallback != nil:
		n := c.UnsupportedCallback
		return shown{
			subject: st.threads.name(n.ConversationID), what: "UNSUPPORTED " + address(n.ChannelIdentity) + " " + n.Payload,
			contact: n.ContactID, conversation: n.ConversationID, mode: n.ProcessingMode,
		}
	case c.MessageRedaction != nil:
		m := c.MessageRedaction
		return shown{
			subject: st.threads.name(m.ConversationID), what: "REDACTED " + address(m.ChannelIdentity) + " " + strconv.Quote(m.ContactMessage.TextMessage.Text),
			contact: m.ContactID, conversation: m.ConversationID, metadata: m.Metadata,
		}
	case c.SmartConversationNotification != nil:
		n := c.SmartConversationNotification
		return shown{subject: st.threads.name(n.ConversationID), what: "ANALYSED " + string(n.AnalysisResults), contact: n.ContactID, conversation: n.ConversationID}
	case c.OptInNotification != nil:
		return st.shownOpt(c.OptInNotification)
	case c.OptOutNotification != nil:
		return st.shownOpt(c.OptOutNotification)
	case c.ChannelEventNotification != nil:
		n := c.ChannelEventNotification.ChannelEvent
		return shown{subject: string(n.Channel), what: n.EventType}
	}
	return st.shownPeople(c)
}

func (st *stage) shownCapability(n *convapi.CapabilityNotification) shown {
	s := shown{subject: n.RequestID, what: string(n.Channel) + ":" + n.Identity + " " + string(n.CapabilityStatus), contact: n.ContactID}
	if len(n.ChannelCapabilities) > 0 {
		s.what += " " + strings.Join(n.ChannelCapabilities, ",")
	}
	if n.Reason != nil {
		s.what += " " + string(n.Reason.Code)
		s.description = n.Reason.Description
	}
	return s
}

func (st *stage) shownEventReport(r *convapi.EventDeliveryReport) shown {
	return st.shownReport(&convapi.MessageDeliveryReport{
		MessageID: r.EventID, Status: r.Status, ChannelIdentity: r.ChannelIdentity, ContactID: r.ContactID, Reason: r.Reason,
		Metadata: r.Metadata, ProcessingMode: r.ProcessingMode,
	})
}

func (st *stage) shownReport(r *convapi.MessageDeliveryReport) shown {
	s := shown{
		subject: st.messages.name(r.MessageID), what: string(r.ChannelIdentity.Channel) + " " + string(r.Status), contact: r.ContactID,
		conversation: r.ConversationID, identity: r.ChannelIdentity.Identity, metadata: r.Metadata, mode: r.ProcessingMode,
	}
	failed := r.Status == convapi.StatusFailed || r.Status == convapi.StatusSwitchingChannel
	if failed != (r.Reason != nil) {
		st.Errorf("%s %s: reason %v", s.subject, s.what, r.Reason)
	}
	if r.Reason != nil {
		s.what += " " + string(r.Reason.Code)
		s.description = r.Reason.Description
	}
	if r.BatchID != "" {
		s.what += fmt.Sprintf(" recipient %d of %s", *r.MessageIndex, st.batches.name(r.BatchID))
	}
	return s
}

func address(id convapi.ChannelIdentity) string { return string(id.Channel) + ":" + id.Identity }

func (st *stage) shownMessage(m *convapi.ConversationMessage) shown {
	s := shown{
		subject: st.threads.name(m.ConversationID), contact: m.ContactID, conversation: m.ConversationID,
		metadata: m.Metadata, mode: m.ProcessingMode, what: "INBOUND " + address(m.ChannelIdentity),
	}
	switch content := m.ContactMessage; {
	case content.TextMessage != nil:
		s.what += " " + strconv.Quote(content.TextMessage.Text)
	case content.ChoiceResponseMessage != nil:
		s.what += fmt.Sprintf(" choice %q of %s", content.ChoiceResponseMessage.PostbackData, st.messages.name(content.ChoiceResponseMessage.MessageID))
	}
	if m.Injected {
		s.what += " injected"
	}
	if reply := m.ContactMessage.ReplyTo; reply != nil {
		s.what += " in reply to " + st.messages.name(reply.MessageID)
	}
	return s
}

func (st *stage) shownEvent(e *convapi.Event) shown {
	s := shown{
		subject: st.threads.name(e.ConversationID), contact: e.ContactID, conversation: e.ConversationID,
		mode: e.ProcessingMode, what: "EVENT " + address(e.ChannelIdentity),
	}
	switch {
	case e.ContactMessageEvent != nil && e.ContactMessageEvent.ReactionEvent != nil:
		r := e.ContactMessageEvent.ReactionEvent
		s.what += fmt.Sprintf(" reaction %s to %s", r.Emoji, st.messages.name(r.MessageID))
	case e.ContactEvent != nil && e.ContactEvent.ComposingEvent != nil:
		s.what += " composing"
	}
	return s
}

func (st *stage) shownOpt(n *convapi.OptNotification) shown {
	s := shown{
		subject: st.contacts.name(n.ContactID), request: n.RequestID, what: string(n.Status) + " " + string(n.Channel) + ":" + n.Identity,
		contact: n.ContactID, mode: n.ProcessingMode,
	}
	if n.ErrorDetails != nil {
		s.description = n.ErrorDetails.Description
	}
	return s
}

func addresses(c convapi.Contact) string {
	var out []string
	for _, id := range c.ChannelIdentities {
		out = append(out, address(id))
	}
	return strings.Join(out, ",")
}

// shownPeople is about contacts and conversations.
func (st *stage) shownPeople(c *convapi.Callback) shown {
	contact := func(what string, n *convapi.ContactNotification) shown {
		return shown{subject: st.contacts.name(n.Contact.ID), what: what + " " + addresses(n.Contact), contact: n.Contact.ID}
	}
	thread := func(what string, n *convapi.ConversationNotification) shown {
		return shown{
			subject: st.threads.name(n.Conversation.ID), what: what + " " + string(n.Conversation.ActiveChannel),
			contact: n.Conversation.ContactID, conversation: n.Conversation.ID,
		}
	}
	switch {
	case c.ContactCreateNotification != nil:
		return contact("CREATED", c.ContactCreateNotification)
	case c.ContactUpdateNotification != nil:
		return contact("UPDATED", c.ContactUpdateNotification)
	case c.ContactDeleteNotification != nil:
		return contact("DELETED", c.ContactDeleteNotification)
	case c.ContactMergeNotification != nil:
		n := c.ContactMergeNotification
		return shown{
			subject: st.contacts.name(n.PreservedContact.ID), contact: n.PreservedContact.ID,
			what: "MERGED " + addresses(n.PreservedContact) + " with " + st.contacts.name(n.DeletedContact.ID) + " " + addresses(n.DeletedContact),
		}
	case c.ConversationStartNotification != nil:
		return thread("STARTED", c.ConversationStartNotification)
	case c.ConversationStopNotification != nil:
		return thread("STOPPED", c.ConversationStopNotification)
	case c.ConversationDeleteNotification != nil:
		return thread("DELETED", c.ConversationDeleteNotification)
	case c.DuplicatedContactIdentitiesNotification != nil:
		s := shown{subject: "duplication"}
		var words []string
		for _, d := range c.DuplicatedContactIdentitiesNotification.DuplicatedIdentities {
			words = append(words, string(d.Channel))
			for _, id := range d.ContactIDs {
				words = append(words, st.contacts.name(id))
			}
		}
		s.what = strings.Join(words, " ")
		return s
	}
	st.Errorf("an unknown callback: %+v", c)
	return shown{}
}
