package logicalchainprocessor

import (
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/internal/fields"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
)

// Config of the processor.
type Config struct {
	// Storage is the extension that has the backend; call_graph_storage.
	Storage component.ID `mapstructure:"storage"`
	// Backend is one of the extension's, by its name there, and keeps which traces
	// carry which keys; none: spans are annotated only.
	Backend string `mapstructure:"backend"`
	// Keys say where business keys are found; without them, in attributes
	// jcg.chain.* only.
	Keys []logicalchain.Rule `mapstructure:"keys"`
	// Annotate puts attributes jcg.chain.* on spans, for pipelines to other
	// backends; false.
	Annotate bool `mapstructure:"annotate"`
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var noUse error
	if c.Backend == "" && !c.Annotate {
		noUse = errors.New("backend: must name one of the storage extension's backends, where annotate is not true")
	}
	rules := logicalchain.Config{Keys: c.Keys}
	return errors.Join(noUse, rules.Validate())
}
