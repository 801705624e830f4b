// Package telemetry decides what the shop tells about itself. It is the only
// one that knows an OpenTelemetry SDK: exchange it here and the services do
// not notice.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// Names that all of the shop's services have in common.
const (
	Environment = "shop-demo"
	Namespace   = "shop"
	Version     = "1.0.0"
)

// Options of one process.
type Options struct {
	Service string
	OTLP    string    // host:port of OTLP/gRPC
	Log     io.Writer // takes the log lines
}

// Start sets OpenTelemetry's and slog's globals, which the services and their
// instrumentation use. stop sends what is left; it returns when ctx ends.
func Start(ctx context.Context, o Options) (stop func(context.Context) error, err error) {
	slog.SetDefault(slog.New(spanLog{slog.NewTextHandler(o.Log, nil)}))
	exporter, err := newExporter(ctx, o.OTLP)
	if err != nil {
		return nil, fmt.Errorf("export to %s: %w", o.OTLP, err)
	}
	described, err := describe(ctx, o.Service)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("describe service %s: %w", o.Service, err), exporter.Shutdown(ctx))
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(described),
		sdktrace.WithSpanProcessor(baggageCopier{}),
		// A graph that moves within a second, not every five.
		sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(500*time.Millisecond)),
	)
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	// A collector that is away is no event of the shop's: its log says so, the terminal does not.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Info("telemetry", "error", err) }))
	return provider.Shutdown, nil
}

// newExporter finds a collector that comes back within two seconds, however
// long it was away: gRPC by itself waits up to two minutes.
func newExporter(ctx context.Context, endpoint string) (sdktrace.SpanExporter, error) {
	soon := backoff.DefaultConfig
	soon.MaxDelay = 2 * time.Second
	return otlptracegrpc.New(ctx,
		otlptracegrpc.WithEndpoint(endpoint),
		otlptracegrpc.WithInsecure(),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{
			Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 2 * time.Second, MaxElapsedTime: time.Minute,
		}),
		otlptracegrpc.WithDialOption(grpc.WithConnectParams(grpc.ConnectParams{Backoff: soon, MinConnectTimeout: 2 * time.Second})),
	)
}

func describe(ctx context.Context, service string) (*resource.Resource, error) {
	return resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithAttributes(
			attribute.String("service.name", service),
			attribute.String("service.namespace", Namespace),
			attribute.String("service.version", Version),
			attribute.String("service.instance.id", service+"-"+strconv.Itoa(os.Getpid())),
			attribute.String("deployment.environment.name", Environment),
		),
	)
}
