package httpapi

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// route is one operation of the API: its method, its path below the project, and
// what answers it. In a pattern "*" stands for one segment, "*:verb" for one that
// ends in that verb.
type route struct {
	method, pattern string
	run             operation
}

// node is a place in the tree of paths. The next segment leads on to another one.
type node struct {
	next    map[string]*node
	methods map[string]operation
	route   string // the pattern that leads here, if there are methods
}

func newNode() *node {
	return &node{next: make(map[string]*node), methods: make(map[string]operation)}
}

// newTree makes the tree of all the routes below a path.
func newTree(below string, lists ...[]route) *node {
	root := newNode()
	for _, r := range slices.Concat(lists...) {
		n := root
		for segment := range strings.SplitSeq(r.pattern, "/") {
			if n.next[segment] == nil {
				n.next[segment] = newNode()
			}
			n = n.next[segment]
		}
		n.methods[r.method] = r.run
		n.route = below + r.pattern
	}
	return root
}

// find walks from n along the segments. It returns nil when the path leads
// nowhere, else the place and what stood where the pattern has "*".
func (n *node) find(segments []string) (place *node, ids []string) {
	for _, segment := range segments {
		next, id := n.step(segment)
		if next == nil {
			return nil, nil
		}
		if id != "" {
			ids = append(ids, id)
		}
		n = next
	}
	return n, ids
}

// step takes one segment: by its name, as an id with a verb, or as an id. Verbs
// are cut at the last colon, and only those that exist here: an identity in a
// path may hold colons of its own.
func (n *node) step(segment string) (next *node, id string) {
	if next := n.next[segment]; next != nil {
		return next, ""
	}
	if colon := strings.LastIndexByte(segment, ':'); colon > 0 {
		if next := n.next["*"+segment[colon:]]; next != nil {
			return next, segment[:colon]
		}
	}
	return n.next["*"], segment
}

// allowed lists the methods of n as the Allow header wants them.
func (n *node) allowed() string {
	return strings.Join(slices.Sorted(maps.Keys(n.methods)), ", ")
}

// splitPath cuts a path into its unescaped segments. Empty ones are left out: a
// host setting with a slash at its end makes clients call "//v1/…". Escapes are
// resolved after cutting, so that %3A makes a verb but %2F no segment.
func splitPath(u *url.URL) []string {
	segments := make([]string, 0, 8)
	for escaped := range strings.SplitSeq(u.EscapedPath(), "/") {
		if escaped == "" {
			continue
		}
		segment, err := url.PathUnescape(escaped)
		if err != nil {
			segment = escaped // names nothing, and so leads to a 404
		}
		segments = append(segments, segment)
	}
	return segments
}
