package sdk

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// stockProvider is OTel's own with the same options, as far as it has them: one
// in N is exported by the same rate, failures are as rare as successes, and
// calls are not counted. Its own sampler reads the environment.
func stockProvider(o options, ownRate bool) *sdktrace.TracerProvider {
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(o.resource), sdktrace.WithRawSpanLimits(o.limits)}
	if ownRate {
		opts = append(opts, sdktrace.WithSampler(stockSampler{o.policy.Rate}))
	}
	if o.generator != nil {
		opts = append(opts, sdktrace.WithIDGenerator(o.generator))
	}
	if len(o.chainKeys) > 0 {
		opts = append(opts, sdktrace.WithSpanProcessor(keyCopier{keys: o.chainKeys}))
	}
	for _, p := range o.processors {
		opts = append(opts, sdktrace.WithSpanProcessor(p))
	}
	for _, e := range o.exporters {
		opts = append(opts, e.stock(o.batching))
	}
	return sdktrace.NewTracerProvider(opts...)
}

// stock feeds the exporter as OTel's SDK does.
func (e exporterOption) stock(environment Batching) sdktrace.TracerProviderOption {
	b := e.complete(environment)
	if e.immediate {
		return sdktrace.WithSyncer(timed{e.plain, b.Timeout})
	}
	return sdktrace.WithBatcher(e.plain, sdktrace.WithMaxQueueSize(b.Queue), sdktrace.WithMaxExportBatchSize(b.Batch),
		sdktrace.WithBatchTimeout(b.Interval), sdktrace.WithExportTimeout(b.Timeout))
}

// timed bounds exports: OTel's SDK does so for batches only, and some exporters
// wait for their receiver.
type timed struct {
	sdktrace.SpanExporter
	most time.Duration
}

func (t timed) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if t.most > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.most)
		defer cancel()
	}
	return t.SpanExporter.ExportSpans(ctx, spans)
}

// stockSampler asks a rate for OTel's SDK.
type stockSampler struct{ rate sampler.Rate }

func (s stockSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	result := sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	head := sampler.Policy{Rate: s.rate}.Head(sampler.Start{
		TraceID: p.TraceID, Randomness: sampler.RandomnessOf(p.TraceID), Operation: p.Name, Kind: p.Kind, Attributes: p.Attributes,
		Parent: sampler.Parent{Valid: parent.IsValid(), Remote: parent.IsRemote(), Sampled: parent.IsSampled()},
	})
	if head.Sampled {
		result.Decision = sdktrace.RecordAndSample
	}
	return result
}

func (s stockSampler) Description() string { return sampler.Policy{Rate: s.rate}.String() }

// keyCopier copies business keys from the baggage to spans of OTel's SDK.
type keyCopier struct{ keys []string }

func (c keyCopier) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	for _, key := range c.keys {
		if value, ok := tracecontext.BaggageValue(ctx, key); ok {
			s.SetAttributes(attribute.String(key, value))
		}
	}
}

func (keyCopier) OnEnd(sdktrace.ReadOnlySpan)      {}
func (keyCopier) Shutdown(context.Context) error   { return nil }
func (keyCopier) ForceFlush(context.Context) error { return nil }
