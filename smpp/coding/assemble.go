package coding

import (
	"strings"
	"time"
)

// Key tells the long messages under way apart.
type Key struct {
	Source, Destination string
	Ref                 uint16
	Total               uint8
	Wide                bool // whether Ref came in 16 bits
}

// Outcome says what became of a part.
type Outcome uint8

// The outcomes of [Assembler.Add].
const (
	Waiting   Outcome = iota // other parts are missing
	Complete                 // this was the last one
	Duplicate                // of a message that was completed before
)

// Assembled is a message put together, or what there was of it.
type Assembled struct {
	Key     Key
	Text    string
	Missing int // parts that never came; 0: complete
}

// Assembler collects the parts of long messages, in any order, until they are complete or too old. Completed messages are remembered for a while, so
// that a part which the centre repeats starts nothing. It holds at most Max messages. It is not safe for use by several goroutines.
type Assembler struct {
	TTL      time.Duration // of an incomplete message, from its first part
	Remember time.Duration // of a complete one, from its last part
	Max      int           // messages held; the oldest leaves first

	messages map[Key]*assembly
}

type assembly struct {
	texts []*string
	have  int
	until time.Time
}

func (a *assembly) complete() bool { return a.have == len(a.texts) }

func (a *assembly) result(key Key) Assembled {
	var text strings.Builder
	for _, t := range a.texts {
		if t != nil {
			text.WriteString(*t)
		}
	}
	return Assembled{Key: key, Text: text.String(), Missing: len(a.texts) - a.have}
}

// Add takes a part; seq is 1 to key.Total. ready holds the message if this part completed it, after any older one that had to make room: incomplete
// messages that were too many, or whose reference is being used again for another text.
func (a *Assembler) Add(key Key, seq uint8, text string, now time.Time) (outcome Outcome, ready []Assembled) {
	if a.messages == nil {
		a.messages = map[Key]*assembly{}
	}
	m := a.messages[key]
	if m != nil && (now.After(m.until) || m.texts[seq-1] != nil && *m.texts[seq-1] != text) {
		ready = append(ready, a.drop(key)...)
		m = nil
	}
	if m == nil {
		ready = append(ready, a.makeRoom()...)
		m = &assembly{texts: make([]*string, key.Total), until: now.Add(a.TTL)}
		a.messages[key] = m
	}
	if m.complete() {
		return Duplicate, ready
	}
	if m.texts[seq-1] == nil {
		m.texts[seq-1] = &text
		m.have++
	}
	if !m.complete() {
		return Waiting, ready
	}
	m.until = now.Add(a.Remember)
	return Complete, append(ready, m.result(key))
}

// Expire gives up the messages whose time is over and returns what there is of the incomplete ones.
func (a *Assembler) Expire(now time.Time) []Assembled {
	var given []Assembled
	for key, m := range a.messages {
		if now.After(m.until) {
			given = append(given, a.drop(key)...)
		}
	}
	return given
}

// Forget drops a message without a result, as if none of its parts had come.
func (a *Assembler) Forget(key Key) { delete(a.messages, key) }

// Len gives the number of messages held.
func (a *Assembler) Len() int { return len(a.messages) }

// drop forgets a message and returns it if it is incomplete.
func (a *Assembler) drop(key Key) []Assembled {
	m := a.messages[key]
	delete(a.messages, key)
	if m.complete() {
		return nil
	}
	return []Assembled{m.result(key)}
}

// makeRoom drops the message that would expire first, if there are Max.
func (a *Assembler) makeRoom() []Assembled {
	if a.Max <= 0 || len(a.messages) < a.Max {
		return nil
	}
	var oldest Key
	var until time.Time
	for key, m := range a.messages {
		if until.IsZero() || m.until.Before(until) {
			oldest, until = key, m.until
		}
	}
	return a.drop(oldest)
}
