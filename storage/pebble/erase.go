package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// EraseSpans implements storage.Eraser. A segment that held such spans is
// written anew without them; that indexes still name it for them is harmless:
// whoever reads an index looks at the segment.
func (s *Store) EraseSpans(ctx context.Context, traces []pcommon.TraceID, erase func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool) (int, error) {
	if err := s.gate.enter(); err != nil {
		return 0, fmt.Errorf("erase spans of %d traces: %w", len(traces), err)
	}
	defer s.gate.leave()
	s.erasing.Lock()
	defer s.erasing.Unlock()
	e := &erasure{store: s, erase: erase, spans: map[xxh3.Uint128]struct{}{}, names: map[segment.Name]struct{}{}}
	err := s.begin(&e.traces)
	if err == nil {
		err = e.run(ctx, traces)
	}
	if err == nil {
		err = s.clean(ctx, &e.traces)
	}
	if err != nil {
		return len(e.spans), fmt.Errorf("erase spans of %d traces: %w", len(traces), err)
	}
	return len(e.spans), nil
}

// erasure is one call to erase spans.
type erasure struct {
	store  *Store
	erase  func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool
	spans  map[xxh3.Uint128]struct{} // erased, equal ones once
	names  map[segment.Name]struct{} // of these
	traces residue
}

func (e *erasure) run(ctx context.Context, traces []pcommon.TraceID) error {
	segments := map[uint64]map[pcommon.TraceID]bool{}
	for _, id := range traces {
		numbers, err := e.store.withShortID(ctx, segment.ShortID(id))
		if err != nil {
			return err
		}
		for _, n := range numbers {
			if segments[n] == nil {
				segments[n] = map[pcommon.TraceID]bool{}
			}
			segments[n][id] = true
		}
	}
	for n, ids := range segments {
		if err := errors.Join(ctx.Err(), e.store.gate.open()); err != nil {
			return err
		}
		if err := e.rewrite(n, ids); err != nil {
			return fmt.Errorf("segment %d: %w", n, err)
		}
	}
	return e.forgetNames(ctx)
}

// rewrite leaves out spans of a segment. It must not be indexed or dropped
// meanwhile: it would come back.
func (e *erasure) rewrite(number uint64, ids map[pcommon.TraceID]bool) error {
	s := e.store
	s.indexing.Lock()
	defer s.indexing.Unlock()
	s.dropping.Lock()
	defer s.dropping.Unlock()
	var left []byte
	var arrival int64
	gone := false
	err := s.withSegment(number, func(g *segment.Segment) (err error) {
		arrival = g.Arrival
		left, gone, err = e.left(g, ids)
		return err
	})
	if err != nil || !gone {
		return err
	}
	e.traces.add(numberKey(prefixSegment, number), numberKey(prefixSegment, number+1))
	return s.replaceSegment(number, arrival, left)
}

// left are the spans of a segment that stay, as OTLP, and whether any goes.
func (e *erasure) left(g *segment.Segment, ids map[pcommon.TraceID]bool) (spans []byte, gone bool, err error) {
	if !slices.ContainsFunc(g.Traces, func(t segment.Trace) bool { return ids[t.ID] }) {
		return nil, false, nil
	}
	body, err := g.Decompress()
	if err != nil {
		return nil, false, err
	}
	var left segment.Assembler
	for _, t := range g.Traces {
		if !ids[t.ID] {
			left.Add(body, t.From, t.To)
			continue
		}
		for i := t.From; i < t.To; i++ {
			erased, err := e.erases(body, i)
			switch {
			case err != nil:
				return nil, false, err
			case erased:
				gone = true
			default:
				left.Add(body, i, i+1)
			}
		}
	}
	return left.Request(), gone, nil
}

func (e *erasure) erases(body *segment.Body, i int) (bool, error) {
	var one segment.Assembler
	one.Add(body, i, i+1)
	td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(one.Request())
	if err != nil {
		return false, err
	}
	rs := td.ResourceSpans().At(0)
	ss := rs.ScopeSpans().At(0)
	span := ss.Spans().At(0)
	service := calltree.ServiceOf(rs.Resource())
	name := segment.Name{Environment: service.Environment, Namespace: service.Namespace, Service: service.Name, Operation: span.Name(), Kind: int32(span.Kind())}
	if !e.erase(rs.Resource(), ss.Scope(), span) {
		return false, nil
	}
	e.spans[xxh3.Hash128(one.Request())] = struct{}{}
	e.names[name] = struct{}{}
	return true, nil
}

// replaceSegment writes a segment anew under its number, also without spans: the
// number must not be given again.
func (s *Store) replaceSegment(number uint64, arrival int64, spans []byte) error {
	e, err := s.encoders.take()
	if err != nil {
		return err
	}
	defer s.encoders.put(e)
	if err := e.Add(spans); err != nil {
		return err
	}
	value, err := e.Append(nil, arrival)
	if err != nil {
		return err
	}
	b := s.db.NewBatchWithSize(len(value) + 256)
	_ = b.Set(numberKey(prefixSegment, number), value, nil) // fails for no open batch
	_ = b.Set(metaKey(unclean), nil, nil)
	if err := s.commit(b); err != nil {
		return err
	}
	s.ledger.replace(number, &entry{number: number, arrival: arrival, bytes: len(value), index: e.Index()})
	return nil
}

// replace gives a segment that no chunk on disk has another index.
func (l *ledger) replace(number uint64, e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if tail, old := replaced(l.tail, number, e); old != nil {
		l.tail = tail
		l.tailSpans += len(e.index.Spans) - len(old.index.Spans)
	}
	l.full = slices.Clone(l.full)
	for i, f := range l.full {
		if segments, old := replaced(f.segments, number, e); old != nil {
			l.full[i] = &sealed{low: f.low, segments: segments}
		}
	}
}

func replaced(all []*entry, number uint64, e *entry) ([]*entry, *entry) {
	i := slices.IndexFunc(all, func(x *entry) bool { return x.number == number })
	if i < 0 {
		return all, nil
	}
	old := all[i]
	all = slices.Clone(all)
	all[i] = e
	return all, old
}

// forgetNames takes operations that no other span names off the list: a name may
// hold what was to be erased.
func (e *erasure) forgetNames(ctx context.Context) error {
	s := e.store
	for x := range e.names {
		q := storage.Query{Service: serviceOf(x), Operation: x.Operation, Limit: 1}
		search := s.newSearch(q)
		if err := search.run(ctx); err != nil {
			return err
		}
		if len(search.newest) > 0 {
			continue
		}
		b := s.db.NewBatch()
		_ = b.Delete(nameKey(x), nil)
		_ = b.Set(metaKey(unclean), nil, nil)
		if err := s.commit(b); err != nil {
			return err
		}
		s.names.drop(x)
		e.traces.add(nameKey(x), append(nameKey(x), 0))
		e.traces.text(nameKey(x))
	}
	return nil
}

func (n *names) drop(x segment.Name) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.seen[x]; ok {
		delete(n.seen, x)
		n.bytes -= sizeOf(x)
	}
}
