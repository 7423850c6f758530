package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"switchyard/internal/sim/fault"
)

// failureOf is one error of the platform: the HTTP status of the answer that
// carries it, and its title.
type failureOf struct {
	status int
	title  string
}

// failures are the platform's errors. The titles are those of its public list;
// any other code is answered too, with status 400.
func failures() map[int]failureOf {
	return map[int]failureOf{
		0:      {401, "AuthException"},
		1:      {400, "API Unknown"},
		2:      {503, "API Service"},
		3:      {500, "API Method"},
		4:      {400, "API Too Many Calls"},
		10:     {403, "Permission Denied"},
		33:     {400, "Parameter value is not valid"},
		100:    {400, "Invalid parameter"},
		190:    {401, "Access token has expired"},
		200:    {403, "API Permission"},
		368:    {403, "Temporarily blocked for policies violations"},
		80007:  {400, "Rate limit issues"},
		130429: {429, "Rate limit hit"},
		130472: {400, "User's number is part of an experiment"},
		131000: {500, "Something went wrong"},
		131005: {403, "Access denied"},
		131008: {400, "Required parameter is missing"},
		131009: {400, "Parameter value is not valid"},
		131016: {503, "Service unavailable"},
		131021: {400, "Recipient cannot be sender"},
		131026: {400, "Message undeliverable"},
		131030: {400, "Recipient phone number not in allowed list"},
		131031: {403, "Account has been locked"},
		131042: {400, "Business eligibility payment issue"},
		131045: {500, "Incorrect certificate"},
		131047: {400, "Re-engagement message"},
		131048: {400, "Spam rate limit hit"},
		131049: {400, "Meta chose not to deliver"},
		131050: {400, "User opted out of marketing messages"},
		131051: {400, "Unsupported message type"},
		131052: {400, "Media download error"},
		131053: {400, "Media upload error"},
		131056: {400, "Business account, consumer account pair rate limit hit"},
		131057: {500, "Account in maintenance mode"},
		132000: {400, "Template param count mismatch"},
		132001: {404, "Template does not exist"},
		132015: {400, "Template is paused"},
		133010: {400, "Phone number not registered"},
	}
}

// NumberFaults is a table for people, in which the end of a recipient's number
// says what happens: see the package comment.
func NumberFaults() []fault.Fault {
	faults := fault.ByNumber()
	for _, code := range slices.Sorted(maps.Keys(failures())) {
		if code < 100_000 {
			continue // too short to be told from an ordinary number's end
		}
		faults = append(faults,
			fault.Fault{To: fmt.Sprintf("*0%d", code), Kind: fault.Refuse, Code: code},
			fault.Fault{To: fmt.Sprintf("*1%d", code), Kind: fault.Fail, Code: code},
		)
	}
	return faults
}

// errorData is the part of an error that the Cloud API adds.
type errorData struct {
	MessagingProduct string `json:"messaging_product,omitempty"`
	Details          string `json:"details"`
}

// errorBody is the platform's error answer.
type errorBody struct {
	Error struct {
		Message   string    `json:"message"`
		Type      string    `json:"type"`
		Code      int       `json:"code"`
		Subcode   int       `json:"error_subcode,omitempty"`
		ErrorData errorData `json:"error_data"`
		FBTraceID string    `json:"fbtrace_id"`
	} `json:"error"`
}

// refuse answers with the platform's error of that code; details "" is the
// error's title.
func refuse(w http.ResponseWriter, code int, details string) { refuseSub(w, code, 0, details) }

// unknownObject is the subcode of an object that is not there or not for this
// token.
const unknownObject = 33

func refuseSub(w http.ResponseWriter, code, subcode int, details string) {
	failure, ok := failures()[code]
	if !ok {
		failure = failureOf{http.StatusBadRequest, "Generic error"}
	}
	if details == "" {
		details = failure.title
	}
	var body errorBody
	body.Error.Message = fmt.Sprintf("(#%d) %s", code, failure.title)
	body.Error.Type = "OAuthException"
	body.Error.Code, body.Error.Subcode = code, subcode
	body.Error.ErrorData = errorData{MessagingProduct: "whatsapp", Details: details}
	body.Error.FBTraceID = "AbCdEfGhIjK"
	answer(w, failure.status, body)
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	// A client that went away has its answer in the journal.
	_ = json.NewEncoder(w).Encode(body)
}
