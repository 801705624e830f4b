// Package ring passes values from many goroutines to one without locks. What
// does not fit is refused: the newest is dropped, and the producer knows.
package ring

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
)

// Ring is a bounded queue in several lanes; each is a ring of slots with a
// sequence number that says whose turn the slot is (D. Vyukov's bounded queue).
type Ring[T any] struct {
	lanes []lane[T]
}

type lane[T any] struct {
	_     [64]byte // lanes share no cache line
	tail  atomic.Uint64
	_     [56]byte
	head  atomic.Uint64
	_     [56]byte
	slots []slot[T]
}

type slot[T any] struct {
	turn  atomic.Uint64
	value T
}

// maxLanes lets two producers meet rarely, and none be refused long before the
// ring is full.
const maxLanes = 8

// New is a ring of at least the capacity.
func New[T any](capacity int) *Ring[T] {
	lanes := min(maxLanes, ceilPower(max(capacity/256, 1)))
	size := ceilPower(max((capacity+lanes-1)/lanes, 2))
	r := &Ring[T]{lanes: make([]lane[T], lanes)}
	for i := range r.lanes {
		l := &r.lanes[i]
		l.slots = make([]slot[T], size)
		for j := range l.slots {
			l.slots[j].turn.Store(uint64(j))
		}
	}
	return r
}

func ceilPower(n int) int { return 1 << bits.Len(uint(n-1)) }

// Cap is how many values fit.
func (r *Ring[T]) Cap() int { return len(r.lanes) * len(r.lanes[0].slots) }

// Len is how many values wait, about.
func (r *Ring[T]) Len() (n int) {
	for i := range r.lanes {
		l := &r.lanes[i]
		head := l.head.Load()
		n += int(l.tail.Load() - head)
	}
	return n
}

// Offer adds v; false where the ring is full. Any goroutine may call it.
func (r *Ring[T]) Offer(v T) bool {
	mask := len(r.lanes) - 1
	first := 0
	if mask > 0 {
		first = int(rand.Uint32()) & mask
	}
	for i := range r.lanes {
		if r.lanes[(first+i)&mask].offer(v) {
			return true
		}
	}
	return false
}

func (l *lane[T]) offer(v T) bool {
	for tail := l.tail.Load(); ; tail = l.tail.Load() {
		s := &l.slots[tail&uint64(len(l.slots)-1)]
		switch turn := s.turn.Load(); {
		case turn == tail:
			if l.tail.CompareAndSwap(tail, tail+1) {
				s.value = v
				s.turn.Store(tail + 1)
				return true
			}
		case turn < tail:
			return false
		}
	}
}

// Take appends at most n values to into. One goroutine at a time may call it.
func (r *Ring[T]) Take(into []T, n int) []T {
	for i := range r.lanes {
		for n > 0 {
			v, ok := r.lanes[i].take()
			if !ok {
				break
			}
			into = append(into, v)
			n--
		}
	}
	return into
}

func (l *lane[T]) take() (v T, ok bool) {
	head := l.head.Load()
	s := &l.slots[head&uint64(len(l.slots)-1)]
	if s.turn.Load() != head+1 {
		return v, false
	}
	v = s.value
	var zero T
	s.value = zero
	s.turn.Store(head + uint64(len(l.slots)))
	l.head.Store(head + 1)
	return v, true
}
