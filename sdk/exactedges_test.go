package sdk

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

// halves is an exporter that adds up the halves of calls that it is told of.
type halves struct {
	sink
	mu   sync.Mutex
	sums map[ending]uint64
}

func (h *halves) Export(_ context.Context, m *metricdata.ResourceMetrics) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	kinds := map[string]trace.SpanKind{edgeschema.ClientDuration: trace.SpanKindClient, edgeschema.ServerDuration: trace.SpanKindServer}
	for _, scope := range m.ScopeMetrics {
		for _, metric := range scope.Metrics {
			kind, known := kinds[metric.Name]
			if !known {
				continue
			}
			for _, point := range metric.Data.(metricdata.ExponentialHistogram[float64]).DataPoints {
				outcome, _ := point.Attributes.Value(edgeschema.AttributeOutcome)
				h.sums[ending{kind, outcome.AsString() != callgraph.OK.String()}] += point.Count
			}
		}
	}
	return nil
}

// TestCallsAreCountedExactly: whatever N, the scope and what is dropped.
func TestCallsAreCountedExactly(t *testing.T) {
	for _, n := range []int{1, 10, 1000, 4000} {
		for _, scope := range []Scope{ScopeTrace, ScopeSpan} {
			for _, queue := range []int{16, 1 << 15} {
				t.Run(fmt.Sprintf("1 in %d, scope %s, queue %d", n, scope, queue), func(t *testing.T) {
					h := &halves{sums: map[ending]uint64{}}
					w, _ := work(t, WithPolicy(oneIn(n)), WithScope(scope), WithExporter(&shelf{}, Batching{Queue: queue}), WithEdgeExporter(h))
					for _, failed := range []bool{false, true} {
						for _, kind := range []trace.SpanKind{trace.SpanKindClient, trace.SpanKindServer} {
							e := ending{kind, failed}
							require.NotZero(t, w.halves[e])
							require.Equal(t, w.halves[e], h.sums[e], "%s, failed %t", kind, failed)
						}
					}
				})
			}
		}
	}
}

// TestRootsKnowWhetherTheirChainsAreWhole: an exported local root says how many
// spans its trace ended and lost until then, and those are the ones that came.
func TestRootsKnowWhetherTheirChainsAreWhole(t *testing.T) {
	for _, queue := range []int{8, 1 << 15} {
		t.Run(fmt.Sprint(queue), func(t *testing.T) {
			s := &shelf{}
			p := NewTracerProvider(WithPolicy(oneIn(3)), WithStormBudget(0), WithExporter(s, Batching{Queue: queue, Batch: 4}))
			for i := range 1000 {
				spanOf(t.Context(), p.Tracer(""), "root", i%7 == 0, func(ctx context.Context) {
					for j := range i % 5 {
						spanOf(ctx, p.Tracer(""), "child", i%3 == 0 && j == 1, nil)
					}
				})
			}
			require.NoError(t, p.Shutdown(t.Context()))
			checkTotals(t, s)
		})
	}
}

func checkTotals(t *testing.T, s *shelf) {
	came := map[trace.TraceID]int{}
	for _, span := range s.spans {
		came[span.SpanContext().TraceID()]++
	}
	roots := 0
	for _, span := range s.spans {
		if span.Name() != "root" {
			continue
		}
		roots++
		total, dropped := number(span, callgraph.AttributeLocalSpans), number(span, callgraph.AttributeLocalDropped)
		require.Equal(t, total-dropped, came[span.SpanContext().TraceID()], "%d spans, %d dropped", total, dropped)
	}
	require.NotZero(t, roots)
}

func number(s sdktrace.ReadOnlySpan, key string) int {
	for _, a := range s.Attributes() {
		if string(a.Key) == key {
			return int(a.Value.AsInt64())
		}
	}
	return 0
}
