package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultLease is how long a silent node keeps its lanes. With the time between
// two looks at the others it bounds how long a dead node's work lies.
const DefaultLease = 10 * time.Second

// renewals is how often a node renews its lease, and looks at the others, within
// the time of a lease.
const renewals = 4

// Members is who works on the store and on which lanes, as of one transaction.
// It is never changed; a change makes a new one.
type Members struct {
	version int64 // of the writer's row
	self    int64 // this process; 0 before Join
	nodes   map[int64]colleague
	owners  []int64 // of each lane; 0 for none
}

// colleague is a node as the others know it.
type colleague struct {
	name    string
	address string // for hints; "" for none
}

// Owns says whether this process does the work of a lane.
func (m *Members) Owns(lane int) bool { return m.self != 0 && m.owners[lane] == m.self }

// Live says whether a node is at work.
func (m *Members) Live(node int64) bool {
	_, live := m.nodes[node]
	return live
}

// Self is this process among the nodes; 0 before Join.
func (m *Members) Self() int64 { return m.self }

// Nodes is how many nodes are at work; at least 1, for the asker is.
func (m *Members) Nodes() int { return max(1, len(m.nodes)) }

// Owned lists the lanes of this process.
func (m *Members) Owned() (lanes []int) {
	for lane := range m.owners {
		if m.Owns(lane) {
			lanes = append(lanes, lane)
		}
	}
	return lanes
}

// others are the live nodes beside this one.
func (m *Members) others() []int64 {
	out := slices.Sorted(maps.Keys(m.nodes))
	return slices.DeleteFunc(out, func(id int64) bool { return id == m.self })
}

// alone says that no other node can have written or has to be told anything.
func (m *Members) alone() bool { return m.self != 0 && m.Live(m.self) && len(m.nodes) == 1 }

// wanted is the node that a lane belongs to: the live one with the highest hash
// of lane and node, so that a node that comes or goes moves its own share alone.
func (m *Members) wanted(lane int) (best int64) {
	var top uint64
	for id := range m.nodes {
		var key [16]byte
		binary.BigEndian.PutUint64(key[:8], uint64(lane))
		binary.BigEndian.PutUint64(key[8:], uint64(id))
		h := fnv.New64a()
		h.Write(key[:])
		if score := mix(h.Sum64()); best == 0 || score > top || score == top && id > best {
			best, top = id, score
		}
	}
	return best
}

// mix spreads a hash over all its bits (the finalizer of MurmurHash3): FNV
// alone leaves neighbouring lanes with neighbouring scores.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// settled says that every lane is where it belongs, as far as this node can see
// to it.
func (m *Members) settled() bool {
	for lane, owner := range m.owners {
		want := m.wanted(lane)
		if owner == m.self && want != m.self || want == m.self && !m.Live(owner) {
			return false
		}
	}
	return true
}

// Moved is a change of who does what.
type Moved struct {
	Gained, Lost []int   // lanes of this node
	Died         []int64 // nodes that are no longer at work
	Nodes        int     // that are
	// Moved lanes of any node, this one's included: where kept connections go
	// may have changed.
	Lanes bool
}

func (m *Members) since(old *Members) (out Moved) {
	out.Nodes = m.Nodes()
	for lane := range m.owners {
		was, is := old.Owns(lane), m.Owns(lane)
		switch {
		case is && !was:
			out.Gained = append(out.Gained, lane)
		case was && !is:
			out.Lost = append(out.Lost, lane)
		}
		out.Lanes = out.Lanes || old.owners[lane] != m.owners[lane]
	}
	for id := range old.nodes {
		if !m.Live(id) && id != m.self {
			out.Died = append(out.Died, id)
		}
	}
	return out
}

// Peer is the part of a node that goes on with what the store tells it. Its
// methods but Leave run on the writer's goroutine and must not block.
type Peer interface {
	// Configure takes the whole configuration, within the transaction in which
	// this node has joined the others.
	Configure(Configuration) error
	// Receive takes what other nodes have handed to this one, in the order of
	// their commits, before anything else of the transaction. It may run again
	// for the same handoffs. What is not for the directory belongs into After.
	Receive(tx *Tx, handed []Handoff) error
	// Moved tells of a change after its commit, before anything else that
	// follows from the transaction.
	Moved(Moved)
	// Leave ends the work on lanes that another node is to have, and returns
	// when what has been done there is on disk.
	Leave(ctx context.Context, lanes []int)
}

// nodeName is host/namespace/pid of this process and a word of its own. The
// namespace is that of process ids: containers with one host name may have the
// same ones.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		namespace = "pid"
	}
	return fmt.Sprintf("%s/%s/%d/%s", host, namespace, os.Getpid(), rand.Text()[:8])
}

// gone says whether the process that a node's name tells of was on this
// machine and has ended, so that its time need not be waited for.
func gone(node, self string) bool {
	was, is := strings.Split(node, "/"), strings.Split(self, "/")
	if len(was) != 4 || len(is) != 4 || was[0] != is[0] || was[1] != is[1] {
		return false
	}
	pid, err := strconv.Atoi(was[2])
	return err == nil && node != self && (pid == os.Getpid() || !processExists(pid))
}
