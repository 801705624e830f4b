package pebble

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// WriteSpans implements storage.SpanWriter.
func (s *Store) WriteSpans(ctx context.Context, td ptrace.Traces) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("write spans: %w", err)
	}
	defer s.gate.leave()
	spans := td.SpanCount()
	if spans == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write %d spans: %w", spans, err)
	}
	data, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		return fmt.Errorf("write %d spans: %w", spans, err)
	}
	if err := s.group.write(&request{data: data, spans: spans, turn: make(chan turn, 1)}, s.writeBatch); err != nil {
		return fmt.Errorf("write %d spans: %w", spans, err)
	}
	return nil
}

// encoders are reused: their tables are worth keeping.
type encoders struct{ pool sync.Pool }

func (e *encoders) take() (*segment.Encoder, error) {
	if x, ok := e.pool.Get().(*segment.Encoder); ok {
		return x, nil
	}
	return segment.NewEncoder()
}

func (e *encoders) put(x *segment.Encoder) {
	x.Reset()
	e.pool.Put(x)
}

// writeBatch writes the requests as one segment, durably.
func (s *Store) writeBatch(batch []*request) error {
	if err := s.ledger.ready(); err != nil {
		return err
	}
	e, err := s.encoders.take()
	if err != nil {
		return err
	}
	defer s.encoders.put(e)
	for _, r := range batch {
		if err := e.Add(r.data); err != nil {
			return err
		}
	}
	if e.Spans() == 0 {
		return nil
	}
	return s.writeSegment(e)
}

func (s *Store) writeSegment(e *segment.Encoder) error {
	began := time.Now()
	entry := s.ledger.begin(s.options.Now())
	value, err := e.Append(nil, entry.arrival)
	if err != nil {
		s.ledger.abort(entry)
		return err
	}
	entry.bytes, entry.index = len(value), e.Index()
	b := s.db.NewBatchWithSize(len(value) + 256)
	_ = b.Set(numberKey(prefixSegment, entry.number), value, nil) // fails for no open batch
	named := s.names.put(b, e, entry.arrival)
	if err := s.commit(b); err != nil {
		s.ledger.abort(entry)
		return err
	}
	s.names.keep(named)
	s.ledger.publish(entry)
	s.stats.wrote(entry, time.Since(began))
	return nil
}
