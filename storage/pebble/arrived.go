package pebble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// Arrived implements storage.SpanLog. A span that was written again is yielded
// again.
func (s *Store) Arrived(ctx context.Context, since time.Time, yield func(time.Time, ptrace.Traces) error) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("read spans since %v: %w", since, err)
	}
	defer s.gate.leave()
	from := s.ledger.firstSince(unixNano(since))
	err := s.scan(numberKey(prefixSegment, from), prefixEnd(prefixSegment), func(key, value []byte) error {
		if err := errors.Join(ctx.Err(), s.gate.open()); err != nil {
			return err
		}
		return s.yieldSegment(keyNumber(key), value, unixNano(since), yield)
	})
	if err != nil {
		return fmt.Errorf("read spans since %v: %w", since, err)
	}
	return nil
}

// firstSince is a number below which no segment arrived at or after a time.
func (l *ledger) firstSince(arrival int64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.chunks {
		if c.lastArrival >= arrival {
			return c.first
		}
	}
	if len(l.chunks) == 0 {
		return 0
	}
	return l.chunks[len(l.chunks)-1].first
}

// yieldSegment leaves out, and counts, a segment that can't be read: what
// came after it still counts.
func (s *Store) yieldSegment(number uint64, value []byte, since int64, yield func(time.Time, ptrace.Traces) error) error {
	arrival, err := segment.Arrival(value)
	if err == nil && arrival < since {
		return nil
	}
	td, err := s.allOf(value)
	if err != nil {
		s.skipSegment(number, err)
		return nil
	}
	return yield(time.Unix(0, arrival).UTC(), td)
}

func (s *Store) allOf(value []byte) (ptrace.Traces, error) {
	g, err := s.segments.Open(value)
	if err != nil {
		return ptrace.Traces{}, err
	}
	body, err := g.Decompress()
	if err != nil {
		return ptrace.Traces{}, err
	}
	var a segment.Assembler
	a.Add(body, 0, g.Len())
	return new(ptrace.ProtoUnmarshaler).UnmarshalTraces(a.Request())
}
