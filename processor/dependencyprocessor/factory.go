// Package dependencyprocessor watches what becomes of callers when their calls
// fail: package dependency as a component of the collector. Spans pass through
// unchanged, and none is ever refused for the sake of evidence.
package dependencyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
)

// NewFactory is the factory of the processor call_graph_dependency.
func NewFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("call_graph_dependency"), defaultConfig,
		processor.WithTraces(newTraces, component.StabilityLevelAlpha))
}

func newTraces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	return newProcessor(set, cfg.(*Config).withDefaults(), next), nil
}
