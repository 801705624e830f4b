// Package storageextension opens the backends that chains and edges are kept
// in and lends them out by name. It decides where data lies by default and what
// a person is told when a backend can't be opened.
package storageextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// NewFactory is the factory of the extension call_graph_storage.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("call_graph_storage"),
		func() component.Config { return &Config{} },
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return &Extension{config: cfg.(*Config), telemetry: set.TelemetrySettings}, nil
		}, component.StabilityLevelAlpha)
}
