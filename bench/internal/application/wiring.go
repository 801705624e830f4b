package application

import (
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/jcallgraph/jcallgraph/sdk"
)

// EdgesCounted says whether the SDK counts calls, or leaves it to the collector.
const EdgesCounted = true

func propagator() propagation.TextMapPropagator { return sdk.Propagator() }

func countBy(e sdkmetric.Exporter) []sdk.Option { return []sdk.Option{sdk.WithEdgeExporter(e)} }
