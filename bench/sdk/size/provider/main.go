// Command provider is the program stock with our provider in the place of
// OTel's.
package main

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"

	"github.com/jcallgraph/jcallgraph/sdk"
)

func main() {
	ctx := context.Background()
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		panic(err)
	}
	provider := sdk.NewTracerProvider(sdk.WithExporter(exporter, sdk.Batching{}))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	_, span := otel.Tracer("size").Start(ctx, "span")
	span.End()
	_ = provider.Shutdown(ctx)
}
