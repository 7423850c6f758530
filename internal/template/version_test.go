package template

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

var (
	monday  = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
)

// describe writes translations as "language version text created/updated", the
// days by their first letter.
func describe(list []convapi.TemplateTranslation) string {
	var out []string
	for _, one := range list {
		out = append(out, one.LanguageCode+" "+one.Version+" "+one.TextMessage.Text+" "+day(one.CreateTime)+"/"+day(one.UpdateTime))
	}
	return strings.Join(out, "; ")
}

func day(at convapi.Time) string { return at.Weekday().String()[:1] }

// parse reads "language version text" entries; "-" is no version.
func parse(text string) (out []convapi.TemplateTranslation) {
	for entry := range strings.SplitSeq(text, "; ") {
		words := strings.Fields(entry)
		out = append(out, convapi.TemplateTranslation{
			LanguageCode: words[0], Version: strings.TrimPrefix(words[1], "-"), TextMessage: &convapi.TextMessage{Text: words[2]},
		})
	}
	return out
}

func TestRevise(t *testing.T) {
	for _, tc := range []struct{ name, before, request, want, refused string }{
		{"new", "", "en 3 a", "en 3 a M/M", ""},
		{"new, without a version", "", "en - a; sv - b; en - c", "en 1 a M/M; sv 1 b M/M; en 2 c M/M", ""},
		{"unchanged", "en 1 a; sv 1 b", "sv 1 b; en 1 a", "sv 1 b M/M; en 1 a M/M", ""},
		{"changed", "en 1 a", "en 1 b", "en 1 b M/T", ""},
		{"the spelling of the language does not count", "en-US 1 a", "en_us 1 a", "en_us 1 a M/M", ""},
		{"a version more", "en 1 a", "en 1 a; en 2 b", "en 1 a M/M; en 2 b T/T", ""},
		{"another version in its place", "en 3 a", "en 1 b", "en 1 b T/T", ""},
		{"the next number", "en 9 a; en 10 b; en x c", "en - d", "en 11 d T/T", ""},
		{"the next number after the request's", "en 1 a", "en - b; en 1 a; en 7 c", "en 8 b T/T; en 1 a M/M; en 7 c T/T", ""},
		{"what GET gave", "en 1 a; en 2 b", "en 1 a; en 2 b; en latest b", "en 1 a M/M; en 2 b M/M", ""},
		{"latest alone is a version more", "en 1 a", "en latest b", "en 2 b T/T", ""},
		{"latest that differs", "en 1 a", "sv 1 x; en 1 a; en latest b", "", "translations[2].version"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var old *convapi.Template
			now := monday
			if tc.before != "" {
				old = &convapi.Template{Translations: parse(tc.before)}
				if err := Revise(old, nil, monday); err != nil {
					t.Fatal(err)
				}
				now = tuesday
			}
			revised := convapi.Template{Translations: parse(tc.request), Version: 17}
			err := Revise(&revised, old, now)
			if tc.refused != "" {
				if refused, ok := errors.AsType[*gateway.Error](err); !ok || refused.Field != tc.refused {
					t.Errorf("%v, want one about %s", err, tc.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, describe(revised.Translations)); diff != "" {
				t.Error(diff)
			}
			wantVersion := 1
			if old != nil {
				wantVersion = 2
			}
			if revised.Version != wantVersion || !revised.CreateTime.Equal(monday) || !revised.UpdateTime.Equal(now) {
				t.Errorf("version %d, created %v, updated %v", revised.Version, revised.CreateTime, revised.UpdateTime)
			}
		})
	}
}

func TestShownAndListed(t *testing.T) {
	template := convapi.Template{Translations: parse("en-US 1.9 a; en-US 1.10 b; en-US x c; sv 1 d")}
	if err := Revise(&template, nil, monday); err != nil {
		t.Fatal(err)
	}
	const shown = "en-US 1.9 a M/M; en-US 1.10 b M/M; en-US latest b M/M; en-US x c M/M; sv 1 d M/M; sv latest d M/M"
	if diff := cmp.Diff(shown, describe(Shown(template).Translations)); diff != "" {
		t.Error(diff)
	}
	for _, tc := range []struct{ language, version, want string }{
		{"", "", "en-US 1.9 a M/M; en-US 1.10 b M/M; en-US x c M/M; sv 1 d M/M"},
		{"EN_us", "", "en-US 1.9 a M/M; en-US 1.10 b M/M; en-US x c M/M"},
		{"", "1", "sv 1 d M/M"},
		{"en-US", "latest", "en-US latest b M/M"},
		{"", "latest", "en-US latest b M/M; sv latest d M/M"},
		{"en", "", ""},
		{"sv", "2", ""},
	} {
		if diff := cmp.Diff(tc.want, describe(Translations(template, tc.language, tc.version))); diff != "" {
			t.Errorf("%q %q: %s", tc.language, tc.version, diff)
		}
	}
	again := Shown(template)
	if err := Revise(&again, &template, tuesday); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(describe(template.Translations), describe(again.Translations)); diff != "" {
		t.Errorf("what GET gives cannot be PUT: %s", diff)
	}
}

func TestNewerVersions(t *testing.T) {
	ordered := []string{"draft", "1", "1.0", "1.9", "1.10", "2", "10"}
	for i := range ordered {
		for j := range ordered {
			if got, want := compareVersions(ordered[i], ordered[j]), sign(i-j); got != want {
				t.Errorf("%s to %s: %d, want %d", ordered[i], ordered[j], got, want)
			}
		}
	}
}

func sign(n int) int { return min(1, max(-1, n)) }
