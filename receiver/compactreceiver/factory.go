// Package compactreceiver puts the compact wire's server into a collector, and
// decides what its streams may cost and which pipeline gets what.
package compactreceiver

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// NewFactory is the factory of the receiver compact.
func NewFactory() receiver.Factory {
	f := factory{open: map[*Config]*compact{}}
	return receiver.NewFactory(component.MustNewType("compact"), defaultConfig,
		receiver.WithTraces(f.traces, component.StabilityLevelAlpha),
		receiver.WithMetrics(f.metrics, component.StabilityLevelAlpha))
}

// factory makes one receiver of a configuration for both signals: they come by
// the same streams.
type factory struct {
	mu   sync.Mutex
	open map[*Config]*compact
}

func (f *factory) traces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	r, err := f.receiver(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	r.traces = next
	return r, nil
}

func (f *factory) metrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	r, err := f.receiver(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	r.metrics = next
	return r, nil
}

func (f *factory) receiver(set receiver.Settings, c *Config) (*compact, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.open[c]; r != nil {
		return r, nil
	}
	r, err := newReceiver(set, c, func() { f.forget(c) })
	if err == nil {
		f.open[c] = r
	}
	return r, err
}

func (f *factory) forget(c *Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, c)
}
