// Package queryextension serves the query API as a collector extension: it
// decides where it listens, how often the graph follows the store, and what is
// said at start-up, above all when a port is taken.
package queryextension

import (
	"context"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/extension"

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/extension/query"
)

// NewFactory is the factory of the extension call_graph_query.
func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("call_graph_query"), defaultConfig,
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return &Extension{config: cfg.(*Config), telemetry: set.TelemetrySettings, terminal: os.Stderr}, nil
		}, component.StabilityLevelAlpha)
}

func defaultConfig() component.Config {
	http := confighttp.NewDefaultServerConfig()
	http.NetAddr.Endpoint = "127.0.0.1:16686"
	http.WriteTimeout = time.Minute // above RequestTimeout, whose answer must get through
	return &Config{
		Storage:         component.MustNewID("call_graph_storage"),
		Backend:         "local",
		HTTP:            http,
		RefreshInterval: 250 * time.Millisecond,
		RequestTimeout:  30 * time.Second,
		ViewCells:       graphview.DefaultCells,
		StrengthDays:    query.DefaultStrengthDays,
	}
}
