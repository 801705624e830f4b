package pebble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/chunk"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// Trace implements storage.TraceReader.
func (s *Store) Trace(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	if err := s.gate.enter(); err != nil {
		return ptrace.Traces{}, fmt.Errorf("read trace %s: %w", id, err)
	}
	defer s.gate.leave()
	td, err := s.readTrace(ctx, id)
	if err != nil {
		return ptrace.Traces{}, fmt.Errorf("read trace %s: %w", id, err)
	}
	return td, nil
}

func (s *Store) readTrace(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	numbers, err := s.withShortID(ctx, segment.ShortID(id))
	if err != nil {
		return ptrace.Traces{}, err
	}
	a := segment.Assembler{Once: true}
	for _, n := range numbers {
		if err := s.addTrace(&a, n, id); err != nil {
			return ptrace.Traces{}, err
		}
	}
	if len(a.Request()) == 0 {
		return ptrace.Traces{}, storage.ErrNotFound
	}
	return new(ptrace.ProtoUnmarshaler).UnmarshalTraces(a.Request())
}

// addTrace takes a trace's spans from a segment that may have some.
func (s *Store) addTrace(a *segment.Assembler, number uint64, id pcommon.TraceID) error {
	return s.withSegment(number, func(g *segment.Segment) error {
		i := slices.IndexFunc(g.Traces, func(t segment.Trace) bool { return t.ID == id })
		if i < 0 {
			return nil
		}
		body, err := g.Decompress()
		if err != nil {
			return err
		}
		a.Add(body, g.Traces[i].From, g.Traces[i].To)
		return nil
	})
}

// withSegment lets use read a segment; one that retention took is left out.
func (s *Store) withSegment(number uint64, use func(*segment.Segment) error) error {
	value, closer, err := s.db.Get(numberKey(prefixSegment, number))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read segment %d: %w", number, err)
	}
	defer closer.Close()
	g, err := s.segments.Open(value)
	if err == nil {
		err = use(g)
	}
	if err != nil {
		return fmt.Errorf("read segment %d: %w", number, err)
	}
	return nil
}

// withShortID are the segments that have a trace of that short ID, by rising
// number.
func (s *Store) withShortID(ctx context.Context, id uint32) ([]uint64, error) {
	v := s.ledger.view()
	var numbers []uint64
	for _, e := range v.tail {
		if _, ok := slices.BinarySearch(e.index.Traces, id); ok {
			numbers = append(numbers, e.number)
		}
	}
	if len(v.chunks) > 0 {
		shard := chunk.Shard(id)
		from, to := shardKey(prefixTraces, shard, v.chunks[0].number), shardKey(prefixTraces, shard, v.chunks[len(v.chunks)-1].number+1)
		err := s.scan(from, to, func(key, value []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			segments, _, err := chunk.Lookup(value, id)
			if err != nil || len(segments) == 0 {
				return err
			}
			numbers, err = s.appendNumbers(numbers, keyNumber(key), segments)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

func (s *Store) appendNumbers(numbers []uint64, chunkNumber uint64, segments []uint32) ([]uint64, error) {
	d, err := s.directory(chunkNumber)
	if err != nil || d == nil {
		return numbers, err
	}
	for _, n := range segments {
		if int(n) < len(d.Segments) {
			numbers = append(numbers, d.Segments[n].Number)
		}
	}
	return numbers, nil
}

// directory of a chunk; nil where retention took it.
func (s *Store) directory(number uint64) (*chunk.Directory, error) {
	value, closer, err := s.db.Get(numberKey(prefixDirectory, number))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read chunk %d: %w", number, err)
	}
	defer closer.Close()
	d, err := chunk.ReadDirectory(value)
	if err != nil {
		return nil, fmt.Errorf("read chunk %d: %w", number, err)
	}
	return d, nil
}

// ByShortID implements storage.TraceReader.
func (s *Store) ByShortID(ctx context.Context, id callgraph.ShortID, w callgraph.Window) ([]pcommon.TraceID, error) {
	if err := s.gate.enter(); err != nil {
		return nil, fmt.Errorf("look up short ID %s: %w", id, err)
	}
	defer s.gate.leave()
	newest, err := s.newestByShortID(ctx, uint32(id), w)
	if err != nil {
		return nil, fmt.Errorf("look up short ID %s: %w", id, err)
	}
	ids := make([]pcommon.TraceID, 0, len(newest))
	for t := range newest {
		ids = append(ids, t)
	}
	slices.SortFunc(ids, func(a, b pcommon.TraceID) int {
		return cmp.Or(cmp.Compare(newest[b], newest[a]), slices.Compare(a[:], b[:]))
	})
	return ids, nil
}

// newestByShortID maps traces to their newest start in the window.
func (s *Store) newestByShortID(ctx context.Context, id uint32, w callgraph.Window) (map[pcommon.TraceID]int64, error) {
	numbers, err := s.withShortID(ctx, id)
	if err != nil {
		return nil, err
	}
	from, to := nanoseconds(w)
	newest := map[pcommon.TraceID]int64{}
	for _, n := range numbers {
		err := s.withSegment(n, func(g *segment.Segment) error {
			for _, t := range g.Traces {
				if segment.ShortID(t.ID) == id {
					takeNewest(newest, g, t, from, to)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return newest, nil
}

func takeNewest(newest map[pcommon.TraceID]int64, g *segment.Segment, t segment.Trace, from, to int64) {
	for i := t.From; i < t.To; i++ {
		start := g.Start(i)
		if start < from || start >= to {
			continue
		}
		if known, ok := newest[t.ID]; !ok || start > known {
			newest[t.ID] = start
		}
	}
}
