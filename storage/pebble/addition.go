package pebble

import (
	"bytes"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// putIntervals adds a batch of intervals up under the lock: what a cell has is
// read, and written, once for all of them.
func (s *Store) putIntervals(b *pebble.Batch, batch []*intervalWrite) error {
	s.cells.mu.Lock()
	defer s.cells.mu.Unlock()
	a := s.newAddition(b)
	for _, w := range batch {
		if err := a.take(w); err != nil {
			s.cells.reset()
			return err
		}
	}
	if err := a.write(); err != nil {
		s.cells.reset()
		return err
	}
	if err := s.putInOrder(b); err != nil {
		return err
	}
	s.cells.marks.keep(a.marks)
	return nil
}

// addition is the sums that a batch of intervals makes.
type addition struct {
	cellWrite
	now   time.Time
	cells map[cellKeyBytes]*callgraph.Cell
	order []cellKeyBytes // of cells, as they came
	marks map[instanceHash]mark
}

type cellKeyBytes [cellKeyLength]byte

func (s *Store) newAddition(b *pebble.Batch) *addition {
	now := s.options.Now()
	return &addition{
		cellWrite: cellWrite{store: s, batch: b, version: s.cells.recent.begin()},
		now:       now, cells: map[cellKeyBytes]*callgraph.Cell{}, marks: map[instanceHash]mark{},
	}
}

// take adds an interval unless its mark is there.
func (a *addition) take(w *intervalWrite) error {
	m, ok := a.marks[w.instance]
	if !ok {
		var err error
		if m, err = a.store.mark(w.instance); err != nil {
			return err
		}
	}
	number := w.interval.Number
	if w.repeated, w.failed = m.Has(number); w.repeated || w.failed != nil {
		if w.repeated {
			a.store.stats.repeatedIntervals.Add(1)
		}
		return nil
	}
	a.marks[w.instance] = mark{m.With(number), a.now.Unix()}
	for i := range w.interval.Cells {
		if err := a.add(&w.interval.Cells[i]); err != nil {
			return err
		}
	}
	a.store.stats.intervals.Add(1)
	a.store.stats.intervalCells.Add(uint64(len(w.interval.Cells)))
	return nil
}

func (a *addition) add(c *callgraph.Cell) error {
	edge, err := a.hash(&c.Edge)
	if err != nil {
		return err
	}
	k := storage.CountedKey(c.CellKey, a.store.writer, a.now)
	key := cellKeyBytes(cellKey(&k, formWritten, edge))
	sum, ok := a.cells[key]
	if !ok {
		if sum, err = a.store.openCell(key, k); err != nil {
			return err
		}
		a.cells[key] = sum
		a.order = append(a.order, key)
	}
	sum.Add(c)
	return nil
}

// openCell is what was added up so far under a key; s.cells.mu is held.
func (s *Store) openCell(key cellKeyBytes, k callgraph.CellKey) (*callgraph.Cell, error) {
	if sum := s.cells.open.find(key); sum != nil {
		return sum, nil
	}
	sum := &callgraph.Cell{CellKey: k}
	err := s.withValue(key[:], func(value []byte) error {
		_, err := readCell(value, sum)
		return err
	})
	if err == nil {
		s.cells.open.keep(key, sum)
	}
	return sum, err
}

// openCells are those added to lately, as they are on disk, or will be: what
// fails or changes on disk otherwise makes them be forgotten.
type openCells struct {
	young, old map[cellKeyBytes]*callgraph.Cell
}

// maxOpenCells bounds each generation, some 15 MiB.
const maxOpenCells = 1 << 14

func (o *openCells) find(key cellKeyBytes) *callgraph.Cell {
	if sum := o.young[key]; sum != nil {
		return sum
	}
	sum := o.old[key]
	if sum != nil {
		o.keep(key, sum)
	}
	return sum
}

func (o *openCells) keep(key cellKeyBytes, sum *callgraph.Cell) {
	if len(o.young) >= maxOpenCells || o.young == nil {
		o.young, o.old = map[cellKeyBytes]*callgraph.Cell{}, o.young
	}
	o.young[key] = sum
}

func (o *openCells) forget() { *o = openCells{} }

// write puts sums and marks into the batch. Sequences rise even where the clock
// does not.
func (a *addition) write() error {
	s := a.store
	s.cells.sequence = max(s.cells.sequence+1, uint64(a.now.UnixNano()))
	slices.SortFunc(a.order, func(x, y cellKeyBytes) int { return bytes.Compare(x[:], y[:]) }) // Pebble takes them faster
	for i := range a.order {
		key := a.order[i][:]
		sum := a.cells[a.order[i]]
		sum.Sequence = max(sum.Sequence+1, s.cells.sequence)
		s.cells.recent.put(string(key), sum.Sequence, a.version)
		a.buffer = appendCell(a.buffer[:0], sum, nil)
		if err := a.batch.Set(key, a.buffer, nil); err != nil {
			return err
		}
	}
	for instance, m := range a.marks {
		if err := a.batch.Set(marksKey(instance), m.append(nil), nil); err != nil {
			return err
		}
	}
	return nil
}
