package sdk

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// sink takes intervals and forgets them.
type sink struct{ sdkmetric.Exporter }

func (sink) Export(context.Context, *metricdata.ResourceMetrics) error { return nil }
func (sink) ForceFlush(context.Context) error                          { return nil }
func (sink) Shutdown(context.Context) error                            { return nil }

// counting is a service whose calls are counted. The clock of the test's
// bubble stands still, so that nothing is sent meanwhile.
func counting(t *testing.T, name string, rate sampler.Rate, opts ...Option) recorder {
	described := resource.NewSchemaless(attribute.String("service.name", name), attribute.String("deployment.environment.name", "e"))
	return record(t, rate, append([]Option{WithEdgeExporter(sink{}), WithResource(described)}, opts...)...)
}

// cells are what was counted since the last time, as text.
func (r recorder) cells() (lines []string) {
	interval, _ := r.edges.counters.Take()
	for _, c := range interval.Cells {
		lines = append(lines, describe(&c))
	}
	slices.Sort(lines)
	return lines
}

func describe(c *callgraph.Cell) string {
	s := c.Edge.String() + " " + c.Outcome.String()
	for _, n := range []struct {
		name  string
		count uint64
	}{{"client", c.Client.Count()}, {"server", c.Server.Count()}, {"server only", c.ServerOnly}} {
		if n.count > 0 {
			s += " " + n.name + "=" + string(rune('0'+n.count))
		}
	}
	return s
}

var headers = tracecontext.New(tracecontext.Options{Baggage: true, OwnKeys: []string{"order.number"}})

// call calls a service from another one and returns what the callee was told.
func call(ctx context.Context, from, to recorder, host string, failed bool) http.Header {
	ctx, client := from.Start(ctx, "GET", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("server.address", host), attribute.String("http.request.method", "GET")))
	defer client.End()
	h := http.Header{}
	headers.Inject(ctx, propagation.HeaderCarrier(h))
	_, server := to.Start(headers.Extract(context.Background(), propagation.HeaderCarrier(h)), "GET /stock",
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", "GET")))
	if failed {
		server.SetStatus(codes.Error, "")
	}
	server.End()
	return h
}

func reference(caller, site callgraph.StaticID) string {
	return callgraph.Reference{Caller: caller, Site: site}.Operation().String()
}

func TestBothHalvesOfACallAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shop, stock := counting(t, "shop", sampler.Off), counting(t, "stock", sampler.Off)
		for _, failed := range []bool{false, false, true} {
			ctx, entry := shop.Start(t.Context(), "POST /order", trace.WithSpanKind(trace.SpanKindServer))
			call(ctx, shop, stock, "stock", failed)
			entry.End()
		}
		caller := callgraph.Operation{Service: callgraph.Service{Environment: "e", Name: "shop"}, Name: "POST /order"}
		virtual := callgraph.Operation{Service: callgraph.Service{Environment: "e", Name: "stock"}, Name: "GET", Node: callgraph.Virtual}
		require.Equal(t, []string{
			"(outside) -> e//shop POST /order ok server=3 server only=3",
			"e//shop POST /order -> " + virtual.String() + " [http] ok client=3",
		}, shop.cells())
		from := reference(callgraph.StaticIDOf(caller), callgraph.SiteIDOf(caller.Service, virtual))
		require.Equal(t, []string{
			from + " -> e//stock GET /stock [http] error server=1",
			from + " -> e//stock GET /stock [http] ok server=2",
		}, stock.cells())
		require.Len(t, stock.exporter.GetSpans(), 1, "the failed one")
		require.Equal(t, "server", valueOf(stock.named(t, "GET /stock"), callgraph.AttributeCounted).AsString())
	})
}

// TestAPeerThatGetsItsNameLate: otelgrpc learns the peer's address once it has
// sent the request.
func TestAPeerThatGetsItsNameLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shop := counting(t, "shop", sampler.Always)
		ctx, client := shop.Start(t.Context(), "Stock/Find", trace.WithSpanKind(trace.SpanKindClient))
		headers.Inject(ctx, propagation.HeaderCarrier(http.Header{}))
		client.SetAttributes(attribute.String("server.address", "stock"))
		client.End()
		require.Contains(t, shop.cells(), "e//shop Stock/Find -> e//unknown_peer (virtual) Stock/Find ok client=1")
		require.Equal(t, "unknown_peer", valueOf(shop.named(t, "Stock/Find"), callgraph.AttributePeer).AsString())
	})
}

func TestACallerThatGetsItsNameLateIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shop, stock := counting(t, "shop", sampler.Off), counting(t, "stock", sampler.Off)
		ctx, entry := shop.Start(t.Context(), "POST", trace.WithSpanKind(trace.SpanKindServer))
		call(ctx, shop, stock, "stock", false)
		entry.SetName("POST /order")
		entry.End()
		require.Equal(t, []string{
			"(outside) -> e//shop POST /order ok server=1 server only=1",
			"e//shop POST -> e//stock (virtual) GET ok",
			"e//shop POST /order -> e//stock (virtual) GET [http] ok client=1",
		}, shop.cells())
	})
}

