package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sdk"
)

// incoming is what a service of ours that is called by another one gets, with
// an entry of some vendor in between.
var incoming = map[string]string{
	"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	"tracestate":  "jcg=1:0123456789abcdef:fedcba9876543210:0ba902b7:01:00000000000000aa,ot=th:ffbe76c8b43958,vendor=t61rcWkgMzE",
	"baggage":     "order.id=20261126-4711,user.tier=gold",
}

// carried is a propagator with spans of its SDK.
type carried struct {
	name       string
	propagator propagation.TextMapPropagator
	provider   provider
}

// propagation takes the headers of a request in and writes those of the request
// that it causes. Spans are not measured here: the outgoing request belongs to
// one that was started before, of a context that came in the same way.
func (b *bench) propagation() error {
	both := []carried{
		{
			"stock", propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
			sdktrace.NewTracerProvider(),
		},
		{"ours", sdk.Propagator("order.id"), sdk.NewTracerProvider(sdk.WithPolicy(notSampled), sdk.WithEdgeExporter(countSink{}))},
	}
	for _, read := range []bool{false, true} {
		measured := costs{}
		for range b.rounds {
			for _, c := range both {
				measured[c.name] = append(measured[c.name], c.round(b.spans, read))
			}
		}
		name := "propagation"
		if read {
			name = "propagation_read"
		}
		b.ratio(name+"_vs_stock", measured["ours"], measured["stock"])
		b.Print(name+"_cpu_ns", median(measured["ours"], nanos), "ns")
		b.Print(name+"_stock_cpu_ns", median(measured["stock"], nanos), "ns")
		b.memory(name, measured["ours"])
		b.memory(name+"_stock", measured["stock"])
	}
	for _, c := range both {
		if err := c.provider.Shutdown(context.Background()); err != nil {
			return fmt.Errorf("propagation: %w", err)
		}
	}
	return nil
}

// round is the cost of one extract and one inject; read: the application asks
// for an entry of the baggage.
func (c *carried) round(n int, read bool) cost {
	in, out := propagation.HeaderCarrier(http.Header{}), propagation.HeaderCarrier(http.Header{})
	for key, value := range incoming {
		in.Set(key, value)
	}
	ctx, span := c.provider.Tracer("bench").Start(c.extract(in, read), "GET", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	work := func(n int) {
		for range n {
			c.extract(in, read)
			c.propagator.Inject(ctx, out)
		}
	}
	work(warm)
	runtime.GC()
	before := usageNow()
	work(n)
	return usageNow().since(before, n)
}

func (c *carried) extract(in propagation.TextMapCarrier, read bool) context.Context {
	ctx := c.propagator.Extract(context.Background(), in)
	if read && baggage.FromContext(ctx).Member("order.id").Value() == "" {
		return context.Background() // cannot be: it came in
	}
	return ctx
}
