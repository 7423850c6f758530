package coding

import (
	"errors"
	"fmt"
	"unicode/utf16"

	"switchyard/smpp"
)

// Method is how the parts of a long message are tied together.
type Method uint8

// The methods of SMPP 3.4.
const (
	UDH8    Method = iota // a user data header with an 8-bit reference, 6 octets
	UDH16                 // a user data header with a 16-bit reference, 7 octets
	SAR                   // the sar_* parameters, and no user data header
	Payload               // the whole text in message_payload; the centre cuts it
)

var methodNames = []string{"udh8", "udh16", "sar", "payload"}

// String gives the method in one word.
func (m Method) String() string { return methodNames[m] }

// header is the number of octets of the user data header of a part.
func (m Method) header() int {
	switch m {
	case UDH8:
		return 6
	case UDH16:
		return 7
	}
	return 0
}

// Sizes of a short message. 140 octets on the air (TS 23.040, 9.2.3.24), so 160 septets or 70 UTF-16 units. The octets that sm_length allows are
// more than that, and matter where a character takes several octets on the wire.
const (
	airOctets   = 140
	airSeptets  = 160
	airUnits    = 70
	wireOctets  = 254 // sm_length (SMPP 3.4, 5.2.21)
	maxParts    = 255 // the part number has one octet
	maxPayload  = 64<<10 - 512
	partSeptets = (airOctets - 6) * 8 / 7 // 153, for sar too: the centre adds the header
	partUnits   = (airOctets - 6) / 2     // 67
)

// Options say how a text is cut. The zero value is unpacked GSM-7 with 8-bit references.
type Options struct {
	Alphabet Alphabet // the centre's default alphabet
	Method   Method
	Ref      uint16 // shared by the parts; UDH8 uses the low octet
	MaxParts int    // 0: 255
	Flash    bool   // message class 0: shown at once, not stored
	Smart    bool   // apply [Smart] first
}

// Part is one submit_sm's share of a text.
type Part struct {
	Text         string
	ESMClass     uint8 // [smpp.EsmUDHI] or 0
	DataCoding   uint8
	ShortMessage []byte
	TLVs         smpp.TLVs
}

// Apply puts the part into a submit_sm, keeping its other bits and parameters.
func (p Part) Apply(sm *smpp.SubmitSM) {
	sm.ESMClass |= p.ESMClass
	sm.DataCoding = p.DataCoding
	sm.ShortMessage = p.ShortMessage
	sm.TLVs = append(sm.TLVs, p.TLVs...)
}

// ErrTooManyParts says that a text needs more parts than are allowed.
var ErrTooManyParts = errors.New("too many parts")

// Segment cuts a text into parts. It never separates a surrogate pair or an escape from its character. The alphabet is GSM-7 if the text allows it,
// else UCS-2; it is the same for all parts.
func Segment(text string, o Options) ([]Part, error) {
	if o.Smart {
		text = Smart(text)
	}
	e := encoder{o: o, ucs2: !o.Alphabet.has(text)}
	if e.fitsOne(text) {
		return []Part{e.part(text, 0)}, nil
	}
	if o.Method == Payload {
		p := e.part(text, 0)
		if len(p.ShortMessage) > maxPayload {
			return nil, fmt.Errorf("%w: %d octets, message_payload holds %d", ErrTooManyParts, len(p.ShortMessage), maxPayload)
		}
		p.TLVs, p.ShortMessage = smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: p.ShortMessage}}, nil
		return []Part{p}, nil
	}
	limit := maxParts
	if o.MaxParts > 0 {
		limit = min(limit, o.MaxParts)
	}
	texts := e.cut(text)
	if len(texts) > limit {
		return nil, fmt.Errorf("%w: %d, the limit is %d", ErrTooManyParts, len(texts), limit)
	}
	parts := make([]Part, len(texts))
	for i, t := range texts {
		parts[i] = e.part(t, o.Method.header())
		e.tie(&parts[i], i+1, len(texts))
	}
	return parts, nil
}

// encoder is the choice that holds for all parts of one text.
type encoder struct {
	o    Options
	ucs2 bool
}

// cost of a character: units on the air (septets or UTF-16 units), octets in short_message.
func (e encoder) cost(r rune) (units, octets int) {
	if e.ucs2 {
		n := max(utf16.RuneLen(r), 1) // what is no character goes out as U+FFFD
		return n, 2 * n
	}
	return septets(r), e.o.Alphabet.wireOctets(r)
}

func (e encoder) fitsOne(text string) bool {
	limit := airSeptets
	if e.ucs2 {
		limit = airUnits
	}
	units, octets := 0, 0
	for _, r := range text {
		u, o := e.cost(r)
		units += u
		octets += o
	}
	return units <= limit && octets <= wireOctets
}

// cut fills one part after the other.
func (e encoder) cut(text string) []string {
	limit := partSeptets
	if e.ucs2 {
		limit = partUnits
	}
	if e.o.Method == UDH16 {
		limit-- // 152 septets or 66 units beside a header of 7 octets
	}
	var texts []string
	start, units, octets := 0, 0, e.o.Method.header()
	for i, r := range text {
		u, o := e.cost(r)
		if units+u > limit || octets+o > wireOctets {
			texts = append(texts, text[start:i])
			start, units, octets = i, 0, e.o.Method.header()
		}
		units += u
		octets += o
	}
	return append(texts, text[start:])
}

func (e encoder) part(text string, udh int) Part {
	p := Part{Text: text, DataCoding: DataCodingDefault}
	switch {
	case e.ucs2 && e.o.Flash:
		p.DataCoding = dataCodingFlashUCS
	case e.ucs2:
		p.DataCoding = DataCodingUCS2
	case e.o.Flash:
		p.DataCoding = dataCodingFlash
	}
	if e.ucs2 {
		p.ShortMessage = EncodeUCS2(text)
	} else {
		p.ShortMessage = e.o.Alphabet.encode(text, udh)
	}
	return p
}

// tie marks a part with its place.
func (e encoder) tie(p *Part, seq, total int) {
	c := Concat{Ref: e.o.Ref, Seq: uint8(seq), Total: uint8(total), Wide: e.o.Method == UDH16}
	if e.o.Method == SAR {
		p.TLVs = smpp.TLVs{
			smpp.Uint16TLV(smpp.TagSarMsgRefNum, c.Ref), smpp.Uint8TLV(smpp.TagSarTotalSegments, c.Total), smpp.Uint8TLV(smpp.TagSarSegmentSeqnum, c.Seq),
		}
		return
	}
	p.ESMClass = smpp.EsmUDHI
	p.ShortMessage = append(c.header(), p.ShortMessage...)
}
