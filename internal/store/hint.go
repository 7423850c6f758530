package store

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Nodes tell each other with a datagram that there is something to look for. It
// says nothing else, may come from anybody and may be lost: a look costs one
// small query, and a node that hears nothing looks by itself.
const (
	// lookInterval is how often a node without work of its own looks for what
	// others have left, and heardInterval when it hears them. One that has work
	// sees it with each transaction.
	lookInterval  = 25 * time.Millisecond
	heardInterval = 250 * time.Millisecond
)

// hints is a node's ear and mouth.
type hints struct {
	conn  *net.UDPConn
	heard atomic.Bool   // anything, so far
	news  chan struct{} // something was heard since the last look
}

// newHints listens on the address by which this machine reaches the database,
// which is the one that other nodes most likely reach it by. Without a socket
// there are no hints: nil.
func newHints(local net.Addr) *hints {
	ip := net.IPv4(127, 0, 0, 1) // the database is on this machine
	if tcp, ok := local.(*net.TCPAddr); ok {
		ip = tcp.IP
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: ip})
	if err != nil {
		return nil
	}
	h := &hints{conn: conn, news: make(chan struct{}, 1)}
	go h.listen()
	return h
}

// address is where others send their hints; "" for nowhere.
func (h *hints) address() string {
	if h == nil {
		return ""
	}
	return h.conn.LocalAddr().String()
}

func (h *hints) listen() {
	var any [1]byte
	for {
		if _, _, err := h.conn.ReadFromUDPAddrPort(any[:]); err != nil {
			return // closed
		}
		h.heard.Store(true)
		select {
		case h.news <- struct{}{}:
		default:
		}
	}
}

// tell sends a hint to a node.
func (h *hints) tell(address string) {
	if h == nil || address == "" {
		return
	}
	if to, err := netip.ParseAddrPort(address); err == nil {
		_, _ = h.conn.WriteToUDPAddrPort([]byte{1}, to) // it looks by itself, too
	}
}

func (h *hints) close() {
	if h != nil {
		h.conn.Close()
	}
}

// interval is the time between two looks.
func (h *hints) interval() time.Duration {
	if h != nil && h.heard.Load() {
		return heardInterval
	}
	return lookInterval
}

// channel gives what was heard; nil without hints.
func (h *hints) channel() <-chan struct{} {
	if h == nil {
		return nil
	}
	return h.news
}

// news says whether other nodes have left something. When that cannot be
// found out, the next transaction will say why.
func (db *DB) news() bool {
	m := db.members.Load()
	if m.self == 0 {
		return false
	}
	found, err := db.engine.newsFor(context.Background(), m)
	return found || err != nil
}
