package coding

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchyard/smpp"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGSM7Tables(t *testing.T) {
	if len(gsmDecode) != 128 || len(gsmEncode) != 127 {
		t.Fatalf("%d characters, %d encodable", len(gsmDecode), len(gsmEncode))
	}
	// The corners of the table in TS 23.038.
	for r, want := range map[rune]string{
		'@': "00", 'Δ': "10", '¡': "40", 'P': "50", '¿': "60", 'p': "70", 'Ç': "09", 'Æ': "1c", ' ': "20", '_': "11", '§': "5f", 'à': "7f",
		'€': "1b65", '\f': "1b0a", '[': "1b3c", '\\': "1b2f", '|': "1b40", '?': "3f", 'я': "3f",
	} {
		if got := hex.EncodeToString(EncodeGSM7(string(r))); got != want {
			t.Errorf("%q is %s, want %s", r, got, want)
		}
	}
}

func TestGSM7DecodingForgives(t *testing.T) {
	for octets, want := range map[string]string{
		"1b65": "€", "e1": "a", "61": "a", "1b61": "a", "1b": " ", "611b": "a ", "1b1b61": " a",
	} {
		if got := DecodeGSM7(unhex(t, octets)); got != want {
			t.Errorf("%s reads as %q, want %q", octets, got, want)
		}
	}
}

func TestPacking(t *testing.T) {
	for _, tt := range []struct {
		text string
		fill int
		want string
	}{
		{"hellohello", 0, "e8329bfd4697d9ec37"}, // the example that every manual has
		{"", 0, ""},
		{"1234567", 0, "31d98c56b3dd1a"}, // seven spare bits: filled with a carriage return
		{"12345678", 0, "31d98c56b3dd70"},
		{"a", 1, "c2"}, // behind a header of six octets
	} {
		got := Pack(EncodeGSM7(tt.text), tt.fill)
		if hex.EncodeToString(got) != tt.want {
			t.Errorf("%q packs to %x, want %s", tt.text, got, tt.want)
		}
		if back := DecodeGSM7(Unpack(got, tt.fill)); back != tt.text {
			t.Errorf("%q comes back as %q", tt.text, back)
		}
	}
}

// Law: packing loses nothing but a carriage return in the last septet of the last octet.
func TestPackingRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		septets := rapid.SliceOfN(rapid.ByteRange(0, 127), 0, 170).Filter(func(b []byte) bool { return len(b) == 0 || b[len(b)-1] != cr }).Draw(t, "septets")
		fill := rapid.IntRange(0, 6).Draw(t, "fill")
		if len(septets) == 0 {
			fill = 0
		}
		packed := Pack(septets, fill)
		if got, want := len(packed), (fill+7*len(septets)+7)/8; got != want {
			t.Fatalf("%d octets, want %d", got, want)
		}
		if got := Unpack(packed, fill); string(got) != string(septets) {
			t.Fatalf("got %x, want %x", got, septets)
		}
	})
}

func TestDecodeByDataCoding(t *testing.T) {
	for _, tt := range []struct {
		coding uint8
		def    Alphabet
		octets string
		want   string
		text   bool
	}{
		{0x00, GSM7Unpacked, "001b65", "@€", true},
		{0x00, Latin1, "40e9", "@é", true},
		{0x00, UTF8, "c3a9ff", "é\uFFFD", true},
		{0x00, GSM7Packed, "e8329bfd4697d9ec37", "hellohello", true},
		{0x01, GSM7Unpacked, "40", "@", true},
		{0x03, GSM7Unpacked, "e9", "é", true},
		{0x08, GSM7Unpacked, "d83dde00", "😀", true},
		{0x08, GSM7Unpacked, "d83d0041ff", "\uFFFDA", true},
		{0x02, GSM7Unpacked, "00ff", "", false},
		{0x04, GSM7Unpacked, "00ff", "", false},
		{0x10, GSM7Unpacked, "00", "@", true},
		{0x14, GSM7Unpacked, "00", "", false},
		{0x18, GSM7Unpacked, "0041", "A", true},
		{0xF0, GSM7Unpacked, "00", "@", true},
		{0xF5, GSM7Unpacked, "00", "", false},
		{0xC8, GSM7Unpacked, "00", "@", true},
		{0xE0, GSM7Unpacked, "0041", "A", true},
	} {
		got, ok := DecodeText(unhex(t, tt.octets), tt.coding, tt.def, 0)
		if got != tt.want || ok != tt.text {
			t.Errorf("data_coding 0x%02x, %s: %s reads as %q, %v", tt.coding, tt.def, tt.octets, got, ok)
		}
	}
}

