package smpp

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Tag names an optional parameter (SMPP 3.4, 5.3.2).
type Tag uint16

// The optional parameters that a gateway meets; others travel as they are.
const (
	TagReceiptedMessageID   Tag = 0x001E // C-octet string: id of the message that a receipt is about
	TagUserMessageReference Tag = 0x0204 // uint16: the sender's own number of a message
	TagSarMsgRefNum         Tag = 0x020C // uint16: reference shared by the parts of one message
	TagSarTotalSegments     Tag = 0x020E // uint8
	TagSarSegmentSeqnum     Tag = 0x020F // uint8, from 1
	TagSCInterfaceVersion   Tag = 0x0210 // uint8, in a bind's answer
	TagNetworkErrorCode     Tag = 0x0423 // network type (uint8), error (uint16)
	TagMessagePayload       Tag = 0x0424 // octets, in place of short_message
	TagMessageState         Tag = 0x0427 // uint8
)

// TLV is one optional parameter.
type TLV struct {
	Tag   Tag
	Value []byte // at most 65535 octets
}

// Uint8TLV makes a parameter of one octet.
func Uint8TLV(tag Tag, v uint8) TLV { return TLV{tag, []byte{v}} }

// Uint16TLV makes a parameter of two octets.
func Uint16TLV(tag Tag, v uint16) TLV { return TLV{tag, binary.BigEndian.AppendUint16(nil, v)} }

// CStringTLV makes a NUL-terminated parameter.
func CStringTLV(tag Tag, v string) TLV { return TLV{tag, append([]byte(v), 0)} }

// TLVs are the optional parameters of a PDU, in the order of the wire.
type TLVs []TLV

// Get gives the value of the first parameter with this tag.
func (t TLVs) Get(tag Tag) (value []byte, ok bool) {
	for _, p := range t {
		if p.Tag == tag {
			return p.Value, true
		}
	}
	return nil, false
}

// Uint8 gives the parameter's value if it is there and one octet long.
func (t TLVs) Uint8(tag Tag) (uint8, bool) {
	v, ok := t.Get(tag)
	if !ok || len(v) != 1 {
		return 0, false
	}
	return v[0], true
}

// Uint16 gives the parameter's value if it is there and two octets long.
func (t TLVs) Uint16(tag Tag) (uint16, bool) {
	v, ok := t.Get(tag)
	if !ok || len(v) != 2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(v), true
}

// CString gives the parameter's value up to its NUL; some centres leave the NUL out.
func (t TLVs) CString(tag Tag) (string, bool) {
	v, ok := t.Get(tag)
	if !ok {
		return "", false
	}
	v, _, _ = bytes.Cut(v, []byte{0})
	return string(v), true
}

// String gives the tag's number.
func (t Tag) String() string { return fmt.Sprintf("TLV 0x%04X", uint16(t)) }
