package main

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/wire"
)

// subject is an SDK set up in one way, and the spans it is given.
type subject struct {
	name    string
	start   func(*sink) provider
	attends func(trace.Tracer) // one span, from start to end
	exports bool               // every span; else none
	times   int                // as many spans a round as others
}

type provider interface {
	trace.TracerProvider
	ForceFlush(context.Context) error
	Shutdown(context.Context) error
}

// The queue and the batches are those of both SDKs.
const (
	queue = 8192
	batch = 512
)

var (
	batching  = sdk.Batching{Queue: queue, Batch: batch}
	borrowing = sdk.Batching{Queue: queue, Batch: batch, Borrows: true} // the exporter keeps no span
)

func subjects() []subject {
	return []subject{
		{name: "stock_always", start: stock(sdktrace.AlwaysSample()), attends: eight, exports: true, times: 1},
		{name: "unsampled8", start: ours(notSampled), attends: eight, times: 1},
		{name: "stock_recordonly", start: stock(recordOnly{}), attends: eight, times: 1},
		{name: "kept8", start: ours(keepsAll), attends: eight, exports: true, times: 1},
		{name: "kept8_compact", start: oursCompact, attends: eight, exports: true, times: 1},
		{name: "stock_otlp", start: stockOTLP, attends: eight, exports: true, times: 1},
		{name: "bare", start: ours(notSampled), attends: bare, times: 5},
		{name: "stock_drop", start: stock(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0))), attends: bare, times: 5},
	}
}

// notSampled is a rate that samples nothing in practice and goes the way that
// any rate goes; failures are kept.
var (
	notSampled = sampler.Policy{Rate: sampler.ParentBased{Root: sampler.Ratio{Threshold: sampler.Never - 1}}, Keep: sampler.Errors}
	keepsAll   = sampler.Policy{Rate: sampler.ParentBased{}, Keep: sampler.Errors}
)

// ours counts calls, and sends the counts each second to nowhere.
func ours(p sampler.Policy) func(*sink) provider {
	return func(s *sink) provider {
		return sdk.NewTracerProvider(sdk.WithPolicy(p), sdk.WithEdgeExporter(countSink{}), sdk.WithExporter(s, batching))
	}
}

func oursCompact(s *sink) provider {
	e := &encoding{sink: s, encoder: wire.NewEncoder()}
	return sdk.NewTracerProvider(sdk.WithPolicy(keepsAll), sdk.WithEdgeExporter(countSink{}), sdk.WithExporter(e, borrowing))
}

func stockOTLP(s *sink) provider {
	return stockBy(otlptrace.NewUnstarted(marshalling{s}), sdktrace.AlwaysSample())
}

// stock loses nothing: it waits where its queue is full.
func stock(rate sdktrace.Sampler) func(*sink) provider {
	return func(s *sink) provider { return stockBy(s, rate) }
}

func stockBy(e sdktrace.SpanExporter, rate sdktrace.Sampler) provider {
	return sdktrace.NewTracerProvider(sdktrace.WithSampler(rate), sdktrace.WithBatcher(e,
		sdktrace.WithBlocking(), sdktrace.WithMaxQueueSize(queue), sdktrace.WithMaxExportBatchSize(batch)))
}

// recordOnly is how the stock SDK records what it does not export.
type recordOnly struct{}

func (recordOnly) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{Decision: sdktrace.RecordOnly, Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState()}
}

func (recordOnly) Description() string { return "RecordOnly" }

// What an HTTP server's instrumentation says of a request: five attributes when
// it comes, three with the response.
var (
	atStart = []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(
			attribute.String("http.request.method", "GET"),
			attribute.String("url.scheme", "http"),
			attribute.String("url.path", "/cart/items/4711"),
			attribute.String("server.address", "cart.shop.svc"),
			attribute.String("network.protocol.version", "1.1"),
		),
	}
	route  = attribute.String("http.route", "/cart/items/{id}")
	status = attribute.Int("http.response.status_code", 200)
	size   = attribute.Int64("http.response.body.size", 1834)
)

func eight(t trace.Tracer) {
	_, span := t.Start(context.Background(), "GET /cart/items/{id}", atStart[0], atStart[1])
	span.SetAttributes(route, status, size)
	span.End()
}

func bare(t trace.Tracer) {
	_, span := t.Start(context.Background(), "settle")
	span.End()
}
