package e2e

import (
	"context"
	"fmt"
	"maps"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/internal/collectortest"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// shop is a process whose SDK sends each span and counts each call by compact.
type shop struct {
	*sdk.TracerProvider
	served []pcommon.TraceID
}

func (r *run) shop(t *testing.T) *shop {
	t.Helper()
	e, err := compact.New(compact.WithEndpoint(r.Address(portCompact)), compact.WithReport(func(error) {}))
	require.NoError(t, err)
	return &shop{TracerProvider: sdk.NewTracerProvider(
		sdk.WithExporter(e, sdk.Batching{Queue: 256, Batch: 32, Borrows: true, Timeout: -1}), sdk.WithIntervalExporter(e),
		sdk.WithPolicy(sampler.Policy{Rate: sampler.Always}), sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))))}
}

// serve answers requests, each a trace of its own.
func (s *shop) serve(requests int) {
	for range requests {
		_, span := s.Tracer("e2e").Start(context.Background(), "buy", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", "GET")))
		s.served = append(s.served, pcommon.TraceID(span.SpanContext().TraceID()))
		span.End()
	}
}

// TestSDKsOutliveCollectors: while the collector is dead an SDK's queue fills.
// What it drops is counted; all else is stored, once, and each call is counted.
func TestSDKsOutliveCollectors(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), collectortest.Patience)
	defer cancel()
	r := start(t, t.TempDir())
	s := r.shop(t)
	for range 2 {
		s.serve(100)
		require.NoError(t, s.ForceFlush(ctx))
		s.serve(20) // some of them are under way
		r.Stop(syscall.SIGKILL)
		s.serve(1000)
		r = r.restart()
	}
	require.NoError(t, s.Shutdown(ctx))
	dropped := s.Status().Spans.Dropped
	require.Positive(t, dropped.QueueOthers)
	require.Equal(t, sdk.DroppedSpan{QueueOthers: dropped.QueueOthers}, dropped)
	stored := 0
	for _, id := range s.served {
		if td, err := r.Trace(t.Context(), id); err == nil {
			require.Equal(t, 1, td.SpanCount())
			stored++
		}
	}
	require.EqualValues(t, len(s.served)-int(dropped.QueueOthers), stored)
	want := map[string][2]uint64{"outside   -> observed shop buy": {uint64(len(s.served)), 0}}
	r.Eventually("every call to be counted once", func(ctx context.Context) error {
		got, err := r.edgesOf(ctx, "shop", "buy")
		if err == nil && !maps.Equal(want, got) {
			err = fmt.Errorf("want %v, got %v", want, got)
		}
		return err
	})
}
