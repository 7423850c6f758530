package convapi

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// fewMembers is up to how many members a pairwise search for duplicate keys is
// cheaper than building a map.
const fewMembers = 16

// orderMembers rewrites the members of the object that is being closed if
// JavaScript would list them in another order: integer keys come first,
// ascending, and of several members with one key the last value takes the first
// one's place.
func (w *canonicalWriter) orderMembers(members []member) {
	if len(members) < 2 || !w.hasIndexKey(members) && !w.hasDuplicate(members) {
		return
	}
	body := members[0].start
	last := make(map[string]member, len(members))
	for _, m := range members {
		last[w.key(m)] = m
	}
	type keyed struct {
		member
		index   uint64
		isIndex bool
	}
	var ordered []keyed
	for _, m := range members {
		key := w.key(m)
		winner, first := last[key]
		if !first {
			continue
		}
		delete(last, key)
		index, isIndex := arrayIndex(key)
		ordered = append(ordered, keyed{winner, index, isIndex})
	}
	slices.SortStableFunc(ordered, func(a, b keyed) int {
		switch {
		case a.isIndex && b.isIndex:
			return cmp.Compare(a.index, b.index)
		case a.isIndex:
			return -1
		case b.isIndex:
			return 1
		}
		return 0
	})
	rewritten := make([]byte, 0, len(w.out)-body)
	for i, m := range ordered {
		if i > 0 {
			rewritten = append(rewritten, ',')
		}
		rewritten = append(rewritten, w.out[m.start:m.end]...)
	}
	w.out = append(w.out[:body], rewritten...)
}

// key returns the member's key as written, without the quotes. Canonical escapes
// are unique, so equal keys are equal texts.
func (w *canonicalWriter) key(m member) string { return string(w.out[m.start+1 : m.keyEnd-1]) }

func (w *canonicalWriter) hasIndexKey(members []member) bool {
	return slices.ContainsFunc(members, func(m member) bool {
		_, isIndex := arrayIndex(w.key(m))
		return isIndex
	})
}

func (w *canonicalWriter) hasDuplicate(members []member) bool {
	if len(members) <= fewMembers {
		for i, m := range members {
			for _, earlier := range members[:i] {
				if bytes.Equal(w.out[m.start:m.keyEnd], w.out[earlier.start:earlier.keyEnd]) {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		seen[w.key(m)] = true
	}
	return len(seen) < len(members)
}

// arrayIndex tells whether JavaScript takes key for an array index: the decimal
// form of 0 to 2^32-2 (ECMA-262, 6.1.7).
func arrayIndex(key string) (uint64, bool) {
	if key == "" || len(key) > 10 || key[0] == '0' && key != "0" || key[0] < '0' || key[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(key, 10, 32)
	return n, err == nil && n < 1<<32-1
}
