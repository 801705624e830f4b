package sampler

import (
	"sync/atomic"
	"time"
)

// Sightings tells the first call of an edge in a while, for Facts.FirstSight: a
// graph that is built from samples then has all of its edges. Beyond 1,024
// edges the others share one. A Sightings is shared by reference.
type Sightings struct {
	every int64 // seconds
	table table[atomic.Int64]
}

// NewSightings tells an edge again after that time, at least a second.
func NewSightings(every time.Duration) *Sightings {
	return &Sightings{every: int64(max(every, time.Second) / time.Second)}
}

// First reports whether the edge was not seen for a while.
func (s *Sightings) First(caller, callee string, unixSecond int64) bool {
	last := s.table.slot(pair{caller, callee}, func(*atomic.Int64, int) {})
	seen := last.Load()
	return apart(unixSecond, seen, s.every) && last.CompareAndSwap(seen, unixSecond)
}

// Tick forgets edges that were not seen for ten times as long; without it the
// first 1,024 edges are the ones told apart.
func (s *Sightings) Tick(unixSecond int64) {
	s.table.prune(func(last *atomic.Int64) bool { return apart(unixSecond, last.Load(), 10*s.every) })
}
