package httpapi

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

func TestTokenLife(t *testing.T) {
	m := tokenMaker{key: testKey}
	issued := time.Date(2026, 1, 2, 3, 4, 5, 999_000_000, time.UTC)
	token, err := m.issue("key", "project", issued)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		age  time.Duration
		want error
	}{
		{0, nil},
		{3598 * time.Second, nil},
		{3599 * time.Second, errTokenExpired},
		{24 * time.Hour, errTokenExpired},
	} {
		project, err := m.verify(token, issued.Add(tc.age))
		if !errors.Is(err, tc.want) || (err == nil) != (project == "project") {
			t.Errorf("after %v: %q, %v; want %v", tc.age, project, err, tc.want)
		}
	}
}

func TestTokenForeign(t *testing.T) {
	m := tokenMaker{key: testKey}
	now := time.Now()
	token, err := m.issue("key", "project", now)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := tokenMaker{key: []byte("another key, also 32 octets long")}.issue("key", "project", now)
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT","kid":"x"}`))
	claim := base64.RawURLEncoding.EncodeToString([]byte(`{"project_id":"victim","exp":99999999999}`))
	for name, bad := range map[string]string{
		"empty":                 "",
		"no parts":              "opaque",
		"other key":             foreign,
		"no signature":          part[0] + "." + part[1] + ".",
		"cut signature":         token[:len(token)-1],
		"other claims":          part[0] + "." + claim + "." + part[2],
		"algorithm none":        none + "." + claim + ".",
		"other header, our key": other + "." + part[1] + "." + m.sign(other+"."+part[1]),
		"header only":           tokenHeader + "." + m.sign(tokenHeader),
		"claims not base64":     tokenHeader + ".?." + m.sign(tokenHeader+".?"),
		"claims not JSON":       tokenHeader + ".AAAA." + m.sign(tokenHeader+".AAAA"),
	} {
		if project, err := m.verify(bad, now); !errors.Is(err, errTokenForeign) {
			t.Errorf("%s: %q, %v; want errTokenForeign", name, project, err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	m := tokenMaker{key: testKey}
	now := time.Now()
	token, err := m.issue("6f1cb2f0-5f0a-4f44-b69f-4f0b1d6b1c39", "b1a0cd33-6e0e-4dd8-8b8c-1ce0e4e3cbbb", now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.verify(token, now); err != nil {
			b.Fatal(err)
		}
	}
}
