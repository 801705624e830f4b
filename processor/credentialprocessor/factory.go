// Package credentialprocessor removes credentials from spans before anything
// stores or counts them: package credential as a component of the collector.
package credentialprocessor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/jcallgraph/jcallgraph/internal/fields"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/processor/credential"
)

// Config adds to the built-in rules; empty is complete.
type Config struct {
	// Keys of more attributes to remove, exact.
	Keys []string `mapstructure:"keys"`
	// Parameters of URLs whose value is secret, too, in any case of letters.
	Parameters []string `mapstructure:"parameters"`
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if slices.Contains(c.Keys, "") {
		return errors.New("keys: an attribute key must not be empty")
	}
	if slices.Contains(c.Parameters, "") {
		return errors.New("parameters: a parameter's name must not be empty")
	}
	return nil
}

// NewFactory is the factory of the processor call_graph_credentials.
func NewFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("call_graph_credentials"),
		func() component.Config { return &Config{} },
		processor.WithTraces(newTraces, component.StabilityLevelAlpha))
}

// Name of the processor's own metric.
const (
	meterName     = "github.com/jcallgraph/jcallgraph/processor/credentialprocessor"
	metricRemoved = "jcallgraph.credentials.removed"
)

func newTraces(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	c := cfg.(*Config)
	rules := credential.New(c.Keys, c.Parameters)
	removed, err := ownmetric.Counter(set.MeterProvider.Meter(meterName), metricRemoved, "{attribute}",
		"Attributes that were removed, or whose secrets were, before the spans were stored.")
	if err != nil {
		return nil, fmt.Errorf("create the processor's own metric: %w", err)
	}
	return processorhelper.NewTraces(ctx, set, cfg, next, func(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
		if n := rules.Apply(td); n > 0 {
			removed.Add(ctx, int64(n))
		}
		return td, nil
	}, processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}))
}
