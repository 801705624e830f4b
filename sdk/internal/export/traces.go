package export

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/credentials"

	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// Traces is the exporter of spans. It connects when there is something to send.
// What it tells of itself goes to meters; nil stands for OTel's global provider.
func Traces(ctx context.Context, e setting.Exporter, meters metric.MeterProvider) (sdktrace.SpanExporter, error) {
	secure, err := tlsConfig(e.TLS)
	if err != nil {
		return nil, err
	}
	switch e.Kind {
	case setting.Compact:
		return Compact(e, meters)
	case setting.Console:
		return stdouttrace.New()
	case setting.GRPC:
		var o []otlptracegrpc.Option
		add(&o, e.Endpoint != "", func() otlptracegrpc.Option { return otlptracegrpc.WithEndpointURL(e.Endpoint) })
		add(&o, e.Headers != nil, func() otlptracegrpc.Option { return otlptracegrpc.WithHeaders(e.Headers) })
		add(&o, e.Compression == gzip, func() otlptracegrpc.Option { return otlptracegrpc.WithCompressor(gzip) })
		add(&o, e.Timeout > 0, func() otlptracegrpc.Option { return otlptracegrpc.WithTimeout(e.Timeout) })
		add(&o, secure != nil, func() otlptracegrpc.Option {
			return otlptracegrpc.WithTLSCredentials(credentials.NewTLS(secure))
		})
		return otlptracegrpc.New(ctx, o...)
	case setting.HTTP:
		var o []otlptracehttp.Option
		add(&o, e.Endpoint != "", func() otlptracehttp.Option { return otlptracehttp.WithEndpointURL(e.Endpoint) })
		add(&o, e.Headers != nil, func() otlptracehttp.Option { return otlptracehttp.WithHeaders(e.Headers) })
		add(&o, e.Compression == gzip, func() otlptracehttp.Option {
			return otlptracehttp.WithCompression(otlptracehttp.GzipCompression)
		})
		add(&o, e.Timeout > 0, func() otlptracehttp.Option { return otlptracehttp.WithTimeout(e.Timeout) })
		add(&o, secure != nil, func() otlptracehttp.Option { return otlptracehttp.WithTLSClientConfig(secure) })
		return otlptracehttp.New(ctx, o...)
	}
	return nil, fmt.Errorf("no exporter of kind %d", e.Kind)
}

const gzip = "gzip"

// add adds an option where it is asked for.
func add[O any](options *[]O, wanted bool, option func() O) {
	if wanted {
		*options = append(*options, option())
	}
}
