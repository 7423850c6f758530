package coding

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Alphabet says how a centre wants (and sends) the characters of data_coding 0, its default alphabet.
type Alphabet uint8

// What centres are seen to mean by data_coding 0.
const (
	GSM7Unpacked Alphabet = iota // one septet in an octet
	GSM7Packed                   // eight septets in seven octets
	Latin1                       // ISO 8859-1
	ASCII
	UTF8
)

var alphabetNames = []string{"gsm7_unpacked", "gsm7_packed", "latin1", "ascii", "utf8"}

// ParseAlphabet reads a setting; empty means [GSM7Unpacked].
func ParseAlphabet(name string) (Alphabet, error) {
	if name == "" {
		return GSM7Unpacked, nil
	}
	for i, n := range alphabetNames {
		if n == name {
			return Alphabet(i), nil
		}
	}
	return 0, fmt.Errorf("alphabet %q is none of %v", name, alphabetNames)
}

// String gives the name that [ParseAlphabet] reads.
func (a Alphabet) String() string { return alphabetNames[a] }

// Values of data_coding (SMPP 3.4, 5.2.19).
const (
	DataCodingDefault  uint8 = 0x00
	DataCodingASCII    uint8 = 0x01
	DataCodingBinary   uint8 = 0x02
	DataCodingLatin1   uint8 = 0x03
	DataCodingOctets   uint8 = 0x04
	DataCodingUCS2     uint8 = 0x08
	dataCodingFlash    uint8 = 0x10 // message class 0 in the default alphabet
	dataCodingFlashUCS uint8 = 0x18 // message class 0 in UCS-2
)

// wireOctets is the number of octets of a GSM 03.38 character in this alphabet, 0 when the alphabet lacks it. For packed septets it is the number
// before packing.
func (a Alphabet) wireOctets(r rune) int {
	switch a {
	case GSM7Unpacked, GSM7Packed:
		return septets(r)
	case Latin1:
		if r <= 0xFF {
			return 1
		}
	case ASCII:
		if r < utf8.RuneSelf {
			return 1
		}
	case UTF8:
		return utf8.RuneLen(r)
	}
	return 0
}

// has reports whether the text can go out with data_coding 0: the handset has the characters, and the wire too.
func (a Alphabet) has(text string) bool {
	for _, r := range text {
		if septets(r) == 0 || a.wireOctets(r) == 0 {
			return false
		}
	}
	return true
}

// encode writes a text that the alphabet has, behind a user data header of udh octets.
func (a Alphabet) encode(text string, udh int) []byte {
	switch a {
	case GSM7Packed:
		return Pack(EncodeGSM7(text), fillBits(udh))
	case Latin1, ASCII:
		return encodeLatin1(text)
	case UTF8:
		return []byte(text)
	}
	return EncodeGSM7(text)
}

func (a Alphabet) decode(b []byte, udh int) string {
	switch a {
	case GSM7Packed:
		return DecodeGSM7(Unpack(b, fillBits(udh)))
	case Latin1, ASCII:
		return decodeLatin1(b)
	case UTF8:
		return string([]rune(string(b))) // broken sequences become U+FFFD
	}
	return DecodeGSM7(b)
}

func encodeLatin1(text string) []byte {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		b = append(b, byte(r))
	}
	return b
}

func decodeLatin1(b []byte) string {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return string(out)
}

// EncodeUCS2 writes the text in UTF-16, big endian. Characters beyond the first plane take two units, which handsets understand.
func EncodeUCS2(text string) []byte {
	b := make([]byte, 0, 2*len(text))
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

// DecodeUCS2 is the reverse. A half surrogate pair becomes U+FFFD; an odd octet at the end is ignored.
func DecodeUCS2(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units))
}

// DecodeText reads received octets by their data_coding; udh is the number of octets of the user data header before them. It reports false for data
// that is no text.
func DecodeText(b []byte, dataCoding uint8, def Alphabet, udh int) (text string, ok bool) {
	switch charset(dataCoding) {
	case DataCodingDefault:
		return def.decode(b, udh), true
	case DataCodingASCII, DataCodingLatin1:
		return decodeLatin1(b), true
	case DataCodingUCS2:
		return DecodeUCS2(b), true
	}
	return "", false
}

// charset reduces a data_coding to one of the simple ones. The groups are those of TS 23.038, 4.
func charset(dc uint8) uint8 {
	switch {
	case dc < 0x10:
		return dc
	case dc < 0x40: // general group: the alphabet in bits 3 and 2
		return [...]uint8{DataCodingDefault, DataCodingOctets, DataCodingUCS2, DataCodingDefault}[dc>>2&3]
	case dc >= 0xF0 && dc&0x04 != 0: // data coding and message class
		return DataCodingOctets
	case dc >= 0xE0 && dc < 0xF0: // message waiting, UCS-2
		return DataCodingUCS2
	}
	return DataCodingDefault
}

// lookAlikes are the replacements of smart encoding: punctuation that word processors like and GSM 03.38 lacks.
var lookAlikes = map[rune]string{
	'“': `"`, '”': `"`, '„': `"`, '‘': "'", '’': "'", '‚': "'", '–': "-", '—': "-", '…': "...", '\u00a0': " ",
}

// Smart replaces punctuation by GSM look-alikes if that makes the whole text fit GSM 03.38; otherwise it leaves the text as it is.
func Smart(text string) string {
	var out []rune
	for _, r := range text {
		if s, ok := lookAlikes[r]; ok {
			out = append(out, []rune(s)...)
		} else {
			out = append(out, r)
		}
	}
	if replaced := string(out); IsGSM7(replaced) {
		return replaced
	}
	return text
}
