package stocksampler

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// nowhere is an exporter at no cost.
type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (nowhere) Shutdown(context.Context) error                             { return nil }

// BenchmarkSpan is a root with a child, eight attributes each.
func BenchmarkSpan(b *testing.B) {
	batch := func() sdktrace.SpanProcessor { return sdktrace.NewBatchSpanProcessor(nowhere{}) }
	thousand := New(sampler.Policy{Rate: sampler.ParentBased{Root: sampler.OneIn(1000)}, Keep: sampler.Errors})
	all := New(sampler.Policy{Keep: sampler.Errors})
	for name, options := range map[string][]sdktrace.TracerProviderOption{
		"stock/all":         {sdktrace.WithSpanProcessor(batch())},
		"stock/record only": {sdktrace.WithSampler(sdktrace.AlwaysRecord(sdktrace.NeverSample())), sdktrace.WithSpanProcessor(batch())},
		"ours/all":          {sdktrace.WithSampler(all), sdktrace.WithSpanProcessor(all.Wrap(batch()))},
		"ours/1 of 1000":    {sdktrace.WithSampler(thousand), sdktrace.WithSpanProcessor(thousand.Wrap(batch()))},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			provider := sdktrace.NewTracerProvider(options...)
			tracer := provider.Tracer("")
			attributes := make([]attribute.KeyValue, 8)
			for i := range attributes {
				attributes[i] = attribute.Int(string(rune('a'+i)), i)
			}
			for b.Loop() {
				ctx, root := tracer.Start(context.Background(), "root")
				root.SetAttributes(attributes...)
				_, child := tracer.Start(ctx, "child")
				child.SetAttributes(attributes...)
				child.End()
				root.End()
			}
			_ = provider.Shutdown(context.Background())
		})
	}
}
