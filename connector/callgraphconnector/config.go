package callgraphconnector

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/jcallgraph/jcallgraph/internal/fields"
)

// Config of the connector. Every zero value stands for the default named with
// its field.
type Config struct {
	// Storage is the extension that has Backend. Both empty: after a crash
	// nothing is counted again, and the writer's ID is new with each start.
	Storage component.ID `mapstructure:"storage"`
	// Backend is the one of the extension's that the spans, and the pipelines
	// of the edges, are written to.
	Backend string `mapstructure:"backend"`
	// FlushInterval is how often changed cells are sent on; 500ms.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// PairingWindow is how long a span waits for its other half; 10s.
	PairingWindow time.Duration `mapstructure:"pairing_window"`
	// OpenTime is how long no call must have come for a bucket before its
	// cells are final, and a client span may find its server; 60s.
	OpenTime time.Duration `mapstructure:"open_time"`
	// MaxSpans is how many spans may wait at a time; 1,000,000.
	MaxSpans int `mapstructure:"max_spans"`
	// MaxCells is how many cells may be open at a time; 1,000,000. Beyond it
	// operations are folded.
	MaxCells int `mapstructure:"max_cells"`
	// Prometheus is the service graph for Prometheus.
	Prometheus PrometheusConfig `mapstructure:"prometheus"`
}

// PrometheusConfig says who gets the service graph.
type PrometheusConfig struct {
	// Pipelines get traces_service_graph_* only, all others jcallgraph.edge.*
	// only. Empty: no service graph.
	Pipelines []pipeline.ID `mapstructure:"pipelines"`
	// SpansOnly leaves out what SDKs counted: for all but one of the connectors
	// that write to the same backend. Without a backend it is always left out.
	SpansOnly bool `mapstructure:"spans_only"`
	// Limit is how many edges between services have series of their own; 1,000.
	Limit int `mapstructure:"limit"`
	// Interval is how often the series are sent; 5s.
	Interval time.Duration `mapstructure:"interval"`
	// ExplicitBuckets are upper bounds in seconds, rising, for scrapes that
	// know no native histograms. Empty: exponential histograms.
	ExplicitBuckets []float64 `mapstructure:"explicit_buckets"`
}

// Limits of what is accepted.
const (
	minFlushInterval = 10 * time.Millisecond
	maxFlushInterval = 10 * time.Second
	minPairingWindow = time.Second
	maxPairingWindow = time.Minute
	maxOpenTime      = 10 * time.Minute
	windowsOpen      = 3 // OpenTime is at least so many pairing windows: see edgecount
	maxHeld          = 100_000_000
	maxLimit         = 100_000
	minInterval      = 100 * time.Millisecond
	maxInterval      = 4 * time.Minute // Prometheus takes series for gone after 5
	maxBuckets       = 100
)

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	d := c.withDefaults()
	return errors.Join(
		c.validateStorage(),
		fields.Between("flush_interval", d.FlushInterval, minFlushInterval, maxFlushInterval),
		fields.Between("pairing_window", d.PairingWindow, minPairingWindow, maxPairingWindow),
		fields.Between("open_time", d.OpenTime, windowsOpen*d.PairingWindow, maxOpenTime),
		fields.Between("max_spans", d.MaxSpans, 1, maxHeld),
		fields.Between("max_cells", d.MaxCells, 1, maxHeld),
		fields.Between("prometheus::limit", d.Prometheus.Limit, 1, maxLimit),
		fields.Between("prometheus::interval", d.Prometheus.Interval, minInterval, maxInterval),
		c.Prometheus.validatePipelines(),
		c.Prometheus.validateBuckets())
}

func (c *Config) validateStorage() error {
	switch none := (component.ID{}); {
	case c.Storage == none && c.Backend != "":
		return errors.New("storage: must name the extension of the backend, such as call_graph_storage")
	case c.Storage != none && c.Backend == "":
		return fmt.Errorf("backend: must name one of the backends of %s", c.Storage)
	}
	return nil
}

func (p *PrometheusConfig) validatePipelines() error {
	for _, id := range p.Pipelines {
		if id.Signal() != pipeline.SignalMetrics {
			return fmt.Errorf("prometheus::pipelines: %s is no metrics pipeline", id)
		}
	}
	return nil
}

func (p *PrometheusConfig) validateBuckets() error {
	if n := len(p.ExplicitBuckets); n > maxBuckets {
		return fmt.Errorf("prometheus::explicit_buckets: has %d bounds, at most %d are accepted", n, maxBuckets)
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(p.ExplicitBuckets)))
	if !slices.Equal(sorted, p.ExplicitBuckets) || len(sorted) > 0 && !(sorted[0] > 0) {
		return fmt.Errorf("prometheus::explicit_buckets: %v must be seconds above 0 and rise", p.ExplicitBuckets)
	}
	return nil
}

func defaultConfig() component.Config { return new(Config).withDefaults() }

// withDefaults is a copy without zero values.
func (c *Config) withDefaults() *Config {
	d := *c
	fields.Default(&d.FlushInterval, 500*time.Millisecond)
	fields.Default(&d.PairingWindow, 10*time.Second)
	fields.Default(&d.OpenTime, time.Minute)
	fields.Default(&d.MaxSpans, 1_000_000)
	fields.Default(&d.MaxCells, 1_000_000)
	fields.Default(&d.Prometheus.Limit, 1000)
	fields.Default(&d.Prometheus.Interval, 5*time.Second)
	return &d
}
