package bench

import (
	"fmt"
	"testing"
	"time"
)

func TestLedgerSeesDisorder(t *testing.T) {
	l := newLedger(2 * stepsOfMessage)
	come := func(message, step int) {
		l.look(fmt.Appendf(nil, `{"ledger":%d,"step":%d,"rest":""}`, message, step), time.Time{})
	}
	l.look([]byte(`{"app_id":"another's"}`), time.Time{})
	come(0, 0)
	come(1, 0)
	come(0, 1)
	come(0, 1)
	come(1, 2) // 1 is missing
	arrived, early, repeated := l.counted()
	if arrived != 4 || early != 1 || repeated != 1 {
		t.Errorf("%d arrived, %d early, %d repeated, want 4, 1 and 1", arrived, early, repeated)
	}
}
