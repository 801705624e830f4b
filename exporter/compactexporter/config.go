package compactexporter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/jcallgraph/jcallgraph/internal/fields"
)

// Config of the exporter. Without a queue and without retries, which is the
// default, a sender's acknowledgement follows the durable write at the other end.
type Config struct {
	// ClientConfig says where the receiver is, host:port, which is required, and
	// how it is reached: TLS, authentication, headers, keep-alive, balancer.
	configgrpc.ClientConfig `mapstructure:",squash"`
	// ShortIDs says which trace IDs travel short: born, those that were born short;
	// or rewrite, all: foreign ones are replaced.
	ShortIDs string `mapstructure:"short_ids"`
	// Streams that requests take in turn, 1: more for gateways whose one stream
	// fills a CPU.
	Streams int `mapstructure:"streams"`
	// MaxStreamAge is after which time a stream makes way for another, 30 min;
	// below 0 never.
	MaxStreamAge time.Duration `mapstructure:"max_stream_age"`
	// OtherMetrics says what becomes of metrics that are no intervals of SDKs:
	// refuse, the default, or drop.
	OtherMetrics string `mapstructure:"other_metrics"`
	// Timeout of one request, 0: none, the answer decides.
	Timeout exporterhelper.TimeoutConfig `mapstructure:",squash"`
	// Queue acknowledges before the answer unless wait_for_result is set; off.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// Retry repeats failed requests here, while the sender waits; off.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
}

// Values of Config.ShortIDs and of Config.OtherMetrics.
const (
	born    = "born"
	rewrite = "rewrite"

	refuse = "refuse"
	drop   = "drop"
)

const (
	maxStreams          = 64
	defaultMaxStreamAge = 30 * time.Minute
	// minStreamAge is so long that frames are answered within it. A number without
	// a unit is nanoseconds: streams would make way before they carried any.
	minStreamAge = time.Second
	// keepaliveTime is beyond what gRPC servers punish unless told otherwise: a
	// stream is open all the time, and dead peers show by their missing answers.
	keepaliveTime = 6 * time.Minute
)

var errNoEndpoint = errors.New("endpoint: must name the host and port of a compact receiver, such as collector:4319")

var errUser = errors.New("endpoint: must be a host and a port, such as collector:4319: users and passwords belong into headers or auth")

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := fields.Unmarshal(conf, c); err != nil {
		return err
	}
	if strings.Contains(c.Endpoint, "@") && !strings.HasPrefix(c.Endpoint, "unix") {
		return errUser // here, as ClientConfig's Validate would show the password
	}
	return nil
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	switch {
	case c.Endpoint == "":
		return errNoEndpoint
	case c.Compression.IsCompressed():
		return fmt.Errorf("compression: %q would not make frames smaller: remove it", c.Compression)
	case c.ShortIDs != born && c.ShortIDs != rewrite:
		return fmt.Errorf("short_ids: %q is neither %s nor %s", c.ShortIDs, born, rewrite)
	case c.Streams < 1 || c.Streams > maxStreams:
		return fmt.Errorf("streams: %d must be from 1 to %d", c.Streams, maxStreams)
	case c.MaxStreamAge >= 0 && c.MaxStreamAge < minStreamAge:
		return fmt.Errorf("max_stream_age: %v must be at least %v, or below 0 for never", c.MaxStreamAge, minStreamAge)
	case c.OtherMetrics != refuse && c.OtherMetrics != drop:
		return fmt.Errorf("other_metrics: %q is neither %s nor %s", c.OtherMetrics, refuse, drop)
	}
	return nil
}

func defaultConfig() component.Config {
	client := configgrpc.NewDefaultClientConfig()
	client.Keepalive.Get().Time = keepaliveTime
	retry := configretry.NewDefaultBackOffConfig()
	retry.Enabled = false
	return &Config{
		ClientConfig: client,
		ShortIDs:     born,
		Streams:      1,
		MaxStreamAge: defaultMaxStreamAge,
		OtherMetrics: refuse,
		Queue:        configoptional.Default(exporterhelper.NewDefaultQueueConfig()),
		Retry:        retry,
	}
}
