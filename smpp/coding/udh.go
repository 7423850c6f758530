package coding

import (
	"errors"

	"switchyard/smpp"
)

// Information elements of a user data header (TS 23.040, 9.2.3.24). All others are skipped by their length.
const (
	ieConcat8  = 0x00
	ieConcat16 = 0x08
)

// Concat is a part's place in a long message.
type Concat struct {
	Ref        uint16
	Seq, Total uint8 // from 1
	Wide       bool  // Ref came in 16 bits
}

func (c Concat) header() []byte {
	if c.Wide {
		return []byte{6, ieConcat16, 4, byte(c.Ref >> 8), byte(c.Ref), c.Total, c.Seq}
	}
	return []byte{5, ieConcat8, 3, byte(c.Ref), c.Total, c.Seq}
}

func (c Concat) valid() bool { return c.Total > 1 && c.Seq >= 1 && c.Seq <= c.Total }

// ErrUDH says that octets which should start with a user data header do not.
var ErrUDH = errors.New("broken user data header")

// ParseUDH separates the user data header from what follows and finds the part's place in it; the zero Concat when it tells none. size is the header's
// number of octets, its length octet included.
func ParseUDH(b []byte) (place Concat, size int, err error) {
	if len(b) == 0 || int(b[0]) >= len(b) {
		return Concat{}, 0, ErrUDH
	}
	size = int(b[0]) + 1
	for ies := b[1:size]; len(ies) > 0; {
		if len(ies) < 2 || int(ies[1]) > len(ies)-2 {
			return Concat{}, 0, ErrUDH
		}
		id, v := ies[0], ies[2:2+ies[1]]
		var c Concat
		switch {
		case id == ieConcat8 && len(v) == 3:
			c = Concat{Ref: uint16(v[0]), Total: v[1], Seq: v[2]}
		case id == ieConcat16 && len(v) == 4:
			c = Concat{Ref: uint16(v[0])<<8 | uint16(v[1]), Total: v[2], Seq: v[3], Wide: true}
		}
		if c.valid() { // the last one counts (9.2.3.24); one that cannot be is ignored (9.2.3.24.1)
			place = c
		}
		ies = ies[2+len(v):]
	}
	return place, size, nil
}

// Received is what a deliver_sm carries.
type Received struct {
	Text   string
	Binary []byte // in place of Text, where the data_coding says so
	Place  Concat // zero: a whole message
}

// Read decodes a deliver_sm. A broken user data header is taken for text: better an odd character than a lost message.
func Read(sm *smpp.DeliverSM, def Alphabet) Received {
	payload := sm.Payload()
	var r Received
	udh := 0
	if sm.ESMClass&smpp.EsmUDHI != 0 {
		if place, size, err := ParseUDH(payload); err == nil {
			r.Place, udh, payload = place, size, payload[size:]
		}
	}
	if ref, ok := sm.TLVs.Uint16(smpp.TagSarMsgRefNum); ok && r.Place == (Concat{}) {
		total, _ := sm.TLVs.Uint8(smpp.TagSarTotalSegments)
		seq, _ := sm.TLVs.Uint8(smpp.TagSarSegmentSeqnum)
		if c := (Concat{Ref: ref, Total: total, Seq: seq, Wide: true}); c.valid() {
			r.Place = c
		}
	}
	text, ok := DecodeText(payload, sm.DataCoding, def, udh)
	if !ok {
		r.Binary = payload
		return r
	}
	r.Text = text
	return r
}
