package pebble

import (
	"context"
	"fmt"
	"sync"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// intervals gathers those that come while others are put in order for the disk,
// to be added up together: many processes count the same edges.
type intervals struct {
	mu      sync.Mutex
	queue   []*intervalWrite
	running bool // somebody puts some in order
}

// intervalWrite is what one caller wants added.
type intervalWrite struct {
	interval *callgraph.Interval
	instance instanceHash
	turn     chan turn
	repeated bool
	failed   error // of this one alone
}

// intervalsAtOnce and cellsAtOnce bound a batch; a larger interval goes alone.
const intervalsAtOnce = 1024

// WriteInterval implements storage.IntervalWriter.
func (s *Store) WriteInterval(ctx context.Context, in callgraph.Interval) (repeated bool, err error) {
	if err := s.gate.enter(); err != nil {
		return false, fmt.Errorf("write interval %d: %w", in.Number, err)
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("write interval %d: %w", in.Number, err)
	}
	w := &intervalWrite{interval: &in, instance: hashInstance(in.Instance), turn: make(chan turn, 1)}
	if err = s.writeInterval(w); err == nil {
		err = w.failed
	}
	if err != nil {
		return false, fmt.Errorf("write interval %d of %d cells: %w", in.Number, len(in.Cells), err)
	}
	return w.repeated, nil
}

// writeInterval returns when w was written, alone or with others. The next ones
// are put in order while these wait for the disk.
func (s *Store) writeInterval(w *intervalWrite) error {
	if !s.intervals.enter(w) {
		if t := <-w.turn; !t.lead {
			return t.err
		}
	}
	batch := s.intervals.gather(w)
	err := s.writeIntervals(batch)
	for _, other := range batch[1:] {
		other.turn <- turn{err: err}
	}
	return err
}

func (s *Store) writeIntervals(batch []*intervalWrite) error {
	err := s.writable()
	if err != nil {
		s.intervals.next()
		return err
	}
	b := s.db.NewBatch()
	err = s.guard(func() error { return s.putIntervals(b, batch) })
	s.intervals.next()
	if err != nil {
		return err
	}
	return s.guard(func() error {
		if err := b.SyncWait(); err != nil {
			return full(err)
		}
		return b.Close()
	})
}

// enter reports whether w leads at once; else it is in the queue.
func (g *intervals) enter(w *intervalWrite) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.running {
		g.running = true
		return true
	}
	g.queue = append(g.queue, w)
	return false
}

// gather is w and what waits.
func (g *intervals) gather(w *intervalWrite) []*intervalWrite {
	g.mu.Lock()
	defer g.mu.Unlock()
	batch, cells := []*intervalWrite{w}, len(w.interval.Cells)
	for len(g.queue) > 0 && len(batch) < intervalsAtOnce {
		if cells += len(g.queue[0].interval.Cells); cells > cellsAtOnce {
			break
		}
		batch = append(batch, g.pop())
	}
	return batch
}

func (g *intervals) pop() *intervalWrite {
	w := g.queue[0]
	g.queue[0] = nil
	g.queue = g.queue[1:]
	return w
}

// next lets the first of the queue lead.
func (g *intervals) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running = len(g.queue) > 0; g.running {
		g.pop().turn <- turn{lead: true}
	}
}
