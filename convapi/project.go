package convapi

import "encoding/json"

// CapabilityRequest asks what a recipient can receive; the results come later as
// CAPABILITY callbacks. The answer is the request with its RequestID filled.
type CapabilityRequest struct {
	AppID     string     `json:"app_id"`
	Recipient *Recipient `json:"recipient"`
	RequestID string     `json:"request_id"` // made when absent; no idempotency key; at most 256 characters
}

// maxRequestID bounds RequestID, which every callback repeats. The contract
// states no figure.
const maxRequestID = 256

// Validate checks required members and limits; it returns FieldErrors or nil.
func (r *CapabilityRequest) Validate() error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	p.recipient(r.Recipient)
	p.maxLength("request_id", r.RequestID, maxRequestID)
	return p.err()
}

// ConsentList names an opt-out list of an app.
type ConsentList string

// The opt-out lists: ALL blocks every send, the others their content type.
const (
	OptOutAll          ConsentList = "OPT_OUT_ALL"
	OptOutMarketing    ConsentList = "OPT_OUT_MARKETING"
	OptOutNotification ConsentList = "OPT_OUT_NOTIFICATION"
)

// Known reports whether l is a list of the contract.
func (l ConsentList) Known() bool {
	return l == OptOutAll || l == OptOutMarketing || l == OptOutNotification
}

// ConsentIdentity is an identity on an opt-out list.
type ConsentIdentity struct {
	Identity string `json:"identity"`
}

// ListConsentsResponse is one page of an opt-out list.
type ListConsentsResponse struct {
	Identities    []ConsentIdentity `json:"identities"`
	NextPageToken string            `json:"next_page_token"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ListConsentsResponse) MarshalJSON() ([]byte, error) {
	type plain ListConsentsResponse
	r.Identities = orEmpty(r.Identities)
	return json.Marshal(plain(r))
}

// ConsentAuditResponse is the history of one identity's consent.
type ConsentAuditResponse struct {
	Identity     ConsentIdentity `json:"identity"`
	AuditRecords []ConsentAudit  `json:"audit_records"`
}

// MarshalJSON writes an absent list as an empty one.
func (r ConsentAuditResponse) MarshalJSON() ([]byte, error) {
	type plain ConsentAuditResponse
	r.AuditRecords = orEmpty(r.AuditRecords)
	return json.Marshal(plain(r))
}

// ConsentAudit is one change of consent; clients require all members.
type ConsentAudit struct {
	Operation ConsentOperation `json:"operation"`
	Origin    ConsentOrigin    `json:"origin"`
	ListType  ConsentList      `json:"list_type"`
	ProjectID string           `json:"project_id"`
	AppID     string           `json:"app_id"`
	Datetime  Time             `json:"datetime"`
}

// ConsentOperation is what a change of consent did.
type ConsentOperation string

// The consent operations of the contract.
const (
	ConsentInsert ConsentOperation = "OPERATION_INSERT"
	ConsentUpdate ConsentOperation = "OPERATION_UPDATE"
	ConsentDelete ConsentOperation = "OPERATION_DELETE"
)

// ConsentOrigin is where a change of consent came from.
type ConsentOrigin string

// The origins: the API, or a message of the contact.
const (
	ConsentFromAPI ConsentOrigin = "ORIGIN_API"
	ConsentFromMO  ConsentOrigin = "ORIGIN_MO"
)

// ProjectSettings are the settings of a project.
type ProjectSettings struct {
	ContactSettings *ContactSettings `json:"contact_settings,omitempty"`
}

// ContactSettings say how contacts are matched.
type ContactSettings struct {
	UnifiedContactIDEnabled bool `json:"unified_contact_id_enabled"` // one contact per number over SMS, RCS and MMS
}

// ProjectSettingsResponse answers every settings call but delete.
type ProjectSettingsResponse struct {
	ProjectID string          `json:"project_id"`
	Settings  ProjectSettings `json:"settings"`
}
