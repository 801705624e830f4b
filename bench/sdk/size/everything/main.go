// Command everything is the program stock with all exporters of spans and
// metrics and all propagators that sdk.Setup can choose from.
package main

import (
	"context"
	"os"

	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	ctx := context.Background()
	spans, metrics, err := exporters(ctx, os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"))
	if err != nil {
		panic(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	otel.SetTracerProvider(provider)
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(metrics))))
	otel.SetTextMapPropagator(autoprop.NewTextMapPropagator())
	_, span := otel.Tracer("size").Start(ctx, "span")
	span.End()
	_ = provider.Shutdown(ctx)
}

func exporters(ctx context.Context, protocol string) (spans sdktrace.SpanExporter, metrics metric.Exporter, err error) {
	switch protocol {
	case "grpc":
		if spans, err = otlptracegrpc.New(ctx); err == nil {
			metrics, err = otlpmetricgrpc.New(ctx)
		}
	case "console":
		spans, err = stdouttrace.New()
	default:
		if spans, err = otlptracehttp.New(ctx); err == nil {
			metrics, err = otlpmetrichttp.New(ctx)
		}
	}
	return spans, metrics, err
}
