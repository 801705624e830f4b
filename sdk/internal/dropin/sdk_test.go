package dropin

import (
	"context"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

// TestMain takes away what the machine says of telemetry: cases say it themselves.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if key, _, _ := strings.Cut(pair, "="); strings.HasPrefix(key, "OTEL_") {
			_ = os.Unsetenv(key)
		}
	}
	goleak.VerifyTestMain(m)
}

// provider is what the providers of both SDKs can beyond OTel's API.
type provider interface {
	trace.TracerProvider
	RegisterSpanProcessor(sdktrace.SpanProcessor)
	UnregisterSpanProcessor(sdktrace.SpanProcessor)
	ForceFlush(context.Context) error
	Shutdown(context.Context) error
}

// setup is how a case wants its provider. The zero value is an SDK's default:
// all spans kept, nowhere exported to.
type setup struct {
	exporters      []sdktrace.SpanExporter
	processors     []sdktrace.SpanProcessor
	limits         *sdktrace.SpanLimits
	depth          int
	resource       *resource.Resource
	ids            sdktrace.IDGenerator
	off            bool // nothing is sampled
	withoutPanics  bool // panics are not recorded
	env            map[string]string
	withoutCapture bool // the probe's own exporter is left out
}

type sdkUnderTest struct {
	name       string
	new        func(setup) provider
	propagator func() propagation.TextMapPropagator
}

var stockSDK = sdkUnderTest{"stock", newStock, newStockPropagator}

func newStockPropagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// sdks are what every case and program runs against; stock says what is right.
var sdks = []sdkUnderTest{stockSDK, ourSDK, queuedSDK, countingSDK}

func newStock(s setup) provider {
	var options []sdktrace.TracerProviderOption
	for _, e := range s.exporters {
		options = append(options, sdktrace.WithSyncer(e))
	}
	for _, p := range s.processors {
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	if s.limits != nil {
		options = append(options, sdktrace.WithRawSpanLimits(*s.limits))
	}
	if s.depth != 0 {
		options = append(options, sdktrace.WithAttributeValueDepthLimit(s.depth))
	}
	if s.resource != nil {
		options = append(options, sdktrace.WithResource(s.resource))
	}
	if s.ids != nil {
		options = append(options, sdktrace.WithIDGenerator(s.ids))
	}
	if s.off {
		options = append(options, sdktrace.WithSampler(sdktrace.NeverSample()))
	}
	if s.withoutPanics {
		options = append(options, sdktrace.WithoutPanicRecording())
	}
	return sdktrace.NewTracerProvider(options...)
}
