// Package telemetry decides what the shop tells about itself. It is the only
// one that knows an OpenTelemetry SDK: exchange it here and the services do
// not notice.
package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
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
	Service   string
	Collector string    // host:port that takes the compact format
	Log       io.Writer // takes the log lines
}

// Start sets OpenTelemetry's and slog's globals, which the services and their
// instrumentation use. stop sends what is left; it returns when ctx ends.
func Start(ctx context.Context, o Options) (stop func(context.Context) error, err error) {
	exporter, err := compact.New(compact.WithEndpoint(o.Collector))
	if err != nil {
		return nil, err
	}
	stop, err = sdk.Setup(ctx,
		sdk.WithResource(describe(o.Service)),
		// A graph that moves within a second. Spans wait for a collector that is away.
		sdk.WithExporter(exporter, sdk.Batching{Interval: 500 * time.Millisecond, Borrows: true, Timeout: -1}),
		sdk.WithIntervalExporter(exporter),
		sdk.WithChainKeys("", OrderKey),
		// A warning or an error is shown by the chain, too.
		sdk.WithLog(slog.NewTextHandler(o.Log, nil), sdk.LogEvents(slog.LevelWarn)),
	)
	if err != nil {
		return nil, errors.Join(err, exporter.Shutdown(ctx))
	}
	// A collector that is away is no event of the shop's: its log says so, the terminal does not.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Info("telemetry", "error", err) }))
	return stop, nil
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
