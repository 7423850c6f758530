package coding

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"switchyard/smpp"
	"switchyard/test/peers"
)

// lengths gives the number of units of each part as a compact picture of where a text was cut.
func lengths(parts []Part, ucs2 bool) []int {
	var out []int
	for _, p := range parts {
		n := 0
		for _, r := range p.Text {
			if ucs2 {
				n += utf16.RuneLen(r)
			} else {
				n += septets(r)
			}
		}
		out = append(out, n)
	}
	return out
}

func TestWhereTextsAreCut(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		o          Options
		coding     uint8
		want       []int
	}{
		{"empty", "", Options{}, DataCodingDefault, []int{0}},
		{"full single", strings.Repeat("a", 160), Options{}, DataCodingDefault, []int{160}},
		{"one over", strings.Repeat("a", 161), Options{}, DataCodingDefault, []int{153, 8}},
		{"16-bit references", strings.Repeat("a", 161), Options{Method: UDH16}, DataCodingDefault, []int{152, 9}},
		{"sar leaves room for the centre's header", strings.Repeat("a", 161), Options{Method: SAR}, DataCodingDefault, []int{153, 8}},
		{"payload is not cut", strings.Repeat("a", 161), Options{Method: Payload}, DataCodingDefault, []int{161}},
		{"an escape pair stays together", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 10), Options{}, DataCodingDefault, []int{152, 12}},
		{"an escape pair that fits", strings.Repeat("a", 151) + "€" + strings.Repeat("a", 10), Options{}, DataCodingDefault, []int{153, 10}},
		{"80 euros", strings.Repeat("€", 80), Options{}, DataCodingDefault, []int{160}},
		{"full UCS-2 single", strings.Repeat("я", 70), Options{}, DataCodingUCS2, []int{70}},
		{"UCS-2 one over", strings.Repeat("я", 71), Options{}, DataCodingUCS2, []int{67, 4}},
		{"UCS-2, 16-bit references", strings.Repeat("я", 71), Options{Method: UDH16}, DataCodingUCS2, []int{66, 5}},
		{"a surrogate pair stays together", strings.Repeat("я", 66) + "😀" + strings.Repeat("я", 10), Options{}, DataCodingUCS2, []int{66, 12}},
		{"35 emoji", strings.Repeat("😀", 35), Options{}, DataCodingUCS2, []int{70}},
		{"36 emoji", strings.Repeat("😀", 36), Options{}, DataCodingUCS2, []int{66, 6}},
		{"packed", strings.Repeat("a", 161), Options{Alphabet: GSM7Packed}, DataCodingDefault, []int{153, 8}},
		{"Latin-1 has no euro", "€", Options{Alphabet: Latin1}, DataCodingUCS2, []int{1}},
		{"Latin-1 has no Greek", "Δ", Options{Alphabet: Latin1}, DataCodingUCS2, []int{1}},
		{"Latin-1 brackets count twice on the handset", strings.Repeat("[", 81), Options{Alphabet: Latin1}, DataCodingDefault, []int{152, 10}},
		{"ASCII has no umlaut", "ü", Options{Alphabet: ASCII}, DataCodingUCS2, []int{1}},
		{"a backtick is in no GSM table", "`", Options{Alphabet: ASCII}, DataCodingUCS2, []int{1}},
		{"UTF-8 is bounded by sm_length", strings.Repeat("ü", 160), Options{Alphabet: UTF8}, DataCodingDefault, []int{124, 36}},
		{"flash", "hi", Options{Flash: true}, 0x10, []int{2}},
		{"flash UCS-2", "я", Options{Flash: true}, 0x18, []int{1}},
		{"smart", "“wait…”", Options{Smart: true}, DataCodingDefault, []int{9}},
		{"smart leaves what it cannot save", "“я”", Options{Smart: true}, DataCodingUCS2, []int{3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parts, err := Segment(tt.text, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			ucs2 := charset(tt.coding) == DataCodingUCS2
			if diff := cmp.Diff(tt.want, lengths(parts, ucs2)); diff != "" {
				t.Errorf("units per part (-want +got):\n%s", diff)
			}
			for _, p := range parts {
				if p.DataCoding != tt.coding || len(p.ShortMessage) > 254 {
					t.Errorf("data_coding 0x%02x, %d octets", p.DataCoding, len(p.ShortMessage))
				}
			}
		})
	}
}

func TestHowPartsAreTied(t *testing.T) {
	text := strings.Repeat("a", 154)
	long := text + text
	for _, tt := range []struct {
		method Method
		esm    uint8
		start  string // of the second part's short_message, hex
		tlvs   smpp.TLVs
	}{
		{UDH8, 0x40, "050003340302", nil},
		{UDH16, 0x40, "06080412340302", nil},
		{SAR, 0, "616161", smpp.TLVs{smpp.Uint16TLV(0x020C, 0x1234), smpp.Uint8TLV(0x020E, 3), smpp.Uint8TLV(0x020F, 2)}},
		{Payload, 0, "", smpp.TLVs{{Tag: 0x0424, Value: []byte(long)}}},
	} {
		parts, err := Segment(long, Options{Method: tt.method, Ref: 0x1234})
		if err != nil {
			t.Fatal(err)
		}
		p := parts[min(1, len(parts)-1)]
		sm := smpp.SubmitSM{ESMClass: 0x01, TLVs: smpp.TLVs{smpp.Uint16TLV(smpp.TagUserMessageReference, 7)}}
		p.Apply(&sm)
		if sm.ESMClass != tt.esm|0x01 || !strings.HasPrefix(hex.EncodeToString(sm.ShortMessage), tt.start) {
			t.Errorf("%s: esm_class 0x%02x, short_message %x", tt.method, sm.ESMClass, sm.ShortMessage)
		}
		if diff := cmp.Diff(tt.tlvs, sm.TLVs[1:], cmp.Transformer("nil", func(v smpp.TLVs) []smpp.TLV { return v })); diff != "" && len(tt.tlvs)+len(sm.TLVs) > 1 {
			t.Errorf("%s: TLVs (-want +got):\n%s", tt.method, diff)
		}
		if tt.method == Payload && sm.ShortMessage != nil {
			t.Error("short_message beside message_payload")
		}
	}
}

