package pebble

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// intervalWrite is what one caller wants added. Those that come together are
// added up together: many processes count the same edges.
type intervalWrite struct {
	interval *callgraph.Interval
	instance instanceHash
	turn     chan turn
	repeated bool
	failed   error // of this one alone
}

func (w *intervalWrite) size() int        { return len(w.interval.Cells) }
func (w *intervalWrite) turns() chan turn { return w.turn }

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
	if err = s.intervals.write(w, s.writeIntervals); err == nil {
		err = w.failed
	}
	if err != nil {
		return false, fmt.Errorf("write interval %d of %d cells: %w", in.Number, len(in.Cells), err)
	}
	return w.repeated, nil
}

func (s *Store) writeIntervals(batch []*intervalWrite, next func()) error {
	return s.writeInOrder(next, func(b *pebble.Batch) error { return s.putIntervals(b, batch) })
}

// writeInOrder lets put fill a batch and make it seen, calls next, and waits
// for the disk.
func (s *Store) writeInOrder(next func(), put func(*pebble.Batch) error) error {
	if err := s.writable(); err != nil {
		next()
		return err
	}
	b := s.db.NewBatch()
	err := s.guard(func() error { return put(b) })
	next()
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
