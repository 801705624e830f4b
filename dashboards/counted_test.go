package dashboards

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// process is one on our SDK that counts calls and sends no span.
type process struct {
	*sdk.TracerProvider
	now time.Time
}

func (c collector) process(t *testing.T, name string) process {
	t.Helper()
	e, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithEndpoint(c.Address(collectortest.PortGRPC)))
	require.NoError(t, err)
	return process{sdk.NewTracerProvider(sdk.WithEdgeExporter(e), sdk.WithPolicy(sampler.Policy{Rate: sampler.Off}),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", name), attribute.String("service.instance.id", "1")))), time.Now()}
}

// span is one that took so long while do ran.
func (p process) span(ctx context.Context, name string, kind trace.SpanKind, took time.Duration, fails bool, do func(context.Context), a ...attribute.KeyValue) {
	ctx, s := p.Tracer("dashboards").Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(a...), trace.WithTimestamp(p.now.Add(-took)))
	do(ctx)
	if fails {
		s.SetStatus(codes.Error, "")
	}
	s.End(trace.WithTimestamp(p.now))
}

// count makes n requests of the same calls as traces, by processes whose SDK counts them.
func (c collector) count(t *testing.T, n int) {
	t.Helper()
	shops, carts, payments := c.process(t, shop), c.process(t, cart), c.process(t, payment)
	nothing := func(context.Context) {}
	calls := func(to process, name string, took time.Duration, fails bool) func(context.Context) {
		return func(ctx context.Context) {
			carrier := propagation.MapCarrier{}
			sdk.Propagator().Inject(ctx, carrier)
			to.span(sdk.Propagator().Extract(context.Background(), carrier), "POST /"+name, trace.SpanKindServer, took, fails, nothing)
		}
	}
	for range n {
		shops.span(t.Context(), "GET /", trace.SpanKindServer, 100*time.Millisecond, false, func(ctx context.Context) {
			at := func(name string) attribute.KeyValue { return attribute.String("server.address", name+"-host") }
			shops.span(ctx, "POST", trace.SpanKindClient, 30*time.Millisecond, false, calls(carts, cart, 20*time.Millisecond, false), at(cart))
			shops.span(ctx, "POST", trace.SpanKindClient, 50*time.Millisecond, true, calls(payments, payment, 40*time.Millisecond, true), at(payment))
			shops.span(ctx, "GET", trace.SpanKindClient, time.Millisecond, false, nothing, attribute.String("db.system.name", database))
		})
	}
	for _, p := range []process{shops, carts, payments} {
		require.NoError(t, p.Shutdown(t.Context()))
	}
}

// TestQueriesReturnSeriesOfWhatSDKsCount has the dashboard show calls of which no
// span was sent.
func TestQueriesReturnSeriesOfWhatSDKsCount(t *testing.T) {
	d := read(t)
	c := start(t)
	s := scraping(t, c)
	c.count(t, 10)
	c.Eventually("failed calls", s.returns("traces_service_graph_request_failed_total == 10"))
	c.count(t, 20) // rates need two values
	c.Eventually("more failed calls", s.returns("traces_service_graph_request_failed_total == 30"))
	for _, p := range append(callPanels(), edgePanels()...) {
		panel, err := p.Build()
		require.NoError(t, err)
		for _, q := range queries(d) {
			if q.panel != *panel.Title {
				continue
			}
			t.Run(q.String(), func(t *testing.T) {
				s.testNames(t, q)
				s.testSeries(t, q, everything)
				s.testSeries(t, q, failing)
			})
		}
	}
	t.Run("table", func(t *testing.T) { s.testTable(t, d) })
	t.Run("graph", func(t *testing.T) { s.testGraph(t, d) })
	t.Run("variables", func(t *testing.T) { s.testVariables(t, d) })
	t.Run("values", s.testValues)
}
