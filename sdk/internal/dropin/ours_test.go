package dropin

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// Ours by its defaults, each span exported at its end; with failures kept no
// more than others and spans waiting for a flush; and with calls counted and
// told to the callees.
var (
	ourSDK      = sdkUnderTest{"ours", newOurs, newStockPropagator}
	queuedSDK   = sdkUnderTest{"queued", newQueued, newStockPropagator}
	countingSDK = sdkUnderTest{"counting", newCounting, newOurPropagator}
)

func newOurPropagator() propagation.TextMapPropagator { return sdk.Propagator() }

func newCounting(s setup) provider {
	options := append(ourOptions(s), sdk.WithEdgeExporter(nowhere{}))
	for _, e := range s.exporters {
		options = append(options, sdk.WithSyncer(e))
	}
	return sdk.NewTracerProvider(options...)
}

// nowhere is where edge counts go.
type nowhere struct{ sdkmetric.Exporter }

func (nowhere) Export(context.Context, *metricdata.ResourceMetrics) error { return nil }
func (nowhere) ForceFlush(context.Context) error                          { return nil }
func (nowhere) Shutdown(context.Context) error                            { return nil }

func newOurs(s setup) provider {
	options := ourOptions(s)
	for _, e := range s.exporters {
		options = append(options, sdk.WithSyncer(e))
	}
	return sdk.NewTracerProvider(options...)
}

func newQueued(s setup) provider {
	options := ourOptions(s)
	if len(s.env) == 0 && !s.off {
		options = append(options, sdk.WithPolicy(sampler.Policy{Rate: sampler.ParentBased{}}))
	}
	for _, e := range s.exporters {
		options = append(options, sdk.WithExporter(e, sdk.Batching{}))
	}
	return sdk.NewTracerProvider(options...)
}

func ourOptions(s setup) []sdk.Option {
	var options []sdk.Option
	for _, p := range s.processors {
		options = append(options, sdk.WithSpanProcessor(p))
	}
	if s.limits != nil {
		options = append(options, sdk.WithSpanLimits(*s.limits))
	}
	if s.depth != 0 {
		l := sdktrace.NewSpanLimits()
		l.AttributeValueDepthLimit = s.depth
		options = append(options, sdk.WithSpanLimits(l))
	}
	if s.resource != nil {
		options = append(options, sdk.WithResource(s.resource))
	}
	if s.ids != nil {
		options = append(options, sdk.WithIDGenerator(s.ids))
	}
	if s.off {
		options = append(options, sdk.WithPolicy(sampler.Policy{Rate: sampler.Off}))
	}
	if s.withoutPanics {
		options = append(options, sdk.WithoutPanicRecording())
	}
	return options
}
