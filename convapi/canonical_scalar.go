package convapi

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// exactDigits is how many decimal digits a float64 always holds exactly.
const exactDigits = 15

// appendJSNumber writes a JSON number as JavaScript prints the value it parses
// to: the shortest form of a float64 (ECMA-262, Number::toString), null for what
// overflows to infinity.
func appendJSNumber(out, token []byte) []byte {
	if len(token) <= exactDigits && !bytes.ContainsAny(token, ".eE") && !bytes.HasPrefix(token, []byte("-0")) {
		return append(out, token...)
	}
	value, _ := strconv.ParseFloat(string(token), 64) // the only error, overflow, gives infinity
	if math.IsInf(value, 0) {
		return append(out, "null"...)
	}
	if value == 0 {
		return append(out, '0')
	}
	if size := math.Abs(value); size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(out, value, 'f', -1, 64)
	}
	out = strconv.AppendFloat(out, value, 'e', -1, 64)
	// Go pads the exponent to two digits, JavaScript does not.
	if n := len(out); out[n-2] == '0' && (out[n-3] == '-' || out[n-3] == '+') {
		out = append(out[:n-2], out[n-1])
	}
	return out
}

// string copies a string with JavaScript's choice of escapes: the short ones,
// \u00xx for other control characters, and \udxxx for lone surrogates.
func (w *canonicalWriter) string() {
	w.pos++
	w.out = append(w.out, '"')
	for {
		switch b := w.in[w.pos]; {
		case b == '"':
			w.pos++
			w.out = append(w.out, '"')
			return
		case b == '\\':
			w.escape()
		case b < utf8.RuneSelf:
			end := w.pos + 1
			for c := w.in[end]; c < utf8.RuneSelf && c != '"' && c != '\\'; c = w.in[end] {
				end++
			}
			w.out = append(w.out, w.in[w.pos:end]...)
			w.pos = end
		default:
			r, size := utf8.DecodeRune(w.in[w.pos:])
			w.out = utf8.AppendRune(w.out, r) // U+FFFD for a broken sequence
			w.pos += size
		}
	}
}

// escape consumes one escape sequence, or two that make a surrogate pair.
func (w *canonicalWriter) escape() {
	kind := w.in[w.pos+1]
	w.pos += 2
	switch kind {
	case 'u':
		r := w.hex4()
		if utf16.IsSurrogate(r) {
			w.surrogate(r)
			return
		}
		w.rune(r)
	case '/':
		w.out = append(w.out, '/')
	default:
		w.out = append(w.out, '\\', kind)
	}
}

// surrogate writes the character of a pair, or a lone surrogate as its escape.
func (w *canonicalWriter) surrogate(r rune) {
	if bytes.HasPrefix(w.in[w.pos:], []byte(`\u`)) {
		before := w.pos
		w.pos += 2
		if pair := utf16.DecodeRune(r, w.hex4()); pair != utf8.RuneError {
			w.out = utf8.AppendRune(w.out, pair)
			return
		}
		w.pos = before
	}
	w.out = append(w.out, `\u`...)
	w.out = strconv.AppendInt(w.out, int64(r), 16)
}

// rune writes one character that was escaped in the input.
func (w *canonicalWriter) rune(r rune) {
	if short := bytes.IndexByte([]byte("\b\f\n\r\t\"\\"), byte(r)); r < utf8.RuneSelf && short >= 0 {
		w.out = append(w.out, '\\', "bfnrt\"\\"[short])
		return
	}
	if r < ' ' {
		w.out = append(w.out, `\u00`...)
		w.out = append(w.out, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		return
	}
	w.out = utf8.AppendRune(w.out, r)
}

// hex4 consumes four hexadecimal digits.
func (w *canonicalWriter) hex4() rune {
	n, _ := strconv.ParseUint(string(w.in[w.pos:w.pos+4]), 16, 16) // valid JSON: they are digits
	w.pos += 4
	return rune(n)
}
