package tracecontext

import (
	"context"
	"encoding/binary"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// testSpan is a span that is its context, as those of the SDK are.
type testSpan struct {
	context.Context
	noop.Span
	out Outgoing
}

var _ Sender = (*testSpan)(nil)

func (s *testSpan) Outgoing() Outgoing { return s.out }

func (s *testSpan) SpanContext() trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: s.out.TraceID, SpanID: s.out.SpanID, TraceFlags: s.out.Flags})
}

func (s *testSpan) Value(key any) any {
	if IsSpanKey(key) {
		return s
	}
	return s.Context.Value(key)
}

// testProvider makes such spans, as far as propagation goes: of a remote
// parent, of each other, or roots.
type testProvider struct{ noop.TracerProvider }

func (testProvider) Tracer(string, ...trace.TracerOption) trace.Tracer { return &testTracer{} }

type testTracer struct {
	noop.Tracer
	lastID atomic.Uint64
}

func (p *testTracer) Start(ctx context.Context, _ string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	s := &testSpan{Context: ctx, out: Outgoing{TraceID: trace.TraceID{0xab, 15: 1}, Trusted: true, HasEntry: true}}
	switch parent := trace.SpanFromContext(ctx).(type) {
	case *Remote:
		s.out.TraceID, s.out.Flags, s.out.Foreign = parent.TraceID(), parent.Flags(), parent.Foreign()
		s.out.State, _ = sampler.ParseState(parent.OT())
	case *testSpan:
		s.out = parent.out
	}
	s.out.Entry = callgraph.StateEntry{Entrance: 1, Caller: 2, Counted: true, Site: 3}
	binary.BigEndian.PutUint64(s.out.SpanID[:], p.lastID.Add(1))
	return s, s
}
