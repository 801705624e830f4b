package pebble

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// step says which cells become which: those of one width that closed long
// enough ago are summed into cells of the next.
type step struct {
	from, to uint32 // seconds
	form     byte   // of the cells that are summed
	age      time.Duration
}

// steps are what cells go through.
func steps() []step {
	return []step{
		{callgraph.HotWidth, callgraph.MinuteWidth, formWritten, time.Hour},
		{callgraph.MinuteWidth, callgraph.HourWidth, formRolled, 24 * time.Hour},
	}
}

// rollCells is how many cells are rolled up at a time: writers wait for it.
const rollCells = 2048

// rollUp replaces final cells by their sums. What Cells sums to does not
// change: a sum and what it replaces change places in one batch.
func (s *Store) rollUp(ctx context.Context, now time.Time) error {
	for _, p := range steps() {
		before := now.Add(-p.age).Unix()
		from := bucketKey(p.from, p.form, math.MinInt64)
		for from != nil && ctx.Err() == nil {
			var err error
			if from, err = s.rollSome(p, before, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// rollSome rolls up some cells from a key on and returns where to go on; nil
// at the end.
func (s *Store) rollSome(p step, before int64, from []byte) (next []byte, err error) {
	s.cells.mu.Lock()
	defer s.cells.mu.Unlock()
	s.cells.rolled = max(s.cells.rolled, before)
	r := roll{step: p, before: before, reading: s.newReading(context.Background(), nil), sums: map[string]*sum{}}
	// A bucket that begins later can't have closed by then, forged ones aside.
	err = s.scan(from, bucketKey(p.from, p.form, before), func(key, value []byte) error {
		if r.cells+r.seen/16 >= rollCells {
			next = bytes.Clone(key)
			return errEnough
		}
		return r.add(key, value)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return next, r.write(s)
}

// roll gathers the sums of one batch.
type roll struct {
	step
	before  int64
	reading *cellReading
	sums    map[string]*sum // by key of the sum
	gone    [][]byte        // keys of what was summed
	cells   int
	seen    int
}

type sum struct {
	cell  callgraph.Cell
	parts []part
}

func (r *roll) add(key, value []byte) error {
	r.seen++
	closed, err := r.reading.store.closedAt(key, value)
	if err != nil || closed == 0 || closed > r.before {
		return err
	}
	c, parts, err := r.reading.read(key, value)
	if err != nil {
		return err
	}
	c.Closed = closed
	if r.form == formWritten {
		parts = []part{{c.Bucket.Start, c.Opened}}
	}
	r.cells++
	r.gone = append(r.gone, bytes.Clone(key))
	r.into(rolledKey(&c.CellKey, r.to, edgeOfKey(key)), c, parts)
	return nil
}

// closedAt is when a cell became final, 0 while it is not. Those that the store
// adds up itself are by their opening: see storage.CountedKey.
func (s *Store) closedAt(key, value []byte) (int64, error) {
	_, closed, err := cellSequence(value)
	if closed != 0 || err != nil {
		return closed, err
	}
	k, form, _, err := readCellKey(key)
	if err == nil && form == formWritten && k.Writer == (callgraph.Writer{ID: s.writer, Source: callgraph.Counted}) {
		closed = k.Opened + storage.CountedOpen
	}
	return closed, err
}

func edgeOfKey(key []byte) (h edgeHash) {
	copy(h[:], key[cellKeyEdge:])
	return h
}

// rolledKey is that of the sum which a cell becomes a part of.
func rolledKey(k *callgraph.CellKey, width uint32, edge edgeHash) []byte {
	wide := *k
	wide.Bucket = callgraph.BucketAt(time.Unix(k.Bucket.Start, 0), width)
	wide.Opened = 0
	return cellKey(&wide, formRolled, edge)
}

func (r *roll) into(key []byte, c callgraph.Cell, parts []part) {
	total, ok := r.sums[string(key)]
	if !ok {
		total = &sum{}
		total.cell.CellKey = c.CellKey
		total.cell.Bucket = callgraph.BucketAt(time.Unix(c.Bucket.Start, 0), r.to)
		total.cell.Opened = 0
		r.sums[string(key)] = total
	}
	total.add(&c, parts)
}

func (t *sum) add(c *callgraph.Cell, parts []part) {
	t.cell.Sequence, t.cell.Closed = max(t.cell.Sequence, c.Sequence), max(t.cell.Closed, c.Closed)
	t.cell.Add(c)
	t.parts = append(t.parts, parts...)
}

// write puts the sums, with what was under their keys, in the place of the
// cells that they hold.
func (r *roll) write(s *Store) error {
	if len(r.gone) == 0 {
		return nil
	}
	b := s.db.NewBatch()
	for key, total := range r.sums {
		err := s.withValue([]byte(key), func(value []byte) error {
			c, parts, err := r.reading.read([]byte(key), value)
			total.add(&c, parts)
			return err
		})
		if err != nil {
			return err
		}
		slices.SortFunc(total.parts, func(a, b part) int {
			return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.opened, b.opened))
		})
		_ = b.Set([]byte(key), appendCell(nil, &total.cell, total.parts), nil)
	}
	for _, key := range r.gone {
		_ = b.Delete(key, nil)
	}
	s.cells.open.forget()
	return s.apply(b, pebble.NoSync)
}

// rolledSequence finds a cell that was summed: it was written before, and is
// not to count again.
func (s *Store) rolledSequence(c *callgraph.Cell, edge edgeHash) (sequence uint64, found bool, err error) {
	if c.Bucket.Width != callgraph.HotWidth {
		return 0, false, nil
	}
	for _, p := range steps() {
		key := rolledKey(&c.CellKey, p.to, edge)
		err := s.withValue(key, func(value []byte) error {
			var total callgraph.Cell
			total.Bucket = callgraph.BucketAt(time.Unix(c.Bucket.Start, 0), p.to)
			parts, err := readCell(value, &total)
			if slices.Contains(parts, part{c.Bucket.Start, c.Opened}) {
				sequence, found = 1<<64-1, true
			}
			return err
		})
		if found || err != nil {
			return sequence, found, err
		}
	}
	return 0, false, nil
}
