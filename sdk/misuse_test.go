package sdk

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// spanError is an error that looks at the span it is recorded on.
type spanError struct{ trace.Span }

func (e spanError) Error() string {
	e.SetName("looked at")
	return "failed"
}

// TestAPanicWhoseTextUsesTheSpan: the text of a panic is the application's code.
func TestAPanicWhoseTextUsesTheSpan(t *testing.T) {
	r := record(t, sampler.Always)
	require.Panics(t, func() {
		_, s := r.Start(t.Context(), "panics")
		defer s.End()
		panic(spanError{s})
	})
	require.Len(t, r.exporter.GetSpans()[0].Events, 1)
}

// TestASpanOutlivesAWrongEnd: options that are nil panic in OTel's API, which
// must leave nothing locked.
func TestASpanOutlivesAWrongEnd(t *testing.T) {
	r := record(t, sampler.Always)
	_, s := r.Start(t.Context(), "ends twice")
	require.Panics(t, func() { s.End(nil) })
	s.End()
	require.Len(t, r.left(), 1)
}

// TestCallsAfterShutdownAreNotHeld: nobody sends them any more.
func TestCallsAfterShutdownAreNotHeld(t *testing.T) {
	p := NewTracerProvider(WithEdgeExporter(sink{}))
	tracer := p.Tracer("")
	require.NoError(t, p.Shutdown(t.Context()))
	_, s := tracer.Start(t.Context(), "GET /", trace.WithSpanKind(trace.SpanKindServer))
	s.End()
	require.Zero(t, p.Status().Edges.Cells)
}

// TestANilContext starts a trace, as in OTel's SDK.
func TestANilContext(t *testing.T) {
	r := record(t, sampler.Always)
	var none context.Context
	_, s := r.Start(none, "root")
	s.End()
	require.Len(t, r.left(), 1)
}
