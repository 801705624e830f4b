package logicalchainprocessor

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

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

// Unmarshal implements confmap.Unmarshaler. A key for HMACs that is given and
// empty, as that of a variable nobody set, would let raw values through.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	rules, _ := conf.Get("keys").([]any)
	for i := range min(len(rules), len(c.Keys)) {
		fields, _ := rules[i].(map[string]any)
		if _, given := fields["hmac_key"]; given && c.Keys[i].HMACKey == "" {
			return fmt.Errorf("keys::%d::hmac_key: must not be empty; is the variable set that it comes from?", i)
		}
	}
	return nil
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var noUse error
	if c.Backend == "" && !c.Annotate {
		noUse = errors.New("backend: must name one of the storage extension's backends, where annotate is not true")
	}
	rules := logicalchain.Config{Keys: c.Keys}
	return errors.Join(noUse, rules.Validate())
}
