package consent

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"switchyard/convapi"
)

// Wish is what a person asks for.
type Wish struct {
	Out bool // no more messages; else messages again
	// List is the one that the words name; 0 if they name none.
	List Lists
}

// Keywords are the words of an app. The zero value has none.
type Keywords struct {
	words map[string]Wish
}

// standard are the words of an app that has none of its own.
var standard = compile(nil)

// New gives the words of an app: those of every language, without the ones that
// it ignores, and its own, which go before. STOP stays what it is in any case.
func New(s *convapi.ConsentSettings) Keywords {
	if !s.On() {
		return Keywords{}
	}
	if s == nil || len(s.Keywords) == 0 && len(s.Ignore) == 0 {
		return standard
	}
	return compile(s)
}

func compile(s *convapi.ConsentSettings) Keywords {
	k := Keywords{words: make(map[string]Wish)}
	for _, l := range languages {
		k.add(l, l)
	}
	if s != nil {
		for _, word := range s.Ignore {
			delete(k.words, fold(word))
		}
		for _, own := range s.Keywords {
			l := languageOf(own.Language)
			k.add(language{out: own.OptOut, in: own.OptIn}, l)
		}
	}
	k.add(language{out: []string{stop}}, language{})
	return k
}

// add takes words in, alone and with the names of lists in a language behind
// them: STOP, STOP ALL, STOP MARKETING. Opting in names no list by ALL: it is for
// every one.
func (k Keywords) add(words, names language) {
	for _, direction := range []struct {
		out  bool
		list []string
	}{{true, words.out}, {false, words.in}} {
		for _, word := range direction.list {
			k.put(word, Wish{Out: direction.out})
			k.put(word+"ALL", everything(direction.out))
			for _, name := range append([]string{"MARKETING"}, names.marketing...) {
				k.put(word+name, Wish{direction.out, Marketing})
			}
			for _, name := range append([]string{"NOTIFICATION", "NOTIFICATIONS"}, names.notification...) {
				k.put(word+name, Wish{direction.out, Notification})
			}
		}
	}
}

func everything(out bool) Wish {
	if out {
		return Wish{Out: true, List: All}
	}
	return Wish{}
}

func (k Keywords) put(word string, w Wish) {
	if folded := fold(word); folded != "" {
		k.words[folded] = w
	}
}

// Read gives the wish that a message is, if it is one: a text that is a keyword
// and nothing else, or the answer to a button that was made for it. Any other
// button may be labelled CANCEL and mean an order.
func (k Keywords) Read(m *convapi.ContactMessage) (w Wish, ok bool) {
	switch {
	case len(k.words) == 0:
		return w, false
	case m.TextMessage != nil:
		if len(m.TextMessage.Text) > maxText {
			return w, false
		}
		if w, ok = button(m.TextMessage.Text); ok {
			return w, true
		}
		w, ok = k.words[fold(m.TextMessage.Text)]
		return w, ok
	case m.ChoiceResponseMessage != nil:
		return button(m.ChoiceResponseMessage.PostbackData)
	}
	return w, false
}

// maxText is longer than any keyword with white space and punctuation around
// it, in octets. It spares the folding of long texts.
const maxText = 256

// button reads OptOut_All_EN and its like, which the vendor's own defaults have
// for buttons: direction, list and language.
func button(text string) (w Wish, ok bool) {
	parts := strings.Split(strings.ToUpper(strings.TrimSpace(text)), "_")
	if len(parts) != 2 && len(parts) != 3 || parts[0] != "OPTOUT" && parts[0] != "OPTIN" {
		return w, false
	}
	w.Out = parts[0] == "OPTOUT"
	switch parts[1] {
	case "ALL":
		w = everything(w.Out)
	case "MARKETING":
		w.List = Marketing
	case "NOTIFICATION":
		w.List = Notification
	default:
		return w, false
	}
	return w, true
}

// strokes are letters with a stroke or a ligature, which no decomposition takes
// apart but people do.
var strokes = strings.NewReplacer("Ł", "L", "Ø", "O", "Đ", "D", "Æ", "AE", "Œ", "OE", "ß", "SS", "ẞ", "SS")

// fold keeps what makes a word: letters and digits, in upper case, without
// accents. People write "Stop!", "opt-out", "arrêt" and "ARRET".
func fold(text string) string {
	var out strings.Builder
	for _, r := range norm.NFKD.String(text) {
		switch {
		case accent(r):
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
			out.WriteRune(unicode.ToUpper(r))
		}
	}
	return strokes.Replace(out.String())
}

// accent reports marks that people leave out: the accents of European scripts,
// and the vowel signs and hamzas of Arabic. The vowel signs of Indian scripts
// are not among them, for without those a word is another one.
func accent(r rune) bool {
	return r >= 0x0300 && r <= 0x036F || r >= 0x064B && r <= 0x0655 || r == 0xFE0F
}
