package sdk

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// TestOneListenerIsPublic: what comes in there begins a trace, and says nothing.
func TestOneListenerIsPublic(t *testing.T) {
	const caller = "0af7651916cd43dd8448eb211c80319c"
	came := propagation.MapCarrier{
		"traceparent": "00-" + caller + "-b7ad6b7169203331-01", "tracestate": "ot=th:0", "baggage": "order=1,jcg.debug=1,tier=gold",
	}
	p := Propagator("order", "jcg.debug")
	r := record(t, sampler.ParentBased{Root: sampler.Off}, WithChainKeys("", "order"), WithDebugKey("jcg.debug"))
	_, s := r.Start(p.Extract(Untrusted(t.Context()), came), "GET /", trace.WithSpanKind(trace.SpanKindServer))
	s.End()
	require.Empty(t, r.left(), "neither flag nor debug key is believed")
	require.NotEqual(t, caller, s.SpanContext().TraceID().String())

	_, s = r.Start(p.Extract(t.Context(), came), "GET /", trace.WithSpanKind(trace.SpanKindServer))
	s.End()
	require.Equal(t, []string{"GET / ot=th:0"}, r.left())
	require.Equal(t, caller, s.SpanContext().TraceID().String())
	require.Equal(t, "1", valueOf(r.named(t, "GET /"), "order").AsString())
}

func TestAPublicEndpointBelievesNobody(t *testing.T) {
	r := record(t, sampler.ParentBased{}, WithPublicEndpoint())
	ctx := high(t.Context())
	_, s := r.Start(ctx, "GET /", trace.WithSpanKind(trace.SpanKindServer))
	s.End()
	got := r.named(t, "GET /")
	caller := trace.SpanContextFromContext(ctx)
	require.NotEqual(t, caller.TraceID(), got.SpanContext.TraceID())
	require.False(t, got.Parent.IsValid())
	require.Len(t, got.Links, 1)
	require.Equal(t, caller.TraceID(), got.Links[0].SpanContext.TraceID())
}
