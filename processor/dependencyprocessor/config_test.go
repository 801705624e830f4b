package dependencyprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
)

func TestConfigNamesTheField(t *testing.T) {
	require.EqualError(t, confmap.Validate(NewFactory().CreateDefaultConfig()), "backend: must name one of the storage extension's backends")
	require.NoError(t, confmap.Validate(&Config{Backend: "local"}), "zero values are defaults")
	for want, change := range map[string]func(*Config){
		"flush_interval: 1ns is outside the accepted 100ms to 1m0s": func(c *Config) { c.FlushInterval = 1 },
		"wait: 1h0m0s is outside the accepted 1s to 10m0s":          func(c *Config) { c.Wait = time.Hour },
		"max_spans: -1 is outside the accepted 1 to 100000000":      func(c *Config) { c.MaxSpans = -1 },
		"max_sites: -1 is outside the accepted 1 to 10000000":       func(c *Config) { c.MaxSites = -1 },
		"injected_attributes: an attribute key must not be empty":   func(c *Config) { c.InjectedAttributes = []string{"a", ""} },
		"whole_chains::rate: -1 is outside the accepted 1 to 10000": func(c *Config) { c.WholeChains.Rate = -1 },
		"whole_chains::quiet: 1ms is outside":                       func(c *Config) { c.WholeChains.Quiet = time.Millisecond },
	} {
		c := &Config{Backend: "local"}
		change(c)
		require.ErrorContains(t, confmap.Validate(c), want)
	}
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