func TestParseUDH(t *testing.T) {
	for _, tt := range []struct {
		name, octets string
		want         Concat
		size         int
	}{
		{"8-bit", "050003070201", Concat{Ref: 7, Total: 2, Seq: 1}, 6},
		{"16-bit", "06080412340302", Concat{Ref: 0x1234, Total: 3, Seq: 2, Wide: true}, 7},
		{"behind ports", "0b0504158a00000003070202", Concat{Ref: 7, Total: 2, Seq: 2}, 12},
		{"8-bit ports only", "0404020101", Concat{}, 5},
		{"national tables", "06240101250101", Concat{}, 7},
		{"part 0", "050003070200", Concat{}, 6},
		{"part beyond the total", "050003070203", Concat{}, 6},
		{"wrong length of the element", "0400020702", Concat{}, 5},
		{"nothing in it", "00", Concat{}, 1},
	} {
		got, size, err := ParseUDH(append(unhex(t, tt.octets), "text"...))
		if got != tt.want || size != tt.size || err != nil {
			t.Errorf("%s: %+v, %d octets, %v", tt.name, got, size, err)
		}
	}
	for _, broken := range []string{"", "05", "0500030702", "020003", "0100ff", "0300ff0000"} {
		if _, _, err := ParseUDH(unhex(t, broken)); !errors.Is(err, ErrUDH) {
			t.Errorf("%q: error %v", broken, err)
		}
	}
}

func TestRead(t *testing.T) {
	sar := smpp.TLVs{smpp.Uint16TLV(smpp.TagSarMsgRefNum, 9), smpp.Uint8TLV(smpp.TagSarTotalSegments, 2), smpp.Uint8TLV(smpp.TagSarSegmentSeqnum, 2)}
	for _, tt := range []struct {
		name string
		sm   smpp.DeliverSM
		text string
		bin  string
		at   Concat
	}{
		{"plain", smpp.DeliverSM{ShortMessage: []byte("hi")}, "hi", "", Concat{}},
		{"payload", smpp.DeliverSM{TLVs: smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte("hi")}}}, "hi", "", Concat{}},
		{"header in a payload", smpp.DeliverSM{ESMClass: 0x40, TLVs: smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte("\x05\x00\x03\x01\x02\x01hi")}}}, "hi", "", Concat{Ref: 1, Total: 2, Seq: 1}},
		{"sar", smpp.DeliverSM{ShortMessage: []byte("hi"), TLVs: sar}, "hi", "", Concat{Ref: 9, Total: 2, Seq: 2, Wide: true}},
		{"a header that is none", smpp.DeliverSM{ESMClass: 0x40, ShortMessage: []byte("hi")}, "hi", "", Concat{}},
		{"binary behind a header", smpp.DeliverSM{ESMClass: 0x40, DataCoding: 4, ShortMessage: []byte{0, 1, 2}}, "", "0102", Concat{}},
	} {
		got := Read(&tt.sm, GSM7Unpacked)
		if got.Text != tt.text || hex.EncodeToString(got.Binary) != tt.bin || got.Place != tt.at {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestValidity(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", -time.Second: "", 24 * time.Hour: "000001000000000R", time.Millisecond: "000000000001000R", 90 * time.Minute: "000000013000000R",
		31*24*time.Hour + 61*time.Second: "000031000101000R", 1000 * 24 * time.Hour: "000099235959000R",
	} {
		if got := RelativeValidity(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	at := time.Date(2026, 11, 2, 13, 4, 5, 670e6, time.FixedZone("", 3600))
	if got := AbsoluteValidity(at); got != "261102120405600+" {
		t.Errorf("absolute: %q", got)
	}
}

func TestSettingsByName(t *testing.T) {
	for a := GSM7Unpacked; a <= UTF8; a++ {
		if got, err := ParseAlphabet(a.String()); got != a || err != nil {
			t.Errorf("%s: %v, %v", a, got, err)
		}
	}
	for f := IDAsIs; f <= IDRespDecDlrHex; f++ {
		if got, err := ParseIDForm(f.String()); got != f || err != nil {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	if a, err := ParseAlphabet(""); a != GSM7Unpacked || err != nil {
		t.Errorf("the default is %v, %v", a, err)
	}
	if _, err := ParseAlphabet("ebcdic"); err == nil {
		t.Error("ebcdic was taken")
	}
	if _, err := ParseIDForm("roman"); err == nil {
		t.Error("roman was taken")
	}
}
