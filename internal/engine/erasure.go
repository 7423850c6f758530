package engine

import (
	"bytes"
	"time"

	"switchyard/internal/store"
)

// settled is how long after its deletion a contact's last callback is in the log at
// the latest: positions may run ahead of the time, or behind it on another node.
const settled = time.Minute

// erase takes deleted contacts out of the callback log: callbacks of theirs, when
// all webhooks have got them. Until then a contact stays noted.
func (s sweep) erase() error {
	return s.lanes("erasure", func(lane int) error {
		list, err := s.db.Erasures(s.ctx, lane)
		if err != nil || len(list) == 0 {
			return err
		}
		return s.eraseIn(lane, list)
	})
}

func (s sweep) eraseIn(lane int, list []store.Erasure) error {
	names := make([][]byte, len(list))
	for i, one := range list {
		names[i] = []byte(one.Contact.String())
	}
	searched := store.PositionAt(s.db.Now()) // up to here in the logs of all apps
	err := s.eachLog(lane, searched, func(done uint64, page []store.Callback) []store.Callback {
		searched = min(searched, done)
		var about []store.Callback
		for _, c := range page {
			for _, name := range names {
				if bytes.Contains(c.Body, name) {
					about = append(about, c)
					break
				}
			}
		}
		return about
	})
	if err != nil {
		return err
	}
	var finished []store.Erasure
	for _, one := range list {
		if store.PositionAt(one.At.Add(settled)) <= searched {
			finished = append(finished, one)
		}
	}
	return s.deleteRows("erasure", lane, len(finished), func(tx *store.Tx) {
		for _, one := range finished {
			tx.Erasures.Delete(one.Contact)
		}
	})
}
