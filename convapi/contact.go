package convapi

import "encoding/json"

// Contact is a person known to a project.
type Contact struct {
	ID                string            `json:"id"`
	ChannelIdentities []ChannelIdentity `json:"channel_identities"`
	ChannelPriority   []Channel         `json:"channel_priority"`
	DisplayName       string            `json:"display_name"`
	Email             string            `json:"email"`
	ExternalID        string            `json:"external_id"`
	Metadata          string            `json:"metadata"` // at most 1024 characters
	Language          Language          `json:"language"`
}

// DefaultDisplayName is the display name of a contact that was given none.
const DefaultDisplayName = "Unknown"

// MarshalJSON writes absent lists as empty ones and an absent language as
// UNSPECIFIED.
func (c Contact) MarshalJSON() ([]byte, error) {
	type plain Contact
	c.ChannelIdentities = orEmpty(c.ChannelIdentities)
	c.ChannelPriority = orEmpty(c.ChannelPriority)
	if c.Language == "" {
		c.Language = LanguageUnspecified
	}
	return json.Marshal(plain(c))
}

// ListContactsResponse is one page of contacts.
type ListContactsResponse struct {
	Contacts      []Contact `json:"contacts"`
	NextPageToken string    `json:"next_page_token"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListContactsResponse) MarshalJSON() ([]byte, error) {
	type plain ListContactsResponse
	r.Contacts = orEmpty(r.Contacts)
	return json.Marshal(plain(r))
}

// MergeContactRequest moves the source contact into the one of the URL.
type MergeContactRequest struct {
	SourceID string `json:"source_id"`
	Strategy string `json:"strategy,omitempty"` // MERGE, the default and only one
}

// ChannelProfileRequest asks for the profile of a recipient on MESSENGER,
// INSTAGRAM, VIBER or LINE.
type ChannelProfileRequest struct {
	AppID     string     `json:"app_id"`
	Recipient *Recipient `json:"recipient"`
	Channel   Channel    `json:"channel"`
}

// ChannelProfileResponse answers ChannelProfileRequest.
type ChannelProfileResponse struct {
	ProfileName string `json:"profile_name"`
}

// IdentityConflict is one identity that several contacts share.
type IdentityConflict struct {
	Identity   string    `json:"identity"`
	Channels   []Channel `json:"channels"`
	ContactIDs []string  `json:"contact_ids"`
}

// ListIdentityConflictsResponse is one page of conflicts.
type ListIdentityConflictsResponse struct {
	Conflicts     []IdentityConflict `json:"conflicts"`
	NextPageToken string             `json:"next_page_token"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListIdentityConflictsResponse) MarshalJSON() ([]byte, error) {
	type plain ListIdentityConflictsResponse
	r.Conflicts = orEmpty(r.Conflicts)
	return json.Marshal(plain(r))
}
