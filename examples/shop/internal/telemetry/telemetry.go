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
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/sdk"
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
	conn, err := connect(o.OTLP)
	if err != nil {
		return nil, fmt.Errorf("export to %s: %w", o.OTLP, err)
	}
	end, err := start(ctx, o, conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	// A collector that is away is no event of the shop's: its log says so, the terminal does not.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Info("telemetry", "error", err) }))
	return func(ctx context.Context) error { return errors.Join(end(ctx), conn.Close()) }, nil
}

// start sends spans, and the counts of calls, over one connection.
func start(ctx context.Context, o Options, conn *grpc.ClientConn) (stop func(context.Context) error, err error) {
	spans, err := otlptracegrpc.New(ctx, otlptracegrpc.WithGRPCConn(conn), otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{
		Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 2 * time.Second, MaxElapsedTime: time.Minute,
	}))
	if err != nil {
		return nil, err
	}
	counts, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithGRPCConn(conn), otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}))
	if err != nil {
		return nil, errors.Join(err, spans.Shutdown(ctx))
	}
	stop, err = sdk.Setup(ctx,
		sdk.WithResource(describe(o.Service)),
		// A graph that moves within a second.
		sdk.WithExporter(spans, sdk.Batching{Interval: 500 * time.Millisecond, Borrows: true}),
		sdk.WithEdgeExporter(counts),
		sdk.WithChainKeys("", OrderKey),
		// A warning or an error is shown by the chain, too.
		sdk.WithLog(slog.NewTextHandler(o.Log, nil), sdk.LogEvents(slog.LevelWarn)),
	)
	if err != nil {
		return nil, errors.Join(err, spans.Shutdown(ctx), counts.Shutdown(ctx))
	}
	return stop, nil
}

// connect finds a collector that comes back within two seconds, however long it
// was away: gRPC by itself waits up to two minutes.
func connect(endpoint string) (*grpc.ClientConn, error) {
	soon := backoff.DefaultConfig
	soon.MaxDelay = 2 * time.Second
	return grpc.NewClient("passthrough:///"+endpoint,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: soon, MinConnectTimeout: 2 * time.Second}))
}

func describe(service string) *resource.Resource {
	return resource.NewSchemaless(
		attribute.String("service.name", service),
		attribute.String("service.namespace", Namespace),
		attribute.String("service.version", Version),
		attribute.String("service.instance.id", service+"-"+strconv.Itoa(os.Getpid())),
		attribute.String("deployment.environment.name", Environment),
	)
}
