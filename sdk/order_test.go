package sdk

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// kept counts the spans that leave, by their business key.
type kept map[string]int

func (k kept) ExportRecords(_ context.Context, records []*Record) error {
	for _, r := range records {
		for _, a := range r.Attributes() {
			if a.Key == "order.number" {
				k[a.Value.AsString()]++
			}
		}
	}
	return nil
}

func (kept) Shutdown(context.Context) error { return nil }

// TestAnOrdersTracesAreKeptTogether: an order is placed, paid and delivered in
// three traces of three processes, hours apart. Independent sampling would keep
// all three of one in 8,000.
func TestAnOrdersTracesAreKeptTogether(t *testing.T) {
	const orders, n = 20_000, 20
	leaving := kept{}
	for _, service := range []string{"order", "payment", "delivery"} {
		p := NewTracerProvider(WithPolicy(sampler.Policy{Rate: sampler.OneIn(n), Keep: sampler.Errors}),
			WithChainKeys("shared", "order.number"), WithRecordExporter(leaving, Batching{Queue: orders}))
		tracer := p.Tracer("test")
		for i := range orders {
			ctx := withKey(t.Context(), t, "order.number", strconv.Itoa(i))
			_, s := tracer.Start(ctx, service, trace.WithAttributes(attribute.String("service", service)))
			s.End()
		}
		require.NoError(t, p.Shutdown(t.Context()))
	}
	for order, spans := range leaving {
		require.Equal(t, 3, spans, order)
	}
	require.InDelta(t, orders/n, len(leaving), 150)
	t.Logf("%d of %d orders are kept, each with its three traces", len(leaving), orders)
}
