package application

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/jcallgraph/jcallgraph/sdk"
)

// edgesCounted says whether the SDK counts calls, or leaves it to the collector.
const edgesCounted = false

func propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

func countBy(sdkmetric.Exporter) []sdk.Option { return nil }

// discarded is where counts go without a collector.
type discarded struct{}

func (discarded) Temporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.DeltaTemporality
}

func (discarded) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}
func (discarded) Export(context.Context, *metricdata.ResourceMetrics) error { return nil }
func (discarded) ForceFlush(context.Context) error                          { return nil }
func (discarded) Shutdown(context.Context) error                            { return nil }
