package callgraphconnector

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
)

func TestDefaultsAreValid(t *testing.T) {
	cfg := NewFactory().CreateDefaultConfig()
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
	require.NoError(t, cfg.(*Config).Validate())
	require.NoError(t, new(Config).Validate(), "zero values are defaults")
	require.Equal(t, cfg, new(Config).withDefaults())
}

func TestConfigOfTheBuiltInDistribution(t *testing.T) {
	cfg := defaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"storage": "call_graph_storage", "backend": "local",
		"prometheus": map[string]any{"pipelines": []any{"metrics/prometheus"}, "explicit_buckets": []any{0.1, 1}},
		"open_time":  "90s",
	}).Unmarshal(cfg))
	want := defaultConfig().(*Config)
	want.Storage, want.Backend, want.OpenTime = component.MustNewID("call_graph_storage"), "local", 90*time.Second
	want.Prometheus.Pipelines = []pipeline.ID{pipeline.NewIDWithName(pipeline.SignalMetrics, "prometheus")}
	want.Prometheus.ExplicitBuckets = []float64{0.1, 1}
	require.Equal(t, want, cfg)
	require.NoError(t, want.Validate())
}

func TestErrorsNameFieldAndAcceptedValues(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"storage: must name the extension of the backend":                   func(c *Config) { c.Backend = "local" },
		"backend: must name one of the backends of call_graph_storage":      func(c *Config) { c.Storage = storageID },
		"flush_interval: 1ms is outside the accepted 10ms to 10s":           func(c *Config) { c.FlushInterval = time.Millisecond },
		"pairing_window: 1h0m0s is outside the accepted 1s to 1m0s":         func(c *Config) { c.PairingWindow = time.Hour },
		"open_time: 20s is outside the accepted 30s to 10m0s":               func(c *Config) { c.OpenTime = 20 * time.Second },
		"max_spans: -1 is outside the accepted 1 to 100000000":              func(c *Config) { c.MaxSpans = -1 },
		"max_cells: -5 is outside":                                          func(c *Config) { c.MaxCells = -5 },
		"prometheus::limit: -1 is outside the accepted 1 to 100000":         func(c *Config) { c.Prometheus.Limit = -1 },
		"prometheus::interval: 10m0s is outside the accepted 100ms to 4m0s": func(c *Config) { c.Prometheus.Interval = 10 * time.Minute },
		"prometheus::pipelines: traces/x is no metrics pipeline": func(c *Config) {
			c.Prometheus.Pipelines = []pipeline.ID{pipeline.NewIDWithName(pipeline.SignalTraces, "x")}
		},
		"prometheus::explicit_buckets: [2 1] must be seconds above 0 and rise": func(c *Config) { c.Prometheus.ExplicitBuckets = []float64{2, 1} },
		"prometheus::explicit_buckets: [0 1] must be":                          func(c *Config) { c.Prometheus.ExplicitBuckets = []float64{0, 1} },
		"prometheus::explicit_buckets: [NaN] must be":                          func(c *Config) { c.Prometheus.ExplicitBuckets = []float64{math.NaN()} },
		"prometheus::explicit_buckets: has 101 bounds, at most 100":            func(c *Config) { c.Prometheus.ExplicitBuckets = make([]float64, 101) },
	} {
		cfg := defaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
