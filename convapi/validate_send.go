package convapi

import "time"

// maxInjectAge is how old an injected message may be (contract: 30 days).
const maxInjectAge = 30 * 24 * time.Hour

// MaxMessagePage bounds the pages of messages, and the recipients of
// FetchLastMessageRequest (contract: 1000).
const MaxMessagePage = 1000

// Validate checks everything that can be known without the app: required
// members, limits and enums. It returns FieldErrors or nil. What a channel makes
// of the content shows later, as a report with BAD_REQUEST.
func (r *SendMessageRequest) Validate() error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	p.recipient(r.Recipient)
	if r.ProcessingStrategy == StrategyDispatchOnly && r.Recipient != nil && r.Recipient.ContactID != "" {
		p.add("recipient", "must be identified_by with DISPATCH_ONLY, which knows no contacts")
	}
	p.appMessage("message", r.Message)
	p.httpURL("callback_url", r.CallbackURL)
	p.channels("channel_priority_order", r.ChannelPriorityOrder)
	for _, key := range sortedKeys(r.ChannelProperties) {
		p.maxLength(join("channel_properties", key), r.ChannelProperties[key], maxChannelProperty)
	}
	p.maxLength("message_metadata", r.MessageMetadata, maxMetadata)
	p.object("conversation_metadata", r.ConversationMetadata, maxConversationMetadata)
	checkEnum(&p, "conversation_metadata_update_strategy", r.ConversationMetadataUpdateStrategy)
	checkEnum(&p, "queue", r.Queue)
	if r.TTL != 0 && (r.TTL < MinTTL || r.TTL > MaxTTL) {
		p.add("ttl", ttlRange)
	}
	checkEnum(&p, "processing_strategy", r.ProcessingStrategy)
	p.maxLength("correlation_id", r.CorrelationID, maxCorrelationID)
	checkEnum(&p, "message_content_type", r.MessageContentType)
	return p.err()
}

// Validate checks required members and limits; it returns FieldErrors or nil.
func (r *SendEventRequest) Validate() error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	p.recipient(r.Recipient)
	p.appEvent("event", r.Event)
	p.httpURL("callback_url", r.CallbackURL)
	p.channels("channel_priority_order", r.ChannelPriorityOrder)
	p.maxLength("event_metadata", r.EventMetadata, maxMetadata)
	checkEnum(&p, "queue", r.Queue)
	return p.err()
}

// Validate checks required members; it returns FieldErrors or nil.
func (r *TranscodeMessageRequest) Validate() error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	p.appMessage("app_message", r.AppMessage)
	p.count("channels", len(r.Channels), 1, len(Channels()))
	p.channels("channels", r.Channels)
	return p.err()
}

// Validate checks limits and that one of the lists is there, and not both; it
// returns FieldErrors or nil. A page size over the maximum passes: it is lowered.
func (r *FetchLastMessageRequest) Validate() error {
	var p fieldProblems
	if len(r.ChannelIdentities) > 0 && len(r.ContactIDs) > 0 {
		p.add("contact_ids", "must not be given together with channel_identities")
	}
	if len(r.ChannelIdentities) == 0 && len(r.ContactIDs) == 0 {
		p.add("channel_identities", "is required unless contact_ids is given")
	}
	p.count("channel_identities", len(r.ChannelIdentities), 0, MaxMessagePage)
	p.count("contact_ids", len(r.ContactIDs), 0, MaxMessagePage)
	if len(r.ContactIDs) > 0 && r.MessagesSource == SourceDispatch {
		p.add("contact_ids", "must not be given with DISPATCH_SOURCE, which knows no contacts")
	}
	checkEnum(&p, "messages_source", r.MessagesSource)
	if r.PageSize < 0 {
		p.add("page_size", "must be 0 or more")
	}
	checkEnum(&p, "view", r.View)
	checkEnum(&p, "channel", r.Channel)
	checkEnum(&p, "direction", r.Direction)
	return p.err()
}

