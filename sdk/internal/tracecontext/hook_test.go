package tracecontext

import (
	"context"
	"testing"

	"github.com/opentracing/opentracing-go"
	"github.com/stretchr/testify/assert"
	bridge "go.opentelemetry.io/otel/bridge/opentracing"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace/noop"
)

// TestHooksOfTheOpenTracingBridge: the bridge hooks into whoever sets or asks
// for baggage, above the extraction or below it. Both ways baggage passes
// from one API to the other as with the stock propagators.
func TestHooksOfTheOpenTracingBridge(t *testing.T) {
	for _, above := range []bool{true, false} {
		want, wantItem := throughTheBridge(t.Context(), stock, above)
		assert.Contains(t, want, "ot-item=1")
		for name, p := range bothWays() {
			got, item := throughTheBridge(t.Context(), p, above)
			assert.Equal(t, want, got, "%s, hooks above: %t", name, above)
			assert.Equal(t, wantItem, item, "%s, hooks above: %t", name, above)
		}
	}
}

func throughTheBridge(ctx context.Context, p propagation.TextMapPropagator, above bool) (sent []string, item string) {
	tracer := bridge.NewBridgeTracer()
	tracer.SetOpenTelemetryTracer(noop.NewTracerProvider().Tracer(""))
	span := tracer.StartSpan("")
	span.SetBaggageItem("ot-item", "1")
	if above {
		ctx = p.Extract(opentracing.ContextWithSpan(tracer.NewHookedContext(ctx), span), propagation.MapCarrier(incoming))
	} else {
		ctx = opentracing.ContextWithSpan(tracer.NewHookedContext(p.Extract(ctx, propagation.MapCarrier(incoming))), span)
	}
	out := propagation.MapCarrier{}
	p.Inject(ctx, out)
	return sortedMembers(out["baggage"]), span.BaggageItem("user.tier")
}
