package engine

import "time"

// timed is something that is due at a time.
type timed[T any] struct {
	at   time.Time
	what T
}

// soonest is a heap, for package container/heap, with what is due next on top.
type soonest[T any] []timed[T]

func (h soonest[T]) Len() int           { return len(h) }
func (h soonest[T]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h soonest[T]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *soonest[T]) Push(x any)        { *h = append(*h, x.(timed[T])) }
func (h *soonest[T]) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
