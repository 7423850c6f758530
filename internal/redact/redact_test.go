package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMask(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"my number is +46 70 000 00 01", "my number is {PHONE}"},
		{"call 0700-000001, or (555) 123-4567!", "call {PHONE}, or {PHONE}!"},
		{"46700000001", "{PHONE}"},
		{"0046700000001.", "{PHONE}."},
		{"0700000001 0700000002", "{PHONE} {PHONE}"},
		{"write to anna.svensson+x@mail.example.com, please", "write to {EMAIL}, please"},
		{"<anna@example.org>", "<{EMAIL}>"},
		{"pay with 4111 1111 1111 1111 now", "pay with {CREDIT_CARD} now"},
		{"5500-0000-0000-0004", "{CREDIT_CARD}"},
		{"378282246310005 is Amex", "{CREDIT_CARD} is Amex"},
		{"to DE89 3704 0044 0532 0130 00 thanks", "to {IBAN} thanks"},
		{"GB82WEST12345698765432", "{IBAN}"},
		{"no9386011117947", "{IBAN}"},
		{"DE89370400440532013000 and SE4550000000058398257466", "{IBAN} and {IBAN}"},
		{"anna@example.com +46700000001 4111111111111111", "{EMAIL} {PHONE} {CREDIT_CARD}"},
	} {
		if got := Mask(tc.text); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.text, got, tc.want)
		}
	}
}

func TestMaskLeavesEverythingElse(t *testing.T) {
	for _, text := range []string{
		"", "yes", "see you at 10:30 on 2026-11-29 12:00", "that is 1 000 kr", "order 4711", "12 of 24", "v1.2.3", "192.168.100.200",
		"user @home", "a@b", "{PHONE} {EMAIL} {IBAN} {CREDIT_CARD}", "GB82WEST12345698765433", "XX82WEST12345698765432",
		"AB46700000001", "46700000001th", "naïve 日本語 +", "ref_46700000001", "(1)", "+1234567", "0000000000",
	} {
		if got := Mask(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// The time goes with the length, whatever the text is made of.
func BenchmarkMask(b *testing.B) {
	for _, piece := range []string{"1", "1 ", "0700000001 ", "DE89 ", "(", "a@", "hello "} {
		b.Run(piece, func(b *testing.B) {
			text := strings.Repeat(piece, 4096/len(piece))
			for b.Loop() {
				Mask(text)
			}
		})
	}
}

// Masking never fails, ends, is the same the second time, and takes out only
// what has digits or an at sign.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{
		"+46 70 000 00 01", "anna@example.com", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "((((1", "++1", "a@b.cc@d.ee", "é0700000001é", "\xff0700000001",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		masked := Mask(text)
		if again := Mask(masked); again != masked {
			t.Fatalf("%q, then %q, of %q", masked, again, text)
		}
		if utf8.ValidString(text) && !utf8.ValidString(masked) {
			t.Fatalf("%q became %q", text, masked)
		}
		if !strings.ContainsAny(text, "0123456789@") && masked != text {
			t.Fatalf("%q became %q", text, masked)
		}
	})
}
