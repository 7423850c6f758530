package template

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

// Latest is the version that means the newest one of a language.
const Latest = "latest"

// Revise completes a valid template that is to take the place of old, nil for a
// new one: its number, the versions of its translations, and all times. The
// request's translations are all there will be: those of old that it does not
// repeat are gone. One without a version gets the number after the highest
// that its language has had. The error is a *gateway.Error about a translation.
func Revise(t, old *convapi.Template, now time.Time) error {
	if err := dropLatest(t); err != nil {
		return err
	}
	t.Version, t.CreateTime, t.UpdateTime = 1, convapi.At(now), convapi.At(now)
	var before []convapi.TemplateTranslation
	if old != nil {
		t.Version, t.CreateTime, before = old.Version+1, old.CreateTime, old.Translations
	}
	for i := range t.Translations {
		one := &t.Translations[i]
		if one.Version == "" {
			one.Version = nextVersion(one.LanguageCode, before, t.Translations)
		}
		one.CreateTime, one.UpdateTime = convapi.At(now), convapi.At(now)
		was := find(before, one.LanguageCode, one.Version)
		if was == nil {
			continue
		}
		one.CreateTime = was.CreateTime
		if same, err := equal(one, was); err != nil {
			return err
		} else if same {
			one.UpdateTime = was.UpdateTime
		}
	}
	return nil
}

// dropLatest takes the entries out that Shown has put in, for clients send back
// what they got. Beside numbered ones of its language an entry can only be a
// copy; alone it is a translation without a version.
func dropLatest(t *convapi.Template) error {
	numbered := slices.Clone(t.Translations)
	numbered = slices.DeleteFunc(numbered, func(one convapi.TemplateTranslation) bool { return one.Version == Latest })
	var kept []convapi.TemplateTranslation
	for i, one := range t.Translations {
		if one.Version != Latest {
			kept = append(kept, one)
			continue
		}
		newest := find(numbered, one.LanguageCode, Latest)
		if newest == nil {
			one.Version = ""
			kept = append(kept, one)
			continue
		}
		same, err := equal(&one, newest)
		if err != nil {
			return err
		}
		if !same {
			return gateway.Invalid(fmt.Sprintf("translations[%d].version", i),
				"latest is the same translation as version %s and cannot differ from it: leave it out, or give it a version", newest.Version)
		}
	}
	t.Translations = kept
	return nil
}

// equal compares translations but for version and times.
func equal(a, b *convapi.TemplateTranslation) (bool, error) {
	var texts [2][]byte
	for i, one := range []convapi.TemplateTranslation{*a, *b} {
		one.LanguageCode, one.Version = convapi.CanonicalTag(one.LanguageCode), ""
		one.CreateTime, one.UpdateTime = convapi.Time{}, convapi.Time{}
		var err error
		if texts[i], err = convapi.Marshal(one); err != nil {
			return false, err
		}
	}
	return bytes.Equal(texts[0], texts[1]), nil
}

// nextVersion is the number after the highest of a language in the lists.
func nextVersion(language string, lists ...[]convapi.TemplateTranslation) string {
	highest := uint64(0)
	for _, one := range slices.Concat(lists...) {
		if convapi.CanonicalTag(one.LanguageCode) != convapi.CanonicalTag(language) {
			continue
		}
		if numbers := versionNumbers(one.Version); numbers != nil {
			highest = max(highest, numbers[0])
		}
	}
	return strconv.FormatUint(highest+1, 10)
}

// Shown is the template as GET gives it: each language's newest translation
// stands there a second time, with the version "latest".
func Shown(t convapi.Template) convapi.Template {
	var shown []convapi.TemplateTranslation
	for i := range t.Translations {
		one := t.Translations[i]
		shown = append(shown, one)
		if newest := find(t.Translations, one.LanguageCode, Latest); newest == &t.Translations[i] {
			one.Version = Latest
			shown = append(shown, one)
		}
	}
	t.Translations = shown
	return t
}

// Translations lists those of a language and a version, "" for any. "latest"
// gives the newest of each language, under that name.
func Translations(t convapi.Template, language, version string) []convapi.TemplateTranslation {
	all := t.Translations
	if version == Latest {
		all = Shown(t).Translations
	}
	var out []convapi.TemplateTranslation
	for _, one := range all {
		if (language == "" || convapi.CanonicalTag(one.LanguageCode) == convapi.CanonicalTag(language)) && (version == "" || one.Version == version) {
			out = append(out, one)
		}
	}
	return out
}

// find gives the translation of a language and a version, nil if there is none.
func find(list []convapi.TemplateTranslation, language, version string) *convapi.TemplateTranslation {
	at := pick(len(list), func(i int) (string, string) { return list[i].LanguageCode, list[i].Version }, language, version)
	if at < 0 {
		return nil
	}
	return &list[at]
}

// pick gives the index of the entry with a language and a version among n
// entries that key tells of, the last one of the newest for "latest"; -1 if there
// is none.
func pick(n int, key func(int) (language, version string), language, version string) int {
	found, newest := -1, ""
	for i := range n {
		ownLanguage, ownVersion := key(i)
		if convapi.CanonicalTag(ownLanguage) != convapi.CanonicalTag(language) {
			continue
		}
		if version == Latest && (found < 0 || compareVersions(ownVersion, newest) >= 0) {
			found, newest = i, ownVersion
		}
		if version != Latest && ownVersion == version {
			return i
		}
	}
	return found
}

// compareVersions orders versions by their numbers: 2 is before 10, 1.9 before
// 1.10. A version without numbers is before all that have them, and those are
// as new as each other: the place in the list decides.
func compareVersions(a, b string) int {
	return slices.Compare(versionNumbers(a), versionNumbers(b))
}

// versionNumbers reads a version such as "12" or "1.0"; nil for any other.
func versionNumbers(version string) []uint64 {
	var numbers []uint64
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return nil
		}
		numbers = append(numbers, n)
	}
	return numbers
}
