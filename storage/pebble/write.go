package pebble

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// WriteSpans implements storage.SpanWriter.
func (s *Store) WriteSpans(ctx context.Context, td ptrace.Traces) (repeated bool, err error) {
	if err := s.gate.enter(); err != nil {
		return false, fmt.Errorf("write spans: %w", err)
	}
	defer s.gate.leave()
	spans := td.SpanCount()
	if spans == 0 {
		return false, nil
	}
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("write %d spans: %w", spans, err)
	}
	data, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		return false, fmt.Errorf("write %d spans: %w", spans, err)
	}
	repeated, err = s.writeOnce(ctx, &request{data: data, hash: xxh3.Hash128(data), spans: spans, turn: make(chan turn, 1)})
	if err != nil {
		return false, fmt.Errorf("write %d spans: %w", spans, err)
	}
	return repeated, nil
}

// writeOnce writes a request unless an equal one was or is being written.
func (s *Store) writeOnce(ctx context.Context, r *request) (repeated bool, err error) {
	repeated, err = s.requests.begin(ctx, r.hash, s.options.Now())
	if repeated || err != nil {
		return repeated, err
	}
	defer func() { s.requests.end(r.hash, r.arrival) }()
	return false, s.group.write(r, s.writeBatch)
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
	return s.writeSegment(e, batch)
}

func (s *Store) writeSegment(e *segment.Encoder, batch []*request) error {
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
	putRequests(b, entry, batch)
	named := s.names.put(b, e, entry.arrival)
	if err := s.commit(b); err != nil {
		s.ledger.abort(entry)
		return err
	}
	s.names.keep(named)
	s.ledger.publish(entry)
	s.stats.wrote(entry, time.Since(began))
	for _, r := range batch {
		r.arrival = entry.arrival
	}
	return nil
}