func TestTooManyParts(t *testing.T) {
	for _, tt := range []struct {
		septets, limit int
		ok             bool
	}{
		{153 * 10, 10, true}, {153*10 + 1, 10, false}, {153 * 255, 0, true}, {153*255 + 1, 0, false}, {153 * 255, 1000, true}, {153*255 + 1, 1000, false},
	} {
		_, err := Segment(strings.Repeat("a", tt.septets), Options{MaxParts: tt.limit})
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrTooManyParts) {
			t.Errorf("%d septets, limit %d: %v", tt.septets, tt.limit, err)
		}
	}
	if _, err := Segment(strings.Repeat("a", 70000), Options{Method: Payload}); !errors.Is(err, ErrTooManyParts) {
		t.Errorf("70000 octets of payload: %v", err)
	}
}

// gsmText draws texts that GSM 03.38 has.
func gsmText() *rapid.Generator[string] {
	alphabet := []rune(strings.ReplaceAll(gsmBasic, "\x1b", "") + "^{}\\[~]|€\f")
	return rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 700).Draw(t, "runes"))
	})
}

// Law: what is cut, sent, received and put together again is the text, by every alphabet and method; and no part exceeds its room.
func TestTextsSurviveTheWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(gsmText(), rapid.StringOfN(rapid.Rune(), 0, 300, -1), rapid.StringOf(rapid.SampledFrom([]rune("aя😀€ß")))).Draw(t, "text")
		o := Options{
			Alphabet: Alphabet(rapid.IntRange(int(GSM7Unpacked), int(UTF8)).Draw(t, "alphabet")),
			Method:   Method(rapid.IntRange(int(UDH8), int(Payload)).Draw(t, "method")),
			Ref:      rapid.Uint16().Draw(t, "ref"),
			Flash:    rapid.Bool().Draw(t, "flash"),
		}
		if o.Alphabet == GSM7Packed {
			text = strings.ReplaceAll(text, "\r", "") // one in the last septet is dropped, by the alphabet's rule
		}
		parts, err := Segment(text, o)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for i, p := range parts {
			if len(p.ShortMessage) > 254 {
				t.Fatalf("part %d has %d octets", i, len(p.ShortMessage))
			}
			r := Read(&smpp.DeliverSM{ESMClass: p.ESMClass, DataCoding: p.DataCoding, ShortMessage: p.ShortMessage, TLVs: p.TLVs}, o.Alphabet)
			want := Concat{}
			if len(parts) > 1 {
				want = Concat{Ref: o.Ref, Seq: uint8(i + 1), Total: uint8(len(parts)), Wide: o.Method != UDH8}
				if o.Method == UDH8 {
					want.Ref &= 0xFF
				}
			}
			if r.Place != want {
				t.Fatalf("part %d is at %+v, want %+v", i, r.Place, want)
			}
			got.WriteString(r.Text)
		}
		if got.String() != text {
			t.Fatalf("got %q, want %q", got.String(), text)
		}
	})
}

// Two other implementations cut at the same places.
func TestPartsAsOthersCutThem(t *testing.T) {
	texts := []string{
		"", "a", strings.Repeat("a", 160), strings.Repeat("a", 161), strings.Repeat("a", 306), strings.Repeat("a", 307),
		strings.Repeat("a", 152) + "€" + strings.Repeat("b", 20), strings.Repeat("€", 80), strings.Repeat("€", 81), strings.Repeat("{|}", 70),
		strings.Repeat("я", 70), strings.Repeat("я", 71), strings.Repeat("я", 134), strings.Repeat("я", 135),
		strings.Repeat("я", 66) + "😀" + strings.Repeat("я", 20), strings.Repeat("😀", 35), strings.Repeat("😀", 36), strings.Repeat("😀я", 60),
		"grüße an Ölçer", "naïve", "it`s", "Ω≠Δ", "ς",
	}
	random := rand.New(rand.NewPCG(1, 2))
	// No combining characters, and no carriage return before a newline: one of the two programs keeps such pairs together.
	gsm := []rune("@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !#¤%&()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€")
	wide := append([]rune("яжüß你好漢字😀🚀𝒳ѝ"), gsm...)
	for i := range 400 {
		from := gsm
		if i%2 == 1 {
			from = wide
		}
		text := make([]rune, random.IntN(500))
		for j := range text {
			text[j] = from[random.IntN(len(from))]
		}
		texts = append(texts, string(text))
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	type opinion struct {
		Encoding string
		Parts    []string
	}
	var opinions []struct{ Calculator, Splitter opinion }
	if err := json.Unmarshal(peers.Run(t, "segments.js", input), &opinions); err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		parts, err := Segment(text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ours := opinion{Encoding: "gsm7"}
		if parts[0].DataCoding == DataCodingUCS2 {
			ours.Encoding = "ucs2"
		}
		for _, p := range parts {
			ours.Parts = append(ours.Parts, p.Text)
		}
		if diff := cmp.Diff(opinions[i].Calculator, ours); diff != "" {
			t.Errorf("%q (-sms-segments-calculator +ours):\n%s", text, diff)
		}
		if diff := cmp.Diff(opinions[i].Splitter, ours); diff != "" {
			t.Errorf("%q (-split-sms +ours):\n%s", text, diff)
		}
	}
}
