package pebble

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/chunk"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// Search implements storage.TraceReader.
func (s *Store) Search(ctx context.Context, q storage.Query) ([]storage.Match, error) {
	if err := s.gate.enter(); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	defer s.gate.leave()
	if len(q.Attributes) > segment.MaxAttributes {
		return nil, fmt.Errorf("search: %d attributes are more than %d", len(q.Attributes), segment.MaxAttributes)
	}
	x := s.newSearch(q)
	if err := x.run(ctx); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return x.matches(), nil
}

// search looks at candidates from the newest on, until those left can't be
// among the answer.
type search struct {
	store      *Store
	condition  segment.Condition
	terms      []segment.Term
	octaves    uint64
	limit      int
	candidates candidates
	newest     map[[16]byte]int64 // start of each trace found
}

func (s *Store) newSearch(q storage.Query) *search {
	x := &search{
		store: s, limit: max(q.Limit, 1), newest: map[[16]byte]int64{},
		condition: segment.Condition{
			Environment: q.Service.Environment, Namespace: q.Service.Namespace, Service: q.Service.Name, Operation: q.Operation,
			Attributes: q.Attributes, Failed: q.Failed, Least: int64(q.MinDuration), Most: int64(q.MaxDuration),
			From: math.MinInt64, To: math.MaxInt64,
		},
	}
	if q.Window != (callgraph.Window{}) {
		x.condition.From, x.condition.To = nanoseconds(q.Window)
	}
	x.terms, x.octaves = x.condition.Terms(), x.condition.Octaves()
	return x
}

// nanoseconds are a window's ends, bounded to what nanoseconds can say.
func nanoseconds(w callgraph.Window) (from, to int64) { return unixNano(w.From), unixNano(w.To) }

func unixNano(t time.Time) int64 {
	switch s := t.Unix(); {
	case s < math.MinInt64/int64(time.Second):
		return math.MinInt64
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// candidate is a segment that may hold a match, or a chunk whose segments were
// not looked at.
type candidate struct {
	newest int64
	chunk  *chunkInfo // nil for a segment
	number uint64
}

// candidates are a heap, the newest first.
type candidates []candidate

func (c candidates) Len() int           { return len(c) }
func (c candidates) Less(i, j int) bool { return c[i].newest > c[j].newest }
func (c candidates) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }

// Push implements heap.Interface.
func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }

// Pop implements heap.Interface.
func (c *candidates) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}

func (x *search) run(ctx context.Context) error {
	x.begin()
	for len(x.candidates) > 0 {
		if err := errors.Join(ctx.Err(), x.store.gate.open()); err != nil {
			return err
		}
		c := heap.Pop(&x.candidates).(candidate)
		if x.complete(c.newest) {
			return nil
		}
		if err := x.look(c); err != nil {
			return err
		}
	}
	return nil
}

// begin takes the chunks and the segments of the tail that lie in the window.
func (x *search) begin() {
	v := x.store.ledger.view()
	for _, c := range v.chunks {
		if x.inWindow(c.oldest, c.newest) {
			x.candidates = append(x.candidates, candidate{newest: c.newest, chunk: c})
		}
	}
	for _, e := range v.tail {
		if x.inWindow(e.index.Oldest, e.index.Newest) && e.index.MayHold(x.terms, x.octaves) {
			x.candidates = append(x.candidates, candidate{newest: e.index.Newest, number: e.number})
		}
	}
	heap.Init(&x.candidates)
}

func (x *search) inWindow(oldest, newest int64) bool {
	return newest >= x.condition.From && oldest < x.condition.To
}

func (x *search) look(c candidate) error {
	if c.chunk != nil {
		return x.expand(c.chunk)
	}
	return x.store.withSegment(c.number, func(g *segment.Segment) error {
		body, err := g.Decompress()
		if err != nil {
			return err
		}
		body.Match(&x.condition, x.take)
		return nil
	})
}

func (x *search) take(trace *[16]byte, start int64) {
	if known, ok := x.newest[*trace]; !ok || start > known {
		x.newest[*trace] = start
	}
}

// complete reports whether nothing that starts at newest or before can change
// the answer: the limit is met by traces that start later.
func (x *search) complete(newest int64) bool {
	if len(x.newest) < x.limit {
		return false
	}
	later := 0
	for _, start := range x.newest {
		if start > newest {
			later++
		}
	}
	return later >= x.limit
}

// expand takes those segments of a chunk that may hold a match.
func (x *search) expand(c *chunkInfo) error {
	segments, err := x.segmentsOf(c)
	if err != nil {
		return fmt.Errorf("read index of chunk %d: %w", c.number, err)
	}
	if len(segments) == 0 {
		return nil
	}
	d, err := x.store.directory(c.number)
	if err != nil || d == nil {
		return err
	}
	for _, n := range segments {
		if int(n) >= len(d.Segments) {
			return fmt.Errorf("read index of chunk %d: %w", c.number, chunk.ErrCorrupt)
		}
		e := d.Segments[n]
		if x.inWindow(e.Oldest, e.Newest) {
			heap.Push(&x.candidates, candidate{newest: e.Newest, number: e.Number})
		}
	}
	return nil
}

// segmentsOf meets the lists of the rare terms, and the classes for the common
// ones and for the durations where no rare term says enough.
func (x *search) segmentsOf(c *chunkInfo) ([]uint32, error) {
	var common []segment.Term
	var rare []uint32
	some := false
	for _, t := range x.terms {
		list, found, err := x.lookup(c.number, t)
		if err != nil || !found {
			return nil, err
		}
		switch {
		case len(list) == 0:
			common = append(common, t)
		case some:
			rare = intersection(rare, list)
		default:
			rare, some = list, true
		}
	}
	if some && (len(rare) == 0 || len(common) == 0) {
		return rare, nil
	}
	list, err := x.ofClasses(c.number, common)
	if some {
		list = intersection(rare, list)
	}
	return list, err
}

func (x *search) lookup(chunkNumber uint64, t segment.Term) (list []uint32, found bool, err error) {
	err = x.store.withValue(shardKey(prefixTerms, chunk.Shard(uint32(t)), chunkNumber), func(value []byte) (err error) {
		list, found, err = chunk.Lookup(value, uint32(t))
		return err
	})
	return list, found, err
}

func (x *search) ofClasses(chunkNumber uint64, common []segment.Term) (list []uint32, err error) {
	err = x.store.withValue(numberKey(prefixClasses, chunkNumber), func(value []byte) (err error) {
		list, err = x.store.chunks.Segments(value, common, x.octaves)
		return err
	})
	return list, err
}

// withValue lets use read what lies under a key, if anything does.
func (s *Store) withValue(key []byte, use func(value []byte) error) error {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer closer.Close()
	return use(value)
}

// intersection of two rising lists.
func intersection(a, b []uint32) []uint32 {
	return slices.DeleteFunc(a, func(n uint32) bool {
		_, ok := slices.BinarySearch(b, n)
		return !ok
	})
}

// matches are the newest traces found, newest first.
func (x *search) matches() []storage.Match {
	found := make([]storage.Match, 0, len(x.newest))
	for id, start := range x.newest {
		found = append(found, storage.Match{TraceID: pcommon.TraceID(id), Start: time.Unix(0, start).UTC()})
	}
	slices.SortFunc(found, func(a, b storage.Match) int {
		return cmp.Or(b.Start.Compare(a.Start), slices.Compare(a.TraceID[:], b.TraceID[:]))
	})
	return found[:min(len(found), x.limit)]
}
