package client

import (
	"math/rand/v2"
	"time"
)

const (
	firstPause = time.Second           // at most, after the first attempt in vain
	leastHold  = 10 * time.Millisecond // where a receiver asks for no time at all
)

// backoff decides how long to wait before the next attempt to connect: a random
// part of a time that doubles with each in vain. The zero value has seen none.
type backoff struct{ failures int }

// end is how a stream ended.
type end uint8

const (
	failed  end = iota // it did nothing
	lost               // it had worked
	left               // we ended it
	foreign            // the receiver takes no such streams
)

func (b *backoff) after(e end, most time.Duration) time.Duration {
	switch e {
	case left:
		b.failures = 0
		return 0
	case lost:
		b.failures = 0
		return jitter(most / 3)
	case foreign:
		return most/2 + jitter(most/2)
	case failed:
	}
	b.failures++
	return jitter(doubled(firstPause, b.failures-1, most))
}

// hold is the time in which nothing is sent, because a receiver put something
// off: what it asks for, doubled with each time in a row.
type hold struct {
	until time.Time
	turns int
}

// begin takes an answer. One that comes while the time runs is to a frame that
// was sent before: no time in a row.
func (h *hold) begin(now time.Time, wait, most time.Duration) {
	if !now.Before(h.until) {
		wait = max(wait, doubled(max(wait, leastHold), h.turns, most))
		wait += jitter(wait / 2)
		h.turns++
	}
	if until := now.Add(wait); until.After(h.until) {
		h.until = until
	}
}

// end says that the receiver stores again.
func (h *hold) end() { h.turns = 0 }

// doubled is a time, doubled so often, at most.
func doubled(d time.Duration, times int, most time.Duration) time.Duration {
	for ; times > 0 && d < most; times-- {
		d *= 2
	}
	return min(d, most)
}

func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most)
}
