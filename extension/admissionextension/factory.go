// Package admissionextension puts the gate of package admission before the
// receivers that name it as middleware; they share it.
package admissionextension

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/extension/admission"
	"github.com/jcallgraph/jcallgraph/internal/fields"
)

// Config of the extension. Zero values are the defaults of admission.Options.
type Config struct {
	// MaxMiB of requests that are read and worked on at once; 8. They take
	// about six times that in memory.
	MaxMiB int64 `mapstructure:"max_mib"`
	// MaxRequests that are open, most of them waiting; 1024.
	MaxRequests int64 `mapstructure:"max_requests"`
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if c.MaxMiB < 0 || c.MaxMiB > math.MaxInt64>>20 {
		return fmt.Errorf("max_mib: %d must be from 1 to %d, or 0 for the default", c.MaxMiB, int64(math.MaxInt64>>20))
	}
	if c.MaxRequests < 0 {
		return errors.New("max_requests: must be at least 1, or 0 for the default")
	}
	return nil
}

// NewFactory is the factory of the extension call_graph_admission.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("call_graph_admission"),
		func() component.Config {
			return &Config{MaxMiB: admission.DefaultMaxBytes >> 20, MaxRequests: admission.DefaultMaxRequests}
		},
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			c := cfg.(*Config)
			gate := admission.New(admission.Options{MaxBytes: c.MaxMiB << 20, MaxRequests: c.MaxRequests})
			return &middleware{Gate: gate, meters: set.MeterProvider}, nil
		}, component.StabilityLevelAlpha)
}

// middleware is a gate as receivers of the collector want it.
type middleware struct {
	*admission.Gate
	meters metric.MeterProvider

	mu           sync.Mutex
	registration metric.Registration
}

var (
	_ extensionmiddleware.GRPCServer = (*middleware)(nil)
	_ extensionmiddleware.HTTPServer = (*middleware)(nil)
)

// Start implements component.Component.
func (m *middleware) Start(context.Context, component.Host) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registration, err = metrics.Observe(m.meters.Meter(meterName), m.Stats)
	return err
}

// Shutdown implements component.Component. Receivers, which end before, serve
// those that wait.
func (m *middleware) Shutdown(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.registration
	if m.registration = nil; r == nil {
		return nil
	}
	return r.Unregister()
}

// GetGRPCServerOptions implements extensionmiddleware.GRPCServer.
func (m *middleware) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	return m.ServerOptions(), nil
}

// GetHTTPHandler implements extensionmiddleware.HTTPServer.
func (m *middleware) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) { return m.Handler(next), nil }, nil
}