func TestWhatAnotherSDKCalledIsLeftToTheCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stock := counting(t, "stock", sampler.Always)
		_, s := stock.Start(high(t.Context()), "GET /stock", trace.WithSpanKind(trace.SpanKindServer))
		s.End()
		require.Empty(t, stock.cells())
		require.Equal(t, attribute.Value{}, valueOf(stock.named(t, "GET /stock"), callgraph.AttributeCounted))
	})
}

// TestInstrumentationThatWrapsTheParent: otelgrpc puts the context of the span
// that came in the place of what the propagator made.
func TestInstrumentationThatWrapsTheParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stock := counting(t, "stock", sampler.Always)
		ctx := trace.ContextWithRemoteSpanContext(extract(t, callgraph.StateEntry{Caller: 1, Site: 2, Counted: true}), trace.SpanContextFromContext(extract(t, callgraph.StateEntry{Caller: 1, Site: 2, Counted: true})))
		_, s := stock.Start(ctx, "Stock/Find", trace.WithSpanKind(trace.SpanKindServer))
		s.End()
		require.Equal(t, []string{reference(1, 2) + " -> e//stock Stock/Find ok server=1"}, stock.cells())
		require.NotContains(t, stock.left()[0], "jcg", "what came is not passed on")
	})
}

func TestEachMessageOfABatchIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stock := counting(t, "stock", sampler.Always)
		var links []trace.Link
		for caller := range callgraph.StaticID(3) {
			links = append(links, trace.LinkFromContext(extract(t, callgraph.StateEntry{Caller: caller + 1, Site: 9, Counted: true})))
		}
		_, s := stock.Start(t.Context(), "process", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(links...))
		s.End()
		require.Equal(t, []string{
			reference(1, 9) + " -> e//stock process [messaging] ok server=1",
			reference(2, 9) + " -> e//stock process [messaging] ok server=1",
			reference(3, 9) + " -> e//stock process [messaging] ok server=1",
		}, stock.cells())
		require.Equal(t, "server", valueOf(stock.named(t, "process"), callgraph.AttributeCounted).AsString())

		_, s = stock.Start(t.Context(), "process", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(append(links, trace.LinkFromContext(high(t.Context())))...))
		s.End()
		require.Empty(t, stock.cells(), "the collector knows better")
	})
}

// extract is the context of a request from a span of ours.
func extract(t *testing.T, e callgraph.StateEntry) context.Context {
	t.Helper()
	e.Sender = 0x05060708
	h := http.Header{"Traceparent": {"00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01"}, "Tracestate": {"jcg=" + e.String()}}
	return headers.Extract(t.Context(), propagation.HeaderCarrier(h))
}

func TestAStaleEntryMakesAnIndirectCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stock := counting(t, "stock", sampler.Always)
		entry := callgraph.StateEntry{Caller: 1, Site: 2, Sender: 3, Counted: true}
		h := http.Header{"Traceparent": {"00-0102030405060708090a0b0c0d0e0f10-0102030405060708-00"}, "Tracestate": {"jcg=" + entry.String()}}
		_, s := stock.Start(headers.Extract(t.Context(), propagation.HeaderCarrier(h)), "GET /stock", trace.WithSpanKind(trace.SpanKindServer))
		s.End()
		from := callgraph.Reference{Caller: 1, Site: 2, Indirect: true}.Operation()
		require.Equal(t, []string{from.String() + " -> e//stock GET /stock ok server=1 server only=1"}, stock.cells())
	})
}

func TestStrangersAreToldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shop, stock := counting(t, "shop", sampler.Always, WithDestinations("partner.example")), counting(t, "stock", sampler.Always)
		for host, told := range map[string]bool{"stock": true, "10.1.2.3": true, "api.partner.example": true, "example.com": false, "8.8.8.8": false} {
			ctx, entry := shop.Start(withKey(t.Context(), t, "order.number", "4711"), "POST /order", trace.WithSpanKind(trace.SpanKindServer))
			h := call(ctx, shop, stock, host, false)
			entry.End()
			require.Equal(t, told, h.Get("baggage") != "", host)
			require.Equal(t, told, len(h.Get("tracestate")) > len("jcg="+callgraph.StateEntry{}.String()), h.Get("tracestate"))
			require.NotEmpty(t, h.Get("traceparent"), host)
		}
	})
}

func TestTheEntranceIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shop, stock, store := counting(t, "shop", sampler.Off), counting(t, "stock", sampler.Off), counting(t, "store", sampler.Off)
		ctx, entry := shop.Start(t.Context(), "POST /order", trace.WithSpanKind(trace.SpanKindServer))
		h := call(ctx, shop, stock, "stock", false)
		below, server := stock.Start(headers.Extract(t.Context(), propagation.HeaderCarrier(h)), "GET /stock", trace.WithSpanKind(trace.SpanKindServer))
		second := call(below, stock, store, "store", false)
		server.End()
		entry.End()
		entrance := callgraph.StaticIDOf(callgraph.Operation{Service: callgraph.Service{Environment: "e", Name: "shop"}, Name: "POST /order"})
		for _, told := range []http.Header{h, second} {
			remote, ok := tracecontext.FromContext(headers.Extract(t.Context(), propagation.HeaderCarrier(told)))
			require.True(t, ok)
			e, ok := remote.Entry()
			require.True(t, ok)
			require.Equal(t, entrance, e.Entrance)
			require.True(t, e.Counted)
			require.NotZero(t, e.Site)
		}
	})
}
