// Package durableconnector writes spans to a backend and passes them on once
// they are durable, each request once: what stands behind it counts stored spans
// only, and a request that its sender repeats no second time. An exporter
// beside the call_graph connector could not do that: the collector hands a
// request to both, whatever one of them answers, so a request that the store
// refused and the sender repeats would be counted more than once.
package durableconnector

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/fields"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/intake"
)

// Config of the connector.
type Config struct {
	// Storage is the extension that has the backend; call_graph_storage.
	Storage component.ID `mapstructure:"storage"`
	// Backend is one of the extension's, by its name there; required.
	Backend string `mapstructure:"backend"`
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if c.Backend == "" {
		return errors.New("backend: must name one of the storage extension's backends")
	}
	return nil
}

// NewFactory is the factory of the connector call_graph_durable.
func NewFactory() connector.Factory {
	return connector.NewFactory(component.MustNewType("call_graph_durable"),
		func() component.Config { return &Config{Storage: component.MustNewID("call_graph_storage")} },
		connector.WithTracesToTraces(newTraces, component.StabilityLevelAlpha))
}

func newTraces(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Traces) (connector.Traces, error) {
	return &durableConnector{config: cfg.(*Config), telemetry: set.TelemetrySettings, next: next}, nil
}

// durableConnector stands between receivers and what counts.
type durableConnector struct {
	component.ShutdownFunc
	config    *Config
	telemetry component.TelemetrySettings
	next      consumer.Traces
	intake    *intake.Intake // from Start on
	failed    atomic.Int64   // when what follows last refused, Unix nanoseconds
}

// Capabilities implements consumer.Traces.
func (*durableConnector) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// Start implements component.Component.
func (c *durableConnector) Start(_ context.Context, host component.Host) error {
	backend, err := storage.Find(host.GetExtensions(), c.config.Storage, c.config.Backend)
	if err != nil {
		return err
	}
	c.intake, err = intake.New(backend, c.telemetry.MeterProvider, c.telemetry.Logger)
	return err
}

// ConsumeTraces implements consumer.Traces. It fails with retryable errors only.
// A request that was stored before is acknowledged and goes no further.
func (c *durableConnector) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	repeated, err := c.intake.WriteSpans(ctx, td)
	if err != nil {
		return err
	}
	if repeated && !c.owing() {
		return nil
	}
	if err := c.next.ConsumeTraces(ctx, td); err != nil {
		c.failed.Store(time.Now().UnixNano())
		return err
	}
	return nil
}

// owing is true while a repeated request may be one that what follows had
// refused. Then repeats are passed on, as it is not known which it is.
func (c *durableConnector) owing() bool {
	return time.Since(time.Unix(0, c.failed.Load())) < storage.RepeatWindow
}
