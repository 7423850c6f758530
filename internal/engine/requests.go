package engine

import (
	"time"

	"switchyard/convapi"
)

// Page asks for a part of a list.
type Page struct {
	Size  int    // at least 1
	Token string // of the page before; "" for the first
}

// MessageFilter selects messages; zero members select all.
type MessageFilter struct {
	Source         convapi.MessagesSource // "" is CONVERSATION_SOURCE
	AppID          string
	ContactID      string
	ConversationID string
	// Identity is a channel identity as the client wrote it.
	Identity  string
	Channel   convapi.Channel
	Direction convapi.Direction
	// Start and End bound the accept time: after Start, before End.
	Start, End          time.Time
	WithoutMetadata     bool
	RecipientOriginated bool
}

// EventFilter selects events by their conversation, their contact or both.
type EventFilter struct{ ConversationID, ContactID string }

// ContactFilter selects contacts; zero members select all.
type ContactFilter struct {
	ExternalID string
	Channel    convapi.Channel
	Identity   string
}

// ConversationFilter selects conversations of an app, a contact or both.
type ConversationFilter struct {
	AppID, ContactID string
	OnlyActive       bool
	ActiveChannel    convapi.Channel
}

// RecentFilter selects conversations of an app and their order.
type RecentFilter struct {
	AppID       string
	OnlyActive  bool
	OldestFirst bool
}

// Idempotency is a customer's key for one send. The zero value is none.
type Idempotency struct {
	Key string
	// Hash is the SHA-256 of the request's body.
	Hash []byte
}
