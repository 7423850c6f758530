package scenarios

import (
	"fmt"
	"io"
	"sync"
)

// names gives ids the names that a script uses: its own, or kind-1, kind-2 …
// in the order of their appearance.
type names struct {
	kind string
	next *int
	ids  map[string]string // by name
	by   map[string]string // by id
}

func newNames(kind string) names {
	return names{kind: kind, next: new(int), ids: make(map[string]string), by: make(map[string]string)}
}

func (n names) put(name, id string) { n.ids[name], n.by[id] = id, name }

// name of an id; an empty id is "-".
func (n names) name(id string) string {
	if id == "" {
		return "-"
	}
	if _, known := n.by[id]; !known {
		*n.next++
		n.put(fmt.Sprintf("%s-%d", n.kind, *n.next), id)
	}
	return n.by[id]
}

// locked is a writer for many.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
