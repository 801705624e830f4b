package pebble

import (
	"container/list"
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// maxRecent bounds how many cells written lately are remembered: those of a
// few seconds, when all of the collector's cells change all the time. Who
// comes back later reads all cells.
const maxRecent = 1 << 17

// recent are the keys of the cells written lately, each with its sequence and
// the version of the store in which it was written.
type recent struct {
	epoch   string // of this memory: versions of another mean nothing
	version uint64
	floor   uint64 // all that was written after this version is here
	cells   map[string]*list.Element
	order   *list.List // of recentCell, by rising version
}

type recentCell struct {
	key      string
	sequence uint64
	version  uint64
}

func newRecent() recent {
	return recent{epoch: rand.Text(), cells: map[string]*list.Element{}, order: list.New()}
}

// begin starts a new version.
func (r *recent) begin() uint64 {
	r.version++
	return r.version
}

func (r *recent) sequence(key []byte) (uint64, bool) {
	e, ok := r.cells[string(key)]
	if !ok {
		return 0, false
	}
	return e.Value.(*recentCell).sequence, true
}

func (r *recent) put(key string, sequence, version uint64) {
	if e, ok := r.cells[key]; ok {
		c := e.Value.(*recentCell)
		c.sequence, c.version = sequence, version
		r.order.MoveToBack(e)
		return
	}
	r.cells[key] = r.order.PushBack(&recentCell{key, sequence, version})
	if r.order.Len() > maxRecent {
		r.forget(r.order.Front())
	}
}

func (r *recent) forget(e *list.Element) {
	c := r.order.Remove(e).(*recentCell)
	r.floor = max(r.floor, c.version)
	delete(r.cells, c.key)
}

func (r *recent) cursor() storage.Cursor {
	return storage.Cursor(r.epoch + ":" + strconv.FormatUint(r.version, 10))
}

// after are the keys written after a cursor; known is false where the memory
// does not reach back to it.
func (r *recent) after(c storage.Cursor) (keys []string, known bool) {
	epoch, number, _ := strings.Cut(string(c), ":")
	version, err := strconv.ParseUint(number, 10, 64)
	if err != nil || epoch != r.epoch || version < r.floor || version > r.version {
		return nil, false
	}
	for e := r.order.Back(); e != nil; e = e.Prev() {
		x := e.Value.(*recentCell)
		if x.version <= version {
			break
		}
		keys = append(keys, x.key)
	}
	return keys, true
}

// Changes implements storage.CellReader.
func (s *Store) Changes(ctx context.Context, after storage.Cursor, yield func([]callgraph.Cell) error) (storage.Cursor, error) {
	if err := s.gate.enter(); err != nil {
		return "", fmt.Errorf("read changed cells: %w", err)
	}
	defer s.gate.leave()
	s.cells.mu.Lock()
	next := s.cells.recent.cursor()
	keys, known := s.cells.recent.after(after)
	s.cells.mu.Unlock()
	var err error
	if known {
		err = s.yieldKeys(ctx, keys, yield)
	} else {
		err = s.yieldCells(ctx, math.MinInt64, math.MaxInt64, yield)
	}
	if err != nil {
		return "", fmt.Errorf("read changed cells: %w", err)
	}
	return next, nil
}

// yieldKeys reads cells by key. One that was rolled up meanwhile, or dropped,
// has not changed for a reader that has it.
func (s *Store) yieldKeys(ctx context.Context, keys []string, yield func([]callgraph.Cell) error) error {
	r := s.newReading(ctx, yield)
	for _, k := range keys {
		err := s.withValue([]byte(k), func(value []byte) error { return r.add([]byte(k), value) })
		if err != nil {
			return err
		}
	}
	return r.flush()
}
