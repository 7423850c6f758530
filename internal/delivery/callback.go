package delivery

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// TriggerIndex is the number of a trigger in store.Callback.Trigger: its place
// in convapi.Triggers, or -1 for a text that is no trigger. The numbers are in
// the store, so that list may only grow at its end.
func TriggerIndex(t convapi.Trigger) int { return slices.Index(convapi.Triggers(), t) }

// triggers is a set of trigger indexes.
type triggers uint64

func triggerSet(list []convapi.Trigger) (set triggers) {
	for _, t := range list {
		if i := TriggerIndex(t); i >= 0 {
			set |= 1 << i
		}
	}
	return set
}

func (s triggers) has(index int) bool { return index >= 0 && index < 64 && s>>index&1 == 1 }

// CallbackID is the webhook-id of a callback: a ULID made of its position and a
// hash of lane, app and position. It is the same over attempts and restarts,
// and the same at every webhook that gets the callback, so that a receiver
// behind two webhooks sees that it is one event; two callbacks never share one.
func CallbackID(c *store.Callback) string {
	var key [4 + 16 + 8]byte
	binary.BigEndian.PutUint32(key[:4], uint32(c.Lane))
	copy(key[4:20], c.App[:])
	binary.BigEndian.PutUint64(key[20:], c.Position)
	sum := sha256.Sum256(key[:])

	var id gateway.ID
	binary.BigEndian.PutUint64(id[:8], c.Position)
	copy(id[8:], sum[:8])
	return id.String()
}

// originID names what callbacks with a target of their own share: the app and
// the target's scheme and host. An origin is the unit of fairness and of the
// breaker.
func originID(app gateway.ID, target string) (id gateway.ID) {
	origin := target
	if u, err := url.Parse(target); err == nil {
		origin = u.Scheme + "://" + u.Host
	}
	sum := sha256.Sum256(append(app[:], origin...))
	copy(id[:], sum[:])
	return id
}

// hostOf is what logs may show of a URL.
func hostOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Host
}
