package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// cells is what is kept in memory of the cells on disk.
type cells struct {
	mu     sync.Mutex // held while cells are compared and put in order for the disk
	recent recent
	edges  map[edgeHash]struct{} // that are on disk: those written since they were last dropped
	// overflowed says that edges lacks some that were written since.
	overflowed bool
	rolled     int64 // greatest arrival up to which cells may have been rolled up
}

// maxKnownEdges bounds the memory of which edges are on disk; beyond it the
// disk is asked again.
const maxKnownEdges = 1 << 18

func (s *Store) loadCells() error {
	s.cells = &cells{recent: newRecent(), edges: map[edgeHash]struct{}{}, rolled: s.options.Now().Unix()}
	return nil
}

// reset forgets what may not be on disk after a failure.
func (c *cells) reset() {
	c.recent = newRecent()
	clear(c.edges)
	c.overflowed = true
}

// WriteCells implements storage.CellWriter.
func (s *Store) WriteCells(ctx context.Context, cells []callgraph.Cell) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("write %d cells: %w", len(cells), err)
	}
	defer s.gate.leave()
	if len(cells) == 0 {
		return nil
	}
	err := ctx.Err()
	if err == nil {
		err = s.writeCells(cells)
	}
	if err != nil {
		return fmt.Errorf("write %d cells: %w", len(cells), err)
	}
	return nil
}

// writeCells compares under the lock, so that the order of the log is that of
// the sequences, and waits for the disk without it.
func (s *Store) writeCells(cells []callgraph.Cell) error {
	if err := s.writable(); err != nil {
		return err
	}
	b := s.db.NewBatch()
	return s.guard(func() error {
		if err := s.putCells(b, cells); err != nil {
			return err
		}
		if err := b.SyncWait(); err != nil {
			return full(err)
		}
		return b.Close()
	})
}

func (s *Store) putCells(b *pebble.Batch, cells []callgraph.Cell) error {
	s.cells.mu.Lock()
	defer s.cells.mu.Unlock()
	w := cellWrite{store: s, batch: b, version: s.cells.recent.begin()}
	for i := range cells {
		if err := w.put(&cells[i]); err != nil {
			s.cells.reset()
			return err
		}
	}
	// An empty batch waits for what is on its way: an equal cell may be.
	if b.Empty() {
		_ = b.LogData(nil, nil)
	}
	if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		s.cells.reset()
		return full(err)
	}
	return nil
}

// cellWrite is one request to write cells.
type cellWrite struct {
	store        *Store
	batch        *pebble.Batch
	version      uint64
	edge, buffer []byte
	lastEdge     callgraph.Edge
	lastHash     edgeHash
	hashed       bool
}

func (w *cellWrite) put(c *callgraph.Cell) error {
	edge, err := w.hash(&c.Edge)
	if err != nil {
		return err
	}
	key := cellKey(&c.CellKey, formWritten, edge)
	known, ok, err := w.known(key, c, edge)
	if err != nil {
		return err
	}
	if ok && known >= c.Sequence {
		w.store.stats.staleCells.Add(1)
		return nil
	}
	w.store.cells.recent.put(string(key), c.Sequence, w.version)
	w.buffer = appendCell(w.buffer[:0], c, nil)
	return w.batch.Set(key, w.buffer, nil)
}

// hash of an edge, which is on disk once the batch is.
func (w *cellWrite) hash(e *callgraph.Edge) (edgeHash, error) {
	if w.hashed && w.lastEdge == *e {
		return w.lastHash, nil
	}
	w.edge = appendEdge(w.edge[:0], e)
	h := hashEdge(w.edge)
	w.lastEdge, w.lastHash, w.hashed = *e, h, true
	edges := w.store.cells.edges
	if _, ok := edges[h]; ok {
		return h, nil
	}
	if len(edges) >= maxKnownEdges {
		clear(edges)
		w.store.cells.overflowed = true
	}
	edges[h] = struct{}{}
	return h, w.batch.Set(edgeKey(h), w.edge, nil)
}

func edgeKey(h edgeHash) []byte { return append([]byte{prefixEdge}, h[:]...) }

// known is the sequence under which the store has the cell.
func (w *cellWrite) known(key []byte, c *callgraph.Cell, edge edgeHash) (sequence uint64, ok bool, err error) {
	if sequence, ok = w.store.cells.recent.sequence(key); ok {
		return sequence, true, nil
	}
	err = w.store.withValue(key, func(value []byte) (err error) {
		sequence, _, err = cellSequence(value)
		ok = err == nil
		return err
	})
	if ok || err != nil || c.Opened > w.store.cells.rolled {
		return sequence, ok, err
	}
	return w.store.rolledSequence(c, edge)
}

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
