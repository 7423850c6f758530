// Package redact masks personal data in texts by its form: e-mail addresses,
// IBANs, card numbers and phone numbers. Check digits are checked where there are
// any. It knows no language: names and addresses stay, and a long number of
// another kind may look like a phone number.
package redact

import (
	"regexp"
	"strings"
)

// What stands in the place of what was found.
const (
	Email      = "{EMAIL}"
	IBAN       = "{IBAN}"
	CreditCard = "{CREDIT_CARD}"
	Phone      = "{PHONE}"
)

// Mask puts placeholders in the place of personal data. A text without any stays
// as it is, and so does one that was masked before.
func Mask(text string) string {
	for {
		masked := maskNumbers(maskIBANs(emailForm.ReplaceAllString(text, Email)))
		if masked == text {
			return text
		}
		text = masked
	}
}

// The forms are of bounded length, so that the time goes with the text's length.
var (
	emailForm  = regexp.MustCompile(`[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}`)
	ibanForm   = regexp.MustCompile(`(?i)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}`)
	numberForm = regexp.MustCompile(`\+?[0-9(][0-9() -]{4,24}[0-9]`)
	dateForm   = regexp.MustCompile(`^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(?:$|[^0-9])`)
)

// replace hands each match that stands alone, not within a word, to mask.
func replace(text string, form *regexp.Regexp, mask func(match string) string) string {
	var out strings.Builder
	done := 0
	for done < len(text) {
		at := form.FindStringIndex(text[done:])
		if at == nil {
			break
		}
		from, to := done+at[0], done+at[1]
		out.WriteString(text[done:from])
		if from > 0 && isWord(text[from-1]) || from > 0 && text[from] == '+' && text[from-1] == '+' {
			out.WriteByte(text[from])
			done = from + 1
			continue
		}
		match := text[from:to]
		if to < len(text) && isWord(text[to]) {
			// The last word of the match goes on behind it.
			match = match[:max(strings.LastIndexByte(match, ' '), 0)]
			if match == "" {
				out.WriteByte(text[from])
				done = from + 1
				continue
			}
		}
		masked := mask(match)
		if masked == match { // nothing there; what it hides may begin further on
			out.WriteByte(text[from])
			done = from + 1
			continue
		}
		out.WriteString(masked)
		done = from + len(match)
	}
	out.WriteString(text[done:])
	return out.String()
}

// isWord reports whether a byte is part of a word. Those of other scripts are
// not told apart and count as such.
func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= 0x80
}

func maskIBANs(text string) string {
	return replace(text, ibanForm, func(match string) string {
		want := ibanLengths[strings.ToUpper(match[:2])]
		n := 0
		for i := range len(match) {
			if match[i] != ' ' {
				n++
			}
			if n < want || want == 0 {
				continue
			}
			if i+1 < len(match) && isWord(match[i+1]) || !validIBAN(match[:i+1]) {
				return match
			}
			return IBAN + match[i+1:]
		}
		return match
	})
}

// validIBAN checks the check digits (ISO 7064, MOD 97-10).
func validIBAN(text string) bool {
	compact := strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	rest := 0
	for _, c := range compact[4:] + compact[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

// ibanLengths are those of the IBAN registry, by country.
var ibanLengths = func() map[string]int {
	lengths := make(map[string]int)
	for length, countries := range map[int]string{
		15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
		22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST",
		26: "IS TR", 27: "FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU",
		31: "MT SC", 32: "LC",
	} {
		for country := range strings.FieldsSeq(countries) {
			lengths[country] = length
		}
	}
	return lengths
}()

func maskNumbers(text string) string { return replace(text, numberForm, maskNumber) }

// maskNumber masks a run of digits, or its parts.
func maskNumber(run string) string {
	digits := onlyDigits(run)
	switch {
	case isCard(run, digits):
		return CreditCard
	case isPhone(run, digits):
		return Phone
	}
	if first, rest, more := strings.Cut(run, " "); more {
		if masked := maskNumber(first); masked != first {
			return masked + " " + rest
		}
	}
	return run
}

func onlyDigits(text string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, text)
}

// isCard reports whether digits are a card number: 13 to 19 of them (ISO/IEC
// 7812-1), of an issuer of payment cards, with the right check digit.
func isCard(run, digits string) bool {
	if len(digits) < 13 || len(digits) > 19 || run[0] == '+' || strings.ContainsAny(run, "()") || digits[0] < '2' || digits[0] > '6' {
		return false
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isPhone reports whether digits are a phone number: an international one of 8 to
// 15 digits (E.164), a national one of 9 to 12 with its leading zero, or a bare
// one of 10 to 15.
func isPhone(run, digits string) bool {
	n := len(digits)
	switch {
	case n > 17 || dateForm.MatchString(run):
		return false
	case run[0] == '+':
		return n >= 8 && n <= 15 && digits[0] != '0'
	case strings.HasPrefix(digits, "00"):
		return n >= 10 && n <= 17 && digits[2] != '0'
	case strings.HasPrefix(digits, "0"):
		return n >= 9 && n <= 12
	}
	return n >= 10 && n <= 15
}
