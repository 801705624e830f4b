package tracecontext

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
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
