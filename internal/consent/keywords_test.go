package consent

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"switchyard/convapi"
)

func text(s string) *convapi.ContactMessage {
	return &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: s}}
}

func postback(s string) *convapi.ContactMessage {
	return &convapi.ContactMessage{ChoiceResponseMessage: &convapi.ChoiceResponseMessage{PostbackData: s}}
}

func TestRead(t *testing.T) {
	out, in := Wish{Out: true}, Wish{}
	for _, tt := range []struct {
		text string
		want Wish
		is   bool
	}{
		{"STOP", out, true},
		{"stop", out, true},
		{" \tStop!\r\n", out, true},
		{"“Stop.”", out, true},
		{"STOP 🛑", out, true},
		{"Ｓｔｏｐ", out, true}, // full width
		{"stop all", Wish{true, All}, true},
		{"STOPALL", Wish{true, All}, true},
		{"opt out all", Wish{true, All}, true},
		{"start all", in, true},
		{"Opt-out", out, true},
		{"OPT OUT", out, true},
		{"unsubscribe", out, true},
		{"cancel", out, true},
		{"End", out, true},
		{"quit", out, true},
		{"Revoke", out, true},
		{"arrêt", out, true},
		{"ARRET", out, true},
		{"arre\u0302t", out, true}, // decomposed
		{"Stopp", out, true},
		{"abmelden", out, true},
		{"Baja", out, true},
		{"darme de baja", out, true},
		{"parar", out, true},
		{"uitschrijven", out, true},
		{"rezygnuję", out, true},
		{"rezygnuje", out, true},
		{"iptal", out, true},
		{"ıptal", out, true}, // the letter that a Turkish keyboard has beside it
		{"стоп", out, true},
		{"ストップ", out, true},
		{"退订", out, true},
		{"수신거부", out, true},
		{"הסר", out, true},
		{"الغاء الاشتراك", out, true}, // without its hamza

		{"stop marketing", Wish{true, Marketing}, true},
		{"STOP PUB", Wish{true, Marketing}, true},
		{"stop werbung", Wish{true, Marketing}, true},
		{"Stop notifications", Wish{true, Notification}, true},
		{"detener notificación", Wish{true, Notification}, true},
		{"START MARKETING", Wish{List: Marketing}, true},

		{"Start", in, true},
		{"/start", in, true}, // how Telegram opens a chat
		{"UNSTOP", in, true},
		{"opt in", in, true},
		{"subscribe", in, true},
		{"volver", in, true},

		{"OptOut_All_EN", Wish{true, All}, true},
		{"OptIn_All_EN", in, true},
		{"OptOut_Marketing_ES", Wish{true, Marketing}, true},
		{"OptIn_Notification_PT", Wish{List: Notification}, true},

		{"", Wish{}, false},
		{"...", Wish{}, false},
		{"please stop", Wish{}, false},
		{"don't stop", Wish{}, false},
		{"stop it now, I'm at the bus stop", Wish{}, false},
		{"nonstop", Wish{}, false},
		{"yes", Wish{}, false},
		{"no", Wish{}, false},
		{"fine", Wish{}, false},
		{"hello", Wish{}, false},
		{strings.Repeat(" ", maxText) + "stop", Wish{}, false},
	} {
		got, is := New(nil).Read(text(tt.text))
		if got != tt.want || is != tt.is {
			t.Errorf("%q: %+v %v, want %+v %v", tt.text, got, is, tt.want, tt.is)
		}
	}
}

// A button is an order to the business that made it, unless it was made for
// opting out.
func TestReadButtons(t *testing.T) {
	for postbackData, want := range map[string]bool{
		"CANCEL": false, "STOP": false, "OptOut_All_EN": true, "optout_marketing": true, "OptIn_All_EN": true,
		"OptOut": false, "OptOut_Everything_EN": false, "OptOut_All_EN_now": false, "Out_All_EN": false,
	} {
		if _, is := New(nil).Read(postback(postbackData)); is != want {
			t.Errorf("%q is a keyword: %v, want %v", postbackData, is, want)
		}
	}
	if _, is := New(nil).Read(&convapi.ContactMessage{}); is {
		t.Error("a message of another kind is a keyword")
	}
}

