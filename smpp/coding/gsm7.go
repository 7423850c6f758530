package coding

// The alphabet of GSM 03.38 (3GPP TS 23.038, 6.2.1): one character for each septet, ESC standing for itself.
const gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

const escape = 0x1B

// gsmExtension holds the characters behind an escape (6.2.1.1).
var gsmExtension = map[rune]byte{
	'\f': 0x0A, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2F, '[': 0x3C, '~': 0x3D, ']': 0x3E, '|': 0x40, '€': 0x65,
}

var (
	gsmDecode          = []rune(gsmBasic)
	gsmEncode          = invertBasic()
	gsmExtensionDecode = invertExtension()
)

func invertBasic() map[rune]byte {
	m := make(map[rune]byte, len(gsmDecode))
	for i, r := range gsmDecode {
		if r != escape {
			m[r] = byte(i)
		}
	}
	return m
}

func invertExtension() map[byte]rune {
	m := make(map[byte]rune, len(gsmExtension))
	for r, b := range gsmExtension {
		m[b] = r
	}
	return m
}

// septets gives the number of septets that a character takes: 1, 2 with an escape, or 0 when GSM 03.38 does not have it.
func septets(r rune) int {
	if _, ok := gsmEncode[r]; ok {
		return 1
	}
	if _, ok := gsmExtension[r]; ok {
		return 2
	}
	return 0
}

// IsGSM7 reports whether GSM 03.38 with its extension table has every character of the text.
func IsGSM7(text string) bool {
	for _, r := range text {
		if septets(r) == 0 {
			return false
		}
	}
	return true
}

// EncodeGSM7 gives the text's septets, one in an octet. Characters that the alphabet lacks become question marks; see [IsGSM7].
func EncodeGSM7(text string) []byte {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if s, ok := gsmEncode[r]; ok {
			b = append(b, s)
		} else if s, ok := gsmExtension[r]; ok {
			b = append(b, escape, s)
		} else {
			b = append(b, '?')
		}
	}
	return b
}

// DecodeGSM7 reads septets, one in an octet; the eighth bit is ignored. As TS 23.038 wants it, an escape before an unknown septet gives the
// character of the basic table, and an escape at the end a blank.
func DecodeGSM7(septets []byte) string {
	out := make([]rune, 0, len(septets))
	for i := 0; i < len(septets); i++ {
		s := septets[i] & 0x7F
		if s != escape {
			out = append(out, gsmDecode[s])
			continue
		}
		if i++; i == len(septets) {
			out = append(out, ' ')
			break
		}
		s = septets[i] & 0x7F
		switch r, ok := gsmExtensionDecode[s]; {
		case ok:
			out = append(out, r)
		case s == escape:
			out = append(out, ' ')
		default:
			out = append(out, gsmDecode[s])
		}
	}
	return string(out)
}

// cr fills seven spare bits, which would read as an @ otherwise (TS 23.038, 6.1.2.3.1).
const cr = 0x0D

// Pack puts septets side by side, eight in seven octets, after fill zero bits (0 to 6).
func Pack(septets []byte, fill int) []byte {
	bits := fill + 7*len(septets)
	out := make([]byte, (bits+7)/8, (bits+7)/8+1)
	put := func(at int, s byte) {
		v := uint16(s&0x7F) << (at % 8)
		out[at/8] |= byte(v)
		if v > 0xFF {
			out[at/8+1] |= byte(v >> 8)
		}
	}
	for i, s := range septets {
		put(fill+7*i, s)
	}
	if len(septets) > 0 && bits%8 == 1 {
		put(bits, cr)
	}
	return out
}

// Unpack is the reverse of [Pack]. A carriage return that only fills the last octet is dropped.
func Unpack(octets []byte, fill int) []byte {
	n := (8*len(octets) - fill) / 7
	if n <= 0 {
		return nil
	}
	out := make([]byte, n)
	for i := range out {
		at := fill + 7*i
		v := uint16(octets[at/8])
		if at/8+1 < len(octets) {
			v |= uint16(octets[at/8+1]) << 8
		}
		out[i] = byte(v>>(at%8)) & 0x7F
	}
	if full := fill+7*n == 8*len(octets); full && out[n-1] == cr {
		out = out[:n-1]
	}
	return out
}

// fillBits is the number of bits between a user data header of n octets and the next septet.
func fillBits(n int) int { return (7 - n*8%7) % 7 }
