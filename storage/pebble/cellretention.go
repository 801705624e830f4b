package pebble

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// errEnough ends a scan early.
var errEnough = errors.New("enough")

// dropOldCells drops the cells whose last call arrived before a time, and then
// the edges that no cell names.
func (s *Store) dropOldCells(ctx context.Context, arrived time.Time) error {
	named := map[edgeHash]struct{}{}
	from := []byte{prefixCell}
	for from != nil && ctx.Err() == nil {
		var err error
		if from, err = s.dropSomeCells(arrived.Unix(), from, named); err != nil {
			return err
		}
	}
	if from != nil {
		return nil // cancelled: not all that is named is known
	}
	return s.dropEdges(named)
}

func (s *Store) dropSomeCells(arrived int64, from []byte, named map[edgeHash]struct{}) (next []byte, err error) {
	s.cells.mu.Lock()
	defer s.cells.mu.Unlock()
	b := s.db.NewBatch()
	seen := 0
	err = s.scan(from, prefixEnd(prefixCell), func(key, value []byte) error {
		if seen++; seen > 8*rollCells || b.Count() > rollCells {
			next = bytes.Clone(key)
			return errEnough
		}
		last, err := lastArrival(key, value)
		if err == nil && last < arrived {
			return b.Delete(key, nil)
		}
		named[edgeOfKey(key)] = struct{}{}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if !b.Empty() {
		s.cells.open.forget()
	}
	s.stats.droppedCells.Add(uint64(b.Count()))
	return next, s.apply(b, pebble.NoSync)
}

// lastArrival is about when a cell's last call arrived. A cell that says
// nothing of arrivals counts from its bucket.
func lastArrival(key, value []byte) (int64, error) {
	k, _, _, err := readCellKey(key)
	if err != nil {
		return 0, err
	}
	_, closed, err := cellSequence(value)
	if last := max(closed, k.Opened); last != 0 {
		return last, err
	}
	return k.Bucket.Start, err
}

// dropEdges drops the edges that were not named, unless one was written since:
// it is known then.
func (s *Store) dropEdges(named map[edgeHash]struct{}) error {
	s.cells.mu.Lock()
	defer s.cells.mu.Unlock()
	since, complete := s.cells.edges, !s.cells.overflowed
	s.cells.edges, s.cells.overflowed = map[edgeHash]struct{}{}, false
	if !complete {
		return nil
	}
	b := s.db.NewBatch()
	err := s.scan([]byte{prefixEdge}, prefixEnd(prefixEdge), func(key, _ []byte) error {
		h := edgeHash(key[1:])
		_, isNamed := named[h]
		_, isNew := since[h]
		if isNamed || isNew {
			return nil
		}
		return b.Delete(key, nil)
	})
	if err != nil {
		return err
	}
	return s.apply(b, pebble.NoSync)
}
