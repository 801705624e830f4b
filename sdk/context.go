package sdk

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// Deadline, Done, Err and Value make the handle the context that carries it.
func (s *span) Deadline() (time.Time, bool) { return s.ctx.Deadline() }

// Done is the parent's.
func (s *span) Done() <-chan struct{} { return s.ctx.Done() }

// Err is the parent's.
func (s *span) Err() error { return s.ctx.Err() }

// Value knows the key by which OTel looks for the current span.
func (s *span) Value(key any) any {
	if tracecontext.IsSpanKey(key) {
		return s
	}
	return s.ctx.Value(key)
}

// context is what Start returns.
func (s *span) context() context.Context {
	if tracecontext.NodesWork() {
		return s
	}
	return trace.ContextWithSpan(s.ctx, s)
}

// currentSpan is the current span of ctx, whoever made it, or nil; ours is nil
// where no provider of this package did.
func currentSpan(ctx context.Context) (ours *span, current trace.Span) {
	if s, ok := ctx.(*span); ok {
		return s, s
	}
	current = trace.SpanFromContext(ctx)
	if current == noSpan {
		return nil, nil
	}
	ours, _ = current.(*span)
	return ours, current
}

// noSpan is what OTel's API says where there is none.
var noSpan = trace.SpanFromContext(context.Background())