// Validate checks that metadata, the only thing that can change, is there and at
// most 1024 characters long; it returns FieldErrors or nil.
func (r *UpdateMessageRequest) Validate() error {
	var p fieldProblems
	if r.Metadata == nil {
		p.add("metadata", "is required")
	} else {
		p.maxLength("metadata", *r.Metadata, maxMetadata)
	}
	return p.err()
}

// Validate checks required members and that the message is from the 30 days
// before now; it returns FieldErrors or nil.
func (r *InjectMessageRequest) Validate(now time.Time) error {
	var p fieldProblems
	p.oneOf("app_message", option{"app_message", r.AppMessage != nil}, option{"contact_message", r.ContactMessage != nil})
	if r.AppMessage != nil {
		p.appMessage("app_message", r.AppMessage)
	}
	if r.ContactMessage != nil {
		p.contactMessage("contact_message", r.ContactMessage)
	}
	requireEnum(&p, "direction", r.Direction)
	if r.Direction == ToApp && r.AppMessage != nil || r.Direction == ToContact && r.ContactMessage != nil {
		p.add("direction", "must be TO_APP with contact_message and TO_CONTACT with app_message")
	}
	p.identity("channel_identity", r.ChannelIdentity)
	p.required("contact_id", r.ContactID)
	p.injectTime(r.AcceptTime, now)
	p.maxLength("metadata", r.Metadata, maxMetadata)
	checkEnum(&p, "processing_mode", r.ProcessingMode)
	if r.ProcessingMode == ModeDispatch {
		p.add("processing_mode", "must be CONVERSATION: the message becomes part of a conversation")
	}
	return p.err()
}

// Validate checks required members and that the event is from the 30 days before
// now; it returns FieldErrors or nil.
func (r *InjectEventRequest) Validate(now time.Time) error {
	var p fieldProblems
	p.appEvent("app_event", r.AppEvent)
	p.injectTime(r.AcceptTime, now)
	if r.ChannelIdentity != nil {
		p.identity("channel_identity", r.ChannelIdentity)
	}
	checkEnum(&p, "processing_mode", r.ProcessingMode)
	if r.ProcessingMode == ModeDispatch {
		p.add("processing_mode", "must be CONVERSATION to inject an event")
	}
	return p.err()
}

func (p *fieldProblems) injectTime(accepted Time, now time.Time) {
	if accepted.IsZero() {
		p.add("accept_time", "is required")
		return
	}
	if age := now.Sub(accepted.Time); age < 0 || age > maxInjectAge {
		p.add("accept_time", "must be in the last 30 days")
	}
}

func (p *fieldProblems) appEvent(path string, e *AppEvent) {
	if e == nil {
		p.add(path, "is required")
		return
	}
	p.oneOf(path,
		option{"composing_event", e.ComposingEvent != nil},
		option{"composing_end_event", e.ComposingEndEvent != nil},
		option{"read_message_event", e.ReadMessageEvent != nil},
		option{"comment_reply_event", e.CommentReplyEvent != nil},
		option{"agent_joined_event", e.AgentJoinedEvent != nil},
		option{"agent_left_event", e.AgentLeftEvent != nil},
		option{"generic_event", e.GenericEvent != nil},
	)
	if e.CommentReplyEvent != nil {
		p.required(path+".comment_reply_event.text", e.CommentReplyEvent.Text)
	}
	p.agentEvent(path+".agent_joined_event", e.AgentJoinedEvent)
	p.agentEvent(path+".agent_left_event", e.AgentLeftEvent)
	if e.GenericEvent != nil && !isObject(e.GenericEvent.Payload) {
		p.add(path+".generic_event.payload", "must be an object")
	}
}

func (p *fieldProblems) agentEvent(path string, e *AgentEvent) {
	switch {
	case e == nil:
	case e.Agent == nil:
		p.add(path+".agent", "is required")
	default:
		checkEnum(p, path+".agent.type", e.Agent.Type)
	}
}
