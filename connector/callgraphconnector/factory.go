// Package callgraphconnector makes edges of traces. It decides who gets what:
// the counts of edges (jcallgraph.edge.*) go to all metrics pipelines but
// those that are listed for Prometheus, and those get the service graph
// (traces_service_graph_*) and nothing else: calls from spans, and those that
// SDKs counted, out of the store. It never fails a request.
//
// Counts are sent on until a pipeline took them, so a pipeline that ends in a
// store must fail when the store does: no batch processor and no queue that
// acknowledges early may stand between.
package callgraphconnector

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
)

// NewFactory is the factory of the connector call_graph.
func NewFactory() connector.Factory {
	return connector.NewFactory(component.MustNewType("call_graph"), defaultConfig,
		connector.WithTracesToMetrics(newTracesToMetrics, component.StabilityLevelAlpha))
}

func newTracesToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Traces, error) {
	config := cfg.(*Config).withDefaults()
	routes, err := newRoutes(config.Prometheus.Pipelines, next)
	if err != nil {
		return nil, fmt.Errorf("prometheus::pipelines: %w", err)
	}
	return newConnector(set, config, routes), nil
}
