package export

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc/credentials"

	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// Metrics is the exporter of the counts of calls.
func Metrics(ctx context.Context, e setting.Exporter) (sdkmetric.Exporter, error) {
	secure, err := tlsConfig(e.TLS)
	if err != nil {
		return nil, err
	}
	switch e.Kind {
	case setting.GRPC:
		var o []otlpmetricgrpc.Option
		add(&o, e.Endpoint != "", func() otlpmetricgrpc.Option { return otlpmetricgrpc.WithEndpointURL(e.Endpoint) })
		add(&o, e.Headers != nil, func() otlpmetricgrpc.Option { return otlpmetricgrpc.WithHeaders(e.Headers) })
		add(&o, e.Compression == gzip, func() otlpmetricgrpc.Option { return otlpmetricgrpc.WithCompressor(gzip) })
		add(&o, e.Timeout > 0, func() otlpmetricgrpc.Option { return otlpmetricgrpc.WithTimeout(e.Timeout) })
		add(&o, secure != nil, func() otlpmetricgrpc.Option {
			return otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(secure))
		})
		return otlpmetricgrpc.New(ctx, o...)
	case setting.HTTP:
		var o []otlpmetrichttp.Option
		add(&o, e.Endpoint != "", func() otlpmetrichttp.Option { return otlpmetrichttp.WithEndpointURL(e.Endpoint) })
		add(&o, e.Headers != nil, func() otlpmetrichttp.Option { return otlpmetrichttp.WithHeaders(e.Headers) })
		add(&o, e.Compression == gzip, func() otlpmetrichttp.Option {
			return otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression)
		})
		add(&o, e.Timeout > 0, func() otlpmetrichttp.Option { return otlpmetrichttp.WithTimeout(e.Timeout) })
		add(&o, secure != nil, func() otlpmetrichttp.Option { return otlpmetrichttp.WithTLSClientConfig(secure) })
		return otlpmetrichttp.New(ctx, o...)
	}
	return nil, fmt.Errorf("counts of calls cannot be sent by an exporter of kind %d", e.Kind)
}
