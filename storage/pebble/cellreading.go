package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Cells implements storage.CellReader.
func (s *Store) Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("read cells: %w", err)
	}
	defer s.gate.leave()
	if err := s.yieldCells(ctx, ceilSeconds(w.From), ceilSeconds(w.To), yield); err != nil {
		return fmt.Errorf("read cells: %w", err)
	}
	return nil
}

// ceilSeconds is the first whole second that is not before t.
func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// cellBatch is how many cells a reader gets at a time.
const cellBatch = 1024

// cellReading gathers cells for a reader.
type cellReading struct {
	ctx   context.Context
	store *Store
	yield func([]callgraph.Cell) error
	batch []callgraph.Cell
	edges map[edgeHash]callgraph.Edge
}

func (s *Store) newReading(ctx context.Context, yield func([]callgraph.Cell) error) *cellReading {
	return &cellReading{ctx: ctx, store: s, yield: yield, edges: map[edgeHash]callgraph.Edge{}}
}

// yieldCells reads the cells whose bucket begins at from <= second < to. It
// reads one state of the store: a cell is seen as it was written or within
// what it was rolled up to, never both.
func (s *Store) yieldCells(ctx context.Context, from, to int64, yield func([]callgraph.Cell) error) (err error) {
	if from >= to {
		return nil
	}
	r := s.newReading(ctx, yield)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixCell}, UpperBound: prefixEnd(prefixCell)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; {
		k, form, _, err := readCellKey(it.Key())
		if err != nil {
			return err
		}
		if ok, err = r.window(it, k.Bucket.Width, form, from, to); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	return r.flush()
}

// window reads the cells of one width and form and leaves the iterator behind
// them all.
func (r *cellReading) window(it *pebble.Iterator, width uint32, form byte, from, to int64) (more bool, err error) {
	end := bucketKey(width, form, to)
	for ok := it.SeekGE(bucketKey(width, form, from)); ok && bytes.Compare(it.Key(), end) < 0; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return false, err
		}
		if err := r.add(it.Key(), value); err != nil {
			return false, err
		}
	}
	return it.SeekGE(append(bucketKey(width, form, 0)[:cellKeyStart-1], form+1)), nil
}

func (r *cellReading) add(key, value []byte) error {
	c, _, err := r.read(key, value)
	if err != nil {
		return err
	}
	r.batch = append(r.batch, c)
	if len(r.batch) < cellBatch {
		return nil
	}
	return r.flush()
}

func (r *cellReading) flush() error {
	if err := errors.Join(r.ctx.Err(), r.store.gate.open()); err != nil {
		return err
	}
	batch := r.batch
	r.batch = nil
	if len(batch) == 0 {
		return nil
	}
	return r.yield(batch)
}

func (r *cellReading) read(key, value []byte) (c callgraph.Cell, parts []part, err error) {
	k, _, h, err := readCellKey(key)
	if err != nil {
		return c, nil, err
	}
	c.CellKey = k
	if c.Edge, err = r.edge(h); err != nil {
		return c, nil, err
	}
	parts, err = readCell(value, &c)
	return c, parts, err
}

func (r *cellReading) edge(h edgeHash) (callgraph.Edge, error) {
	if e, ok := r.edges[h]; ok {
		return e, nil
	}
	e, err := r.store.edgeOf(h)
	if err == nil {
		r.edges[h] = e
	}
	return e, err
}

func (s *Store) edgeOf(h edgeHash) (e callgraph.Edge, err error) {
	found := false
	err = s.withValue(edgeKey(h), func(value []byte) (err error) {
		found = true
		e, err = readEdge(value)
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("edge %x is missing: %w", h, errCorruptCell)
	}
	return e, err
}

// cellBytes is about how much disk the cells take. Pebble's estimate is of
// blocks, which spans share at the edges: without cells it means nothing.
func (s *Store) cellBytes() (n uint64) {
	err := s.scan([]byte{prefixCell}, prefixEnd(prefixCell), func(_, _ []byte) (err error) {
		n, err = s.db.EstimateDiskUsage([]byte{prefixCell}, prefixEnd(prefixEdge))
		return errors.Join(errEnough, err)
	})
	if err != nil && !errors.Is(err, errEnough) {
		s.report(err)
	}
	return n
}
