package rest_test

import (
	"errors"
	"strings"
	"testing"

	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// A reference opens only with the key that signed it, unchanged.
func TestMediaReference(t *testing.T) {
	address, err := rest.MediaURL("https://gw.test/channels/A1/WHATSAPP?credential=2", "key", "1003383421387256")
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(address, "?")
	base, ref, _ := strings.Cut(path, "/media/")
	if base != "https://gw.test/channels/A1/WHATSAPP" || query != "credential=2" {
		t.Errorf("URL %s", address)
	}
	if id, err := rest.MediaID("key", ref); id != "1003383421387256" || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
	for name, bad := range map[string][2]string{
		"other key":     {"kex", ref},
		"other id":      {"key", ref[:len(ref)-1] + "7"},
		"no signature":  {"key", ".1003383421387256"},
		"only the id":   {"key", "1003383421387256"},
		"only the sign": {"key", strings.Split(ref, ".")[0]},
		"empty":         {"key", ""},
	} {
		if _, err := rest.MediaID(bad[0], bad[1]); !errors.Is(err, channel.ErrNoMedia) {
			t.Errorf("%s: got %v, want ErrNoMedia", name, err)
		}
	}
}
