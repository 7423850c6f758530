package template

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

func TestFillText(t *testing.T) {
	parameters := map[string]string{"a": "1", "b": "", "c": "${a}", "a b": "2", "ä": "3", "": "4", "$": "5"}
	for _, tc := range []struct{ name, text, want string }{
		{"nothing to fill", "plain", "plain"},
		{"a placeholder", "x${a}y", "x1y"},
		{"only a placeholder", "${a}", "1"},
		{"an empty value", "${b}", ""},
		{"several", "${a}${a} ${b}${a b}", "11 2"},
		{"no value is filled in turn", "${c}", "${a}"},
		{"nor what becomes a placeholder", "${${a}}", "${1}"},
		{"an unknown key stays", "${x} ${a}", "${x} 1"},
		{"there is no escape", "$${a} $$${a}", "$1 $$1"},
		{"keys may be any text", "${ä} ${} ${$}", "3 4 5"},
		{"spaces count", "${ a }", "${ a }"},
		{"not closed", "${a", "${a"},
		{"closed without being opened", "a} ${a}", "a} 1"},
		{"only a brace", "{a} $a", "{a} $a"},
		{"the nearest opening counts", "${x ${a}", "${x 1"},
	} {
		if got := fillText(t, tc.text, parameters); got != tc.want {
			t.Errorf("%s: %q gives %q, want %q", tc.name, tc.text, got, tc.want)
		}
	}
}

func fillText(t *testing.T, text string, parameters map[string]string) string {
	t.Helper()
	filled, err := Fill(&convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: text}}, parameters)
	if err != nil {
		t.Fatal(err)
	}
	return filled.TextMessage.Text
}

// A message whose every string is a placeholder, once, has none left when it is
// filled, and is what it was otherwise.
func TestFillReachesEveryString(t *testing.T) {
	m := new(convapi.AppMessage)
	places := plant(reflect.ValueOf(m).Elem())
	before := marshal(t, m)
	if places < 50 || strings.Count(before, "${key}") != places {
		t.Fatalf("%d places, but %d placeholders in %s", places, strings.Count(before, "${key}"), before)
	}
	filled, err := Fill(m, map[string]string{"key": "value"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(before, "${key}", "value"), marshal(t, filled)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, marshal(t, m)); diff != "" {
		t.Errorf("the message itself was changed: %s", diff)
	}
}

// plant gives every string below v a placeholder and every list and map an
// entry, and counts them.
func plant(v reflect.Value) (places int) {
	switch {
	case v.Type() == rawJSON:
		v.SetBytes([]byte(`{"deep":[{"number":12,"text":"${key}"}]}`))
		return 1
	case v.Type() == plainText:
		v.SetString("${key}")
		return 1
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return plant(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				places += plant(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return plant(v.Index(0))
	case reflect.Map:
		entry := reflect.New(v.Type().Elem()).Elem()
		places = plant(entry)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("SMS").Convert(v.Type().Key()), entry)
	}
	return places
}

func marshal(t *testing.T, m *convapi.AppMessage) string {
	t.Helper()
	text, err := convapi.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNoValueBreaksOutOfRawJSON(t *testing.T) {
	const hostile = `","admin":true,"x":"\`
	m := &convapi.AppMessage{
		ExplicitChannelMessage: map[convapi.Channel]string{"SMS": `{"text":"${key}"}`},
		ChannelSpecificMessage: map[convapi.Channel]convapi.ChannelSpecificMessage{"WHATSAPP": {Message: []byte(`{"text":"${key}"}`)}},
	}
	filled, err := Fill(m, map[string]string{"key": hostile})
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{filled.ExplicitChannelMessage["SMS"], string(filled.ChannelSpecificMessage["WHATSAPP"].Message)} {
		var got map[string]string
		if err := json.Unmarshal([]byte(raw), &got); err != nil || len(got) != 1 || got["text"] != hostile {
			t.Errorf("%s: %v, %v", raw, got, err)
		}
	}
}

func TestFillIsBounded(t *testing.T) {
	long := map[string]string{"a": strings.Repeat("x", MaxFilled/2)}
	if got := fillText(t, "${a}", long); len(got) != MaxFilled/2 {
		t.Errorf("%d octets", len(got))
	}
	for _, text := range []string{"${a}${a}${a}", strings.Repeat("${a}", 200_000), strings.Repeat("${", 500_000) + "}"} {
		m := &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: text}}
		if _, err := Fill(m, long); !errors.Is(err, ErrTooLong) && strings.HasPrefix(text, "${a}") {
			t.Errorf("%.20s…: %v", text, err)
		}
	}
}

func TestFillWithoutWorkGivesTheMessageItself(t *testing.T) {
	m := new(convapi.AppMessage)
	if got, err := Fill(m, nil); got != m || err != nil {
		t.Error(got, err)
	}
	if got, err := Fill(nil, map[string]string{"a": "b"}); got != nil || err != nil {
		t.Error(got, err)
	}
}

func FuzzFill(f *testing.F) {
	f.Add("Dear ${name}, ${name}", "name", "${other}")
	f.Add("$${a}${${a}}${a", "a", "}")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		if len(text)+len(value)*len(text) > MaxFilled/2 {
			return
		}
		placeholder := "${" + key + "}"
		got := fillText(t, text, map[string]string{key: value})
		if strings.Contains(key, "}") || strings.Contains(key, "${") {
			if got != text {
				t.Fatalf("%q is no key, but %q became %q", key, text, got)
			}
			return
		}
		if want := strings.ReplaceAll(text, placeholder, value); got != want {
			t.Fatalf("%q with %q=%q gives %q, want %q", text, key, value, got, want)
		}
		if again := fillText(t, text, map[string]string{key: placeholder}); again != text {
			t.Fatalf("filling %q with its own placeholders gives %q", text, again)
		}
	})
}
