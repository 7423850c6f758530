package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// ledger checks that callbacks put into the log beforehand arrive, and in
// order: each is a step of a message.
type ledger struct {
	messages []gateway.ID
	body     []byte

	mu       sync.Mutex
	arrived  int   // different ones
	next     []int // the step that is to come, by message
	repeated int
	early    int // came before one that is older
}

// stepsOfMessage is how many callbacks a message has, as far apart from each
// other in the log as can be.
const stepsOfMessage = 4

func newLedger(callbacks int) *ledger {
	messages := max(1, callbacks/stepsOfMessage)
	l := &ledger{next: make([]int, messages), messages: make([]gateway.ID, messages)}
	for i := range l.messages {
		l.messages[i] = gateway.NewID(byte(i))
	}
	l.body = bytes.Repeat([]byte("x"), callbackLength-40)
	return l
}

// append puts callback i into the log.
func (l *ledger) append(tx *store.Tx, app gateway.ID, i int) {
	message := i % len(l.messages)
	tx.Append(store.Callback{
		App: app, Message: l.messages[message], Trigger: delivery.TriggerIndex(convapi.TriggerMessageDelivery), At: tx.Now,
		Body: fmt.Appendf(nil, `{"ledger":%d,"step":%d,"rest":"%s"}`, message, i/len(l.messages), l.body),
	})
}

// look takes what arrives; it knows its own.
func (l *ledger) look(body []byte, _ time.Time) {
	rest, own := bytes.CutPrefix(body, []byte(`{"ledger":`))
	if !own {
		return
	}
	number, rest, _ := bytes.Cut(rest, []byte(`,"step":`))
	step, _, _ := bytes.Cut(rest, []byte(","))
	m, err1 := strconv.Atoi(string(number))
	n, err2 := strconv.Atoi(string(step))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err1 != nil || err2 != nil || m >= len(l.next):
	case n < l.next[m]:
		l.repeated++
	case n > l.next[m]:
		l.early++
		l.arrived++
		l.next[m] = n + 1
	default:
		l.arrived++
		l.next[m] = n + 1
	}
}

// counted gives how many came, how many of them too early, and how many again.
func (l *ledger) counted() (arrived, early, repeated int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arrived, l.early, l.repeated
}
