package dependencyprocessor

import (
	"errors"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/internal/fields"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/wholechain"
)

// Config of the processor. Every zero value but Backend's stands for the default
// named with its field.
type Config struct {
	// Storage is the extension that has Backend; call_graph_storage.
	Storage component.ID `mapstructure:"storage"`
	// Backend is the one of the extension's that keeps the evidence, and the spans
	// of whole chains; required.
	Backend string `mapstructure:"backend"`
	// FlushInterval is how often new evidence is written; 2s.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// Wait is how long a local trace waits for what is missing; 30s.
	Wait time.Duration `mapstructure:"wait"`
	// MaxSpans is how many spans may wait at a time; 200,000.
	MaxSpans int `mapstructure:"max_spans"`
	// MaxSites is how many call sites are known at a time; 50,000.
	MaxSites int `mapstructure:"max_sites"`
	// AssumeComplete takes local traces for whole that do not say how many spans
	// they have, as those of SDKs other than ours. Lost spans then look like
	// calls that were not made.
	AssumeComplete bool `mapstructure:"assume_complete"`
	// InjectedAttributes mark failures that were made on purpose; jcg.injected.
	InjectedAttributes []string `mapstructure:"injected_attributes"`
	// WholeChains are read back from the backend.
	WholeChains WholeChainsConfig `mapstructure:"whole_chains"`
}

// WholeChainsConfig says which chains are read back.
type WholeChainsConfig struct {
	// Off reads none.
	Off bool `mapstructure:"off"`
	// Rate is how many are read a second for their failures, and as many chosen
	// whatever happened in them; 20.
	Rate int `mapstructure:"rate" zero:"must be from 1 to 10000; off: true reads no chains"`
	// Quiet is how long nothing of a chain must have come; 30s.
	Quiet time.Duration `mapstructure:"quiet" zero:"must be from 1s to 10m"`
}

// Limits of what is accepted.
const (
	minFlushInterval = 100 * time.Millisecond
	maxFlushInterval = time.Minute
	minWait          = time.Second
	maxWait          = 10 * time.Minute
	maxHeld          = 100_000_000
	maxSites         = 10_000_000
	maxRate          = 10_000
)

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	d := c.withDefaults()
	return errors.Join(
		c.validateBackend(),
		fields.Between("flush_interval", d.FlushInterval, minFlushInterval, maxFlushInterval),
		fields.Between("wait", d.Wait, minWait, maxWait),
		fields.Between("max_spans", d.MaxSpans, 1, maxHeld),
		fields.Between("max_sites", d.MaxSites, 1, maxSites),
		c.validateInjected(),
		fields.Between("whole_chains::rate", d.WholeChains.Rate, 1, maxRate),
		fields.Between("whole_chains::quiet", d.WholeChains.Quiet, minWait, maxWait))
}

func (c *Config) validateBackend() error {
	if c.Backend == "" {
		return errors.New("backend: must name one of the storage extension's backends")
	}
	return nil
}

func (c *Config) validateInjected() error {
	if slices.Contains(c.InjectedAttributes, "") {
		return errors.New("injected_attributes: an attribute key must not be empty")
	}
	return nil
}

func defaultConfig() component.Config { return new(Config).withDefaults() }

// withDefaults is a copy without zero values.
func (c *Config) withDefaults() *Config {
	d := *c
	fields.Default(&d.Storage, component.MustNewID("call_graph_storage"))
	fields.Default(&d.FlushInterval, 2*time.Second)
	fields.Default(&d.Wait, dependency.DefaultWait)
	fields.Default(&d.MaxSpans, dependency.DefaultMaxSpans)
	fields.Default(&d.MaxSites, dependency.DefaultMaxSites)
	if len(d.InjectedAttributes) == 0 {
		d.InjectedAttributes = []string{"jcg.injected"}
	}
	fields.Default(&d.WholeChains.Rate, wholechain.DefaultRate)
	fields.Default(&d.WholeChains.Quiet, wholechain.DefaultQuiet)
	return &d
}
