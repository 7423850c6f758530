package engine

import (
	"slices"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// job is a message in the queue of an account. The queue is a hint: every
// message in it can be found again from the rows.
type job struct {
	message gateway.ID
	app     gateway.ID
	channel convapi.Channel
	first   bool  // a fallback or a retry: it has waited before
	high    bool  // HIGH_PRIORITY
	since   int64 // in this or another account's queue, Unix nanoseconds
}

// handoff is the job as another node gets it.
func (j job) handoff() store.Handoff {
	detail := string(j.channel)
	if j.first {
		detail += " first"
	}
	if j.high {
		detail += " high"
	}
	return store.Handoff{Kind: store.HandoffJob, App: j.app, Subject: j.message, Detail: detail}
}

// jobOf reads what handoff wrote.
func jobOf(h store.Handoff) job {
	words := strings.Fields(h.Detail)
	j := job{message: h.Subject, app: h.App}
	if len(words) > 0 {
		j.channel = convapi.Channel(words[0])
		j.first, j.high = slices.Contains(words[1:], "first"), slices.Contains(words[1:], "high")
	}
	return j
}

// queueRetryAfter is when a full queue is worth another try.
const queueRetryAfter = 5 * time.Second

// normalShare: of so many jobs one is taken from the normal queue even while
// the high one has more.
const normalShare = 10

// queue is first in, first out in three classes: what falls back or retries,
// high priority, normal.
type queue struct {
	first, high, normal fifo
	taken               int
}

func (q *queue) len() int { return q.first.len() + q.high.len() + q.normal.len() }

// oldest is since when the one waits that waits longest; zero for none.
func (q *queue) oldest() time.Time {
	oldest := int64(0)
	for _, f := range []*fifo{&q.first, &q.high, &q.normal} {
		if f.len() > 0 && (oldest == 0 || f.jobs[f.head].since < oldest) {
			oldest = f.jobs[f.head].since
		}
	}
	if oldest == 0 {
		return time.Time{}
	}
	return time.Unix(0, oldest)
}

func (q *queue) push(j job) {
	switch {
	case j.first:
		q.first.push(j)
	case j.high:
		q.high.push(j)
	default:
		q.normal.push(j)
	}
}

func (q *queue) pop() (job, bool) {
	q.taken++
	switch {
	case q.first.len() > 0:
		return q.first.pop(), true
	case q.normal.len() > 0 && (q.high.len() == 0 || q.taken%normalShare == 0):
		return q.normal.pop(), true
	case q.high.len() > 0:
		return q.high.pop(), true
	}
	return job{}, false
}

// fifo is a queue in one slice that is packed when its head has moved far.
type fifo struct {
	jobs []job
	head int
}

func (f *fifo) len() int { return len(f.jobs) - f.head }

func (f *fifo) push(j job) { f.jobs = append(f.jobs, j) }

func (f *fifo) pop() job {
	j := f.jobs[f.head]
	f.head++
	if f.head == len(f.jobs) {
		f.jobs, f.head = f.jobs[:0], 0
	} else if f.head > 1024 && f.head > len(f.jobs)/2 {
		f.jobs = append(f.jobs[:0], f.jobs[f.head:]...)
		f.head = 0
	}
	return j
}
