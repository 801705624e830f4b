package export

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// Compact is the exporter of both spans and counts in the compact format.
func Compact(e setting.Exporter, meters metric.MeterProvider) (*compact.Exporter, error) {
	o := []compact.Option{compact.WithEndpoint(e.Endpoint), compact.WithHeaders(e.Headers), compact.WithMeterProvider(meters)}
	if !e.Plain() {
		secure, err := tlsConfig(e.TLS)
		if err != nil {
			return nil, err
		}
		o = append(o, compact.WithTLSConfig(secure))
	}
	return compact.New(o...)
}