func TestOwnWords(t *testing.T) {
	off := false
	for _, tt := range []struct {
		name     string
		settings convapi.ConsentSettings
		text     string
		want     Wish
		is       bool
	}{
		{"own word", convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{Language: "de", OptOut: []string{"Schluss"}}}}, "schluss!", Wish{Out: true}, true},
		{"with a list in its language", convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{Language: "de-AT", OptOut: []string{"Schluss"}}}}, "Schluss Werbung", Wish{true, Marketing}, true},
		{"in a language that is not known", convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{Language: "tlh", OptIn: []string{"tagh"}}}}, "TAGH", Wish{}, true},
		{"the others stay", convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{Language: "de", OptOut: []string{"Schluss"}}}}, "stop", Wish{Out: true}, true},
		{"own before standard", convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{Language: "es", OptIn: []string{"salir"}}}}, "SALIR", Wish{}, true},
		{"ignored", convapi.ConsentSettings{Ignore: []string{"Cancel"}}, "CANCEL", Wish{}, false},
		{"stop is never ignored", convapi.ConsentSettings{Ignore: []string{"stop"}}, "STOP", Wish{Out: true}, true},
		{"off", convapi.ConsentSettings{Enabled: &off}, "STOP", Wish{}, false},
	} {
		got, is := New(&tt.settings).Read(text(tt.text))
		if got != tt.want || is != tt.is {
			t.Errorf("%s: %+v %v, want %+v %v", tt.name, got, is, tt.want, tt.is)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings *convapi.ConsentSettings
		fields   []string
	}{
		{"none", nil, nil},
		{"good", &convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{Language: "de", OptOut: []string{"Schluss", "STOP"}, OptIn: []string{"Los"}}}, Ignore: []string{"END"}}, nil},
		{"a word for both", &convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{OptOut: []string{"ende"}}, {OptIn: []string{"los", "Ende!"}}}}, []string{"consent_settings.keywords[1].opt_in[1]"}},
		{"stop for opting in", &convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{OptIn: []string{"s.t.o.p"}}}}, []string{"consent_settings.keywords[0].opt_in[0]"}},
		{"no word", &convapi.ConsentSettings{Keywords: []convapi.ConsentKeywords{{OptOut: []string{"?!"}}}}, []string{"consent_settings.keywords[0].opt_out[0]"}},
		{"stop ignored", &convapi.ConsentSettings{Ignore: []string{"END", "stop"}}, []string{"consent_settings.ignore[1]"}},
	} {
		var got []string
		if list, ok := errors.AsType[convapi.FieldErrors](Check(tt.settings)); ok {
			for _, one := range list {
				got = append(got, one.Field)
			}
		}
		if diff := cmp.Diff(tt.fields, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// No word of one language takes back what another language's asks for.
func TestWordsMeanOneThing(t *testing.T) {
	means := make(map[string]string)
	for _, l := range languages {
		if l.out[0] != stop {
			t.Errorf("%s does not know %s", l.tag, stop)
		}
		for direction, list := range map[string][]string{"out": l.out, "in": l.in} {
			for _, word := range list {
				folded := fold(word)
				if before := means[folded]; folded == "" || before != "" && before != direction {
					t.Errorf("%s: %q is for opting %s and %s", l.tag, word, direction, before)
				}
				means[folded] = direction
			}
		}
	}
	for _, tag := range []string{"en", "de", "fr", "es", "pt", "it", "nl", "sv", "pl"} {
		if languageOf(tag).tag != tag {
			t.Errorf("no words of %s", tag)
		}
	}
}

// However a keyword is written, it stays one; with another word it is none.
func TestReadIgnoresForm(t *testing.T) {
	spaces := rapid.StringOfN(rapid.SampledFrom([]rune(" \t\n.,!?-'\"()*_🙂")), 0, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"STOP", "UNSUBSCRIBE", "QUIT", "START"}).Draw(t, "word")
		want, _ := New(nil).Read(text(word))
		var written strings.Builder
		for _, r := range word {
			written.WriteString(spaces.Draw(t, "between"))
			if rapid.Bool().Draw(t, "small") {
				r += 'a' - 'A'
			}
			written.WriteRune(r)
		}
		if got, is := New(nil).Read(text(written.String())); !is || got != want {
			t.Fatalf("%q: %+v %v", written.String(), got, is)
		}
		if _, is := New(nil).Read(text(written.String() + " please")); is {
			t.Fatalf("%q with another word is a keyword", written.String())
		}
	})
}
