package coding

import (
	"encoding/binary"
	"strings"
	"time"

	"switchyard/smpp"
)

// State is the message_state of a receipt (SMPP 3.4, 5.2.28).
type State uint8

// The states; StateNone stands for a receipt that tells none we know.
const (
	StateNone     State = 0
	Enroute       State = 1
	Delivered     State = 2
	Expired       State = 3
	Deleted       State = 4
	Undeliverable State = 5
	Accepted      State = 6
	Unknown       State = 7
	Rejected      State = 8
)

// stateNames are the texts of the stat: field (appendix B).
var stateNames = map[string]State{
	"ENROUTE": Enroute, "DELIVRD": Delivered, "EXPIRED": Expired, "DELETED": Deleted, "UNDELIV": Undeliverable, "ACCEPTD": Accepted,
	"UNKNOWN": Unknown, "REJECTD": Rejected,
}

// String gives the state as the stat: field has it.
func (s State) String() string {
	for name, state := range stateNames {
		if state == s {
			return name
		}
	}
	return "NONE"
}

// NetworkError is the network_error_code: the kind of network (3 is GSM) and its code.
type NetworkError struct {
	Type uint8
	Code uint16
}

// GSMNetwork is the network type of GSM errors.
const GSMNetwork = 3

// Receipt is what a delivery receipt says, its parameters before its text.
type Receipt struct {
	MessageID string // as the centre writes it here; see [IDForm]
	State     State
	Stat      string        // the stat: field, if any
	Err       string        // the err: field, if any: decimal, hex or letters
	Network   *NetworkError // if told
	Submitted time.Time     // zero if not told. Centres do not tell the zone; it is read as UTC
	Done      time.Time
	Text      string // the first characters of the message, by many centres
}

// ParseReceipt reads a delivery receipt out of a deliver_sm. It reports false when the message is none: neither parameters nor text name a message
// and its state. Whether esm_class announces a receipt is not asked: centres are seen to forget it.
func ParseReceipt(sm *smpp.DeliverSM, def Alphabet) (Receipt, bool) {
	var r Receipt
	if def == GSM7Unpacked {
		def = ASCII // what centres write themselves is ASCII, even where messages are not: the underscore of done_date would become a §
	}
	if text, ok := DecodeText(sm.Payload(), sm.DataCoding, def, 0); ok {
		r = parseReceiptText(text)
	}
	if id, ok := sm.TLVs.CString(smpp.TagReceiptedMessageID); ok && id != "" {
		r.MessageID = id
	}
	if state, ok := sm.TLVs.Uint8(smpp.TagMessageState); ok && state != 0 {
		r.State = State(state)
	}
	if v, ok := sm.TLVs.Get(smpp.TagNetworkErrorCode); ok && len(v) == 3 {
		r.Network = &NetworkError{Type: v[0], Code: binary.BigEndian.Uint16(v[1:])}
	}
	return r, r.MessageID != "" && (r.State != StateNone || r.Stat != "")
}

// receiptFields are the names of the text form in lower case; dates come with a blank or an underscore.
var receiptFields = []string{"id", "sub", "dlvrd", "submit date", "submit_date", "done date", "done_date", "stat", "err", "text"}

// parseReceiptText reads "id:… sub:… … text:…" in any order and case. What follows text: is never searched: it is the user's.
func parseReceiptText(text string) Receipt {
	var r Receipt
	for {
		text = strings.TrimLeft(text, blanks)
		if text == "" {
			return r
		}
		name, rest, ok := cutField(text)
		if !ok {
			_, text = cutWord(text)
			continue
		}
		if name == "text" {
			r.Text = strings.TrimSpace(rest)
			return r
		}
		value, after := cutWord(rest)
		r.set(name, value)
		text = after
	}
}

const blanks = " \t\r\n"

// cutWord cuts at the first blank.
func cutWord(s string) (word, rest string) {
	if i := strings.IndexAny(s, blanks); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// cutField reports whether the text begins with the name of a field, and what follows its colon.
func cutField(text string) (name, rest string, ok bool) {
	for _, f := range receiptFields {
		if len(text) > len(f) && text[len(f)] == ':' && strings.EqualFold(text[:len(f)], f) {
			return f, text[len(f)+1:], true
		}
	}
	return "", "", false
}

func (r *Receipt) set(name, value string) {
	switch name {
	case "id":
		r.MessageID = value
	case "stat":
		r.Stat = strings.ToUpper(value)
		r.State = stateNames[r.Stat]
	case "err":
		r.Err = value
	case "submit date", "submit_date":
		r.Submitted = receiptTime(value)
	case "done date", "done_date":
		r.Done = receiptTime(value)
	}
}

// receiptTime reads YYMMDDhhmm with or without seconds.
func receiptTime(s string) time.Time {
	layout := "0601021504"
	if len(s) == 12 {
		layout += "05"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
