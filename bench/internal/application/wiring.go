package application

import (
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/jcallgraph/jcallgraph/sdk"
)

// EdgesCounted says whether the SDK counts calls, or leaves it to the collector.
const EdgesCounted = false

func propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

func countBy(e sdkmetric.Exporter) []sdk.Option { return []sdk.Option{sdk.WithEdgeExporter(e)} }
