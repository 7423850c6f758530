package store

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// spaceTime is how long a look at the disk's free space is good for.
const spaceTime = time.Second

// space watches the room on the disk that the store is on.
type space struct {
	dir   string
	least uint64 // bytes
	log   *slog.Logger

	mu   sync.Mutex
	at   time.Time // of the last look
	free uint64    // bytes, then
	low  bool
}

// Room gives ErrLowSpace when the disk is so full that nothing new should be
// begun. A disk that does not tell has room.
func (db *DB) Room() error {
	if db.space == nil || db.space.least == 0 {
		return nil
	}
	free, low := db.space.look()
	if low {
		return fmt.Errorf("%w: %d MiB are left, fewer than %d", ErrLowSpace, free>>20, db.space.least>>20)
	}
	return nil
}

// Free is the room on the disk of a SQLite store in bytes; known is false on
// PostgreSQL and where the system does not tell.
func (db *DB) Free() (bytes uint64, known bool) {
	if db.space == nil {
		return 0, false
	}
	free, err := freeSpace(db.space.dir)
	return free, err == nil
}

func (s *space) look() (free uint64, low bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.at) < spaceTime && !now.Before(s.at) {
		return s.free, s.low
	}
	free, err := freeSpace(s.dir)
	low = err == nil && free < s.least
	switch {
	case low && !s.low:
		s.log.Error("the disk is almost full; new messages are refused", "free_bytes", free, "min_free_bytes", s.least)
	case !low && s.low:
		s.log.Info("the disk has room again", "free_bytes", free)
	}
	s.at, s.free, s.low = now, free, low
	return free, low
}
