// Package portconverter tells which ports are taken of those on which the
// collector's own parts listen. They fail by themselves, but do not say what a
// person can do. It sees the configuration as merged: what an overlay moved
// elsewhere is not asked for. It changes nothing.
package portconverter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

// NewFactory is the factory of the converter.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter { return converter{set.Logger} })
}

type converter struct{ logger *zap.Logger }

// Convert implements confmap.Converter. It only warns: a configuration whose
// ports are taken now is valid. The collector shows warnings of converters when
// it starts or fails to.
func (c converter) Convert(ctx context.Context, conf *confmap.Conf) error {
	for _, address := range slices.Concat(ofExtensions(conf), ofOwnMetrics(conf)) {
		if taken(ctx, address) {
			c.logger.Warn(address + " is in use by another program: stop that program, or shift all ports " +
				"of the built-in configuration, as in JCG_PORT_OFFSET=10000")
		}
	}
	return nil
}

// listening are the kinds of the collector's own extensions that listen at
// their endpoint.
var listening = []string{"health_check", "pprof", "zpages"}

func ofExtensions(conf *confmap.Conf) (addresses []string) {
	used, _ := conf.Get("service::extensions").([]any)
	for _, id := range used {
		kind, _, _ := strings.Cut(fmt.Sprint(id), "/")
		endpoint, ok := conf.Get(fmt.Sprintf("extensions::%s::endpoint", id)).(string)
		if ok && slices.Contains(listening, kind) {
			addresses = append(addresses, endpoint)
		}
	}
	return addresses
}

// ofOwnMetrics is where the collector serves its own metrics.
func ofOwnMetrics(conf *confmap.Conf) (addresses []string) {
	readers, _ := conf.Get("service::telemetry::metrics::readers").([]any)
	for _, reader := range readers {
		settings, _ := reader.(map[string]any)
		prometheus := confmap.NewFromStringMap(settings)
		host, port := prometheus.Get("pull::exporter::prometheus::host"), prometheus.Get("pull::exporter::prometheus::port")
		if host != nil && port != nil {
			addresses = append(addresses, net.JoinHostPort(fmt.Sprint(host), fmt.Sprint(port)))
		}
	}
	return addresses
}

func taken(ctx context.Context, address string) bool {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		_ = l.Close() // nothing was accepted
	}
	return errors.Is(err, syscall.EADDRINUSE)
}
