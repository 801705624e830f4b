package pebble

import (
	"context"
	"fmt"
	"slices"
	"sync"

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
	marks      marks
	open       openCells
	sequence   uint64 // last of the cells that intervals are added up in
}

// maxKnownEdges bounds the memory of which edges are on disk; beyond it the
// disk is asked again.
const maxKnownEdges = 1 << 18

func (s *Store) loadCells() error {
	s.cells = &cells{recent: newRecent(), edges: map[edgeHash]struct{}{}, marks: marks{}, rolled: s.options.Now().Unix()}
	return nil
}

// reset forgets what may not be on disk after a failure.
func (c *cells) reset() {
	c.recent = newRecent()
	clear(c.edges)
	clear(c.marks)
	c.open.forget()
	c.overflowed = true
}

// cellsAtOnce bounds a batch of cells, and how long others wait for it.
const cellsAtOnce = 1 << 13

// WriteCells implements storage.CellWriter.
func (s *Store) WriteCells(ctx context.Context, cells []callgraph.Cell) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("write %d cells: %w", len(cells), err)
	}
	defer s.gate.leave()
	if len(cells) == 0 {
		return nil
	}
	for some := range slices.Chunk(cells, cellsAtOnce) {
		err := ctx.Err()
		if err == nil {
			err = s.writeCells(some)
		}
		if err != nil {
			return fmt.Errorf("write %d cells: %w", len(cells), err)
		}
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
	return s.putInOrder(b)
}

// putInOrder makes the batch seen; it is durable after its SyncWait.
func (s *Store) putInOrder(b *pebble.Batch) error {
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
	if c.Writer.Source == callgraph.Counted {
		w.store.cells.open.forget() // it may be one of these
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
