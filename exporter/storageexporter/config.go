package storageexporter

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/jcallgraph/jcallgraph/internal/fields"
)

// Config of the exporter. Without a queue and without retries, which is the
// default, the sender's acknowledgement follows the durable write and its
// retry follows the error.
type Config struct {
	// Storage is the extension that has the backend; call_graph_storage.
	Storage component.ID `mapstructure:"storage"`
	// Backend is one of the extension's, by its name there; required.
	Backend string `mapstructure:"backend"`
	// OtherMetrics says what becomes of metrics that are no edge metrics:
	// refuse, the default, or drop.
	OtherMetrics string `mapstructure:"other_metrics"`
	// Timeout of one write, 30 s; 0 is none.
	Timeout exporterhelper.TimeoutConfig `mapstructure:",squash"`
	// Queue acknowledges before the write unless wait_for_result is set; off.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// Retry repeats failed writes here, while the sender waits; off.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
}

var errNoBackend = errors.New("backend: must name one of the storage extension's backends")

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if c.Backend == "" {
		return errNoBackend
	}
	if c.OtherMetrics != refuse && c.OtherMetrics != drop {
		return fmt.Errorf("other_metrics: %q is neither %s nor %s", c.OtherMetrics, refuse, drop)
	}
	return nil
}

// Values of Config.OtherMetrics.
const (
	refuse = "refuse"
	drop   = "drop"
)

const defaultTimeout = 30 * time.Second

func defaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.Enabled = false
	return &Config{
		Storage:      component.MustNewID("call_graph_storage"),
		OtherMetrics: refuse,
		Timeout:      exporterhelper.TimeoutConfig{Timeout: defaultTimeout},
		Queue:        configoptional.Default(exporterhelper.NewDefaultQueueConfig()),
		Retry:        retry,
	}
}
