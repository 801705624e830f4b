package dropin

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// Ours by its defaults, each span exported at its end; and with failures kept
// no more than others, spans waiting for a flush.
var (
	ourSDK    = sdkUnderTest{"ours", newOurs, newStockPropagator}
	queuedSDK = sdkUnderTest{"queued", newQueued, newStockPropagator}
)

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
