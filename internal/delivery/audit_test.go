package delivery

import "fmt"

// Audit holds the counts of every hook against what it has.
func (d *Deliverer) Audit() error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, h := range d.hooks {
		if err := h.audit(); err != nil {
			return err
		}
	}
	return nil
}

func (h *hook) audit() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed {
		return nil
	}
	var count, parked int
	chain := func(e *entry) {
		for ; e != nil; e = e.next {
			count++
			if e.parked {
				parked++
			}
		}
	}
	for _, q := range [][]*entry{h.ready.list, h.waiting.list} {
		for _, e := range q {
			chain(e)
		}
	}
	for e := range h.flying {
		if !e.shed {
			chain(e)
		}
	}
	if count != h.count || parked != h.parked {
		return fmt.Errorf("hook %s counts %d entries, %d of them parked; has %d and %d", h.id, h.count, h.parked, count, parked)
	}
	return nil
}
