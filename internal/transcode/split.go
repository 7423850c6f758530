package transcode

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// limit is how long a text may be on a channel. The zero limit is none.
type limit struct {
	most int
	unit unit
}

// unit is what a channel counts.
type unit int

const (
	characters unit = iota // Unicode code points
	units16                // UTF-16 code units
	octets                 // of UTF-8
)

func (l limit) length(s string) int {
	switch l.unit {
	case units16:
		n := 0
		for _, r := range s {
			n += utf16.RuneLen(r)
		}
		return n
	case octets:
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// fits says whether s is short enough. A length in octets bounds every other
// one, so that short texts need not be counted.
func (l limit) fits(s string) bool {
	return l.most == 0 || len(s) <= l.most || l.length(s) <= l.most
}

// head is how many octets of s fit.
func (l limit) head(s string) int {
	left := l.most
	for i, r := range s {
		if left -= l.length(string(r)); left < 0 {
			return i
		}
	}
	return len(s)
}

const ellipsis = "…"

// cut shortens what is too long and shows that it did.
func (l limit) cut(s string) string {
	if l.fits(s) {
		return s
	}
	l.most = max(0, l.most-l.length(ellipsis))
	return strings.TrimRightFunc(s[:whole(s, l.head(s))], unicode.IsSpace) + ellipsis
}

// split cuts a text into pieces that fit: at a paragraph, else a sentence, a
// word, a character. White space at a cut is lost, nothing else; the last piece
// is the end of s.
func (l limit) split(s string) []string {
	var pieces []string
	for !l.fits(s) {
		at := cutAt(s, l.head(s))
		piece := strings.TrimRightFunc(s[:at], unicode.IsSpace)
		if piece != "" {
			pieces = append(pieces, piece)
		}
		s = strings.TrimLeftFunc(s[at:], unicode.IsSpace)
	}
	if s != "" {
		pieces = append(pieces, s)
	}
	return pieces
}

// cutAt finds the place to cut before octet most of a longer text. A place in
// the first half would leave too little for the piece and is passed over.
func cutAt(s string, most int) int {
	head := s[:most]
	for _, ends := range [][]string{{"\n\n"}, {"\n", ". ", "! ", "? ", "。", "！", "？"}, {" "}} {
		best := -1
		for _, end := range ends {
			if i := strings.LastIndex(head, end); i >= 0 {
				best = max(best, i+len(end))
			}
		}
		if best > most/2 {
			return best
		}
		// The piece may also end right where white space follows.
		if strings.HasPrefix(s[most:], ends[0]) {
			return most
		}
	}
	_, first := utf8.DecodeRuneInString(s)
	return max(first, whole(s, most))
}

// whole moves a place to cut to the left of what belongs to the character
// before: combining marks, joiners, variation selectors, skin tones. A text of
// nothing else is cut all the same.
func whole(s string, at int) int {
	for i := at; i > 0; {
		r, _ := utf8.DecodeRuneInString(s[i:])
		last, size := utf8.DecodeLastRuneInString(s[:i])
		if !joins(r) && last != zeroWidthJoiner {
			return i
		}
		i -= size
	}
	return at
}

const zeroWidthJoiner = '\u200d'

func joins(r rune) bool {
	return r == zeroWidthJoiner || unicode.In(r, unicode.Mn, unicode.Me, unicode.Variation_Selector) || r >= 0x1f3fb && r <= 0x1f3ff
}

// labels are what stands on the buttons of options: cut to the channel's limit,
// on one line, and different from each other, as people and some channels need
// it.
func (l limit) labels(options []option) []string {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = l.cut(oneLine(o.label))
	}
	sorted := slices.Sorted(slices.Values(out))
	if len(slices.Compact(sorted)) == len(out) && !slices.Contains(out, "") {
		return out
	}
	for i, o := range options {
		out[i] = l.cut(strings.TrimSpace(strconv.Itoa(i+1) + ". " + oneLine(o.label)))
	}
	return out
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
