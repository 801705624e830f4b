// Package storageexporter writes chains and edges to a backend of the storage
// extension, and decides what an acknowledgement means: the write is durable.
// What a backend can't take now is refused as retryable, what it never can take
// as permanent.
package storageexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// NewFactory is the factory of the exporter call_graph_storage.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(component.MustNewType("call_graph_storage"), defaultConfig,
		exporter.WithTraces(newTraces, component.StabilityLevelAlpha),
		exporter.WithMetrics(newMetrics, component.StabilityLevelAlpha))
}

func newTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	s := newSink(set, cfg)
	return exporterhelper.NewTraces(ctx, set, cfg, s.pushTraces, s.helperOptions()...)
}

func newMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	s := newSink(set, cfg)
	return exporterhelper.NewMetrics(ctx, set, cfg, s.pushMetrics, s.helperOptions()...)
}

func (s *sink) helperOptions() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(s.start),
		exporterhelper.WithTimeout(s.config.Timeout),
		exporterhelper.WithRetry(s.config.Retry),
		exporterhelper.WithQueue(s.config.Queue),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
	}
}
