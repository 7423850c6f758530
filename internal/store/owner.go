package store

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// owner is the one row that says which process works on the store. Every
// commit renews it and fails if the epoch is no longer its own, so that a
// process that was stopped past its time writes nothing when it wakes up.
type owner struct {
	node  string
	epoch int64
	// head is the newest position in the callback log: positions must not go
	// back when the clock does.
	head uint64
}

const (
	// ownerTime is how long a silent owner is waited for.
	ownerTime = 15 * time.Second
	// ownerRenewal is how often an idle owner renews.
	ownerRenewal = 3 * time.Second
)

// nodeName is host/pid/start of this process.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%s/%d/%d", host, os.Getpid(), time.Now().Unix())
}

// gone says whether the process that a node's name tells of was on this
// machine and has ended, so that its time need not be waited for.
func gone(node, self string) bool {
	host, rest, _ := strings.Cut(node, "/")
	own, _, _ := strings.Cut(self, "/")
	pid, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(pid)
	if host != own || err != nil {
		return false
	}
	return n == os.Getpid() || !processExists(n)
}
