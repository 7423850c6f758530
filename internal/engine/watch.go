package engine

import (
	"time"

	"switchyard/internal/observe"
)

// Channels tells how the accounts stand, by channel: those of channels that
// some app has. It takes each account's lock for a few reads.
func (e *Engine) Channels() []observe.Channel {
	sums := make(map[string]*observe.Channel)
	for _, a := range e.accounts.all() {
		sum := sums[string(a.channel)]
		if sum == nil {
			sum = &observe.Channel{Name: string(a.channel), Accounts: map[string]int{"active": 0, "pending": 0, "paused": 0, "failing": 0}}
			sums[sum.Name] = sum
		}
		waiting, oldest, state := a.stand(time.Now())
		sum.Waiting += waiting
		sum.Accounts[state]++
		if sum.Oldest.IsZero() || !oldest.IsZero() && oldest.Before(sum.Oldest) {
			sum.Oldest = oldest
		}
	}
	list := make([]observe.Channel, 0, len(sums))
	for _, sum := range sums {
		list = append(list, *sum)
	}
	return list
}

// stand is the account's queue and state at a time.
func (a *account) stand(now time.Time) (waiting int, oldest time.Time, state string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.openError != nil || a.failing != nil:
		state = "failing"
	case now.Before(a.paused):
		state = "paused"
	case a.proven:
		state = "active"
	default:
		state = "pending"
	}
	return a.queue.len(), a.queue.oldest(), state
}
