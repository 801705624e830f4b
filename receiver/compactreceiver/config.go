package compactreceiver

import (
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/internal/fields"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// Config of the receiver. Zero values of its own fields are the defaults of
// server.Options.
type Config struct {
	// ServerConfig is where it listens, and as what: 127.0.0.1:4319.
	configgrpc.ServerConfig `mapstructure:",squash"`
	// MaxMiB of decoded frames that are being stored at once; 64.
	MaxMiB int64 `mapstructure:"max_mib"`
	// MaxStateMiB is what the dictionaries of all streams may hold; 512.
	MaxStateMiB int64 `mapstructure:"max_state_mib"`
	// MaxSenders that are remembered beside those with a stream; 65,536.
	MaxSenders int `mapstructure:"max_senders"`
}

// minMessageMiB is what the largest frame needs as a message: 4 MiB and a few
// bytes.
const minMessageMiB = 5

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator; ServerConfig has its own.
func (c *Config) Validate() error {
	switch {
	case c.NetAddr.Endpoint == "":
		return fmt.Errorf("endpoint: must be a host and a port, as in %s", defaultEndpoint)
	case c.MaxRecvMsgSizeMiB < minMessageMiB:
		return fmt.Errorf("max_recv_msg_size_mib: %d must be at least %d: the largest message has a little more than 4 MiB", c.MaxRecvMsgSizeMiB, minMessageMiB)
	case c.MaxMiB < 0 || c.MaxMiB > math.MaxInt64>>20:
		return fmt.Errorf("max_mib: %d must be from 1 to %d, or 0 for the default", c.MaxMiB, int64(math.MaxInt64>>20))
	case c.MaxStateMiB < 0 || c.MaxStateMiB > math.MaxInt64>>20:
		return fmt.Errorf("max_state_mib: %d must be from 1 to %d, or 0 for the default", c.MaxStateMiB, int64(math.MaxInt64>>20))
	case c.MaxSenders < 0:
		return fmt.Errorf("max_senders: %d must be at least 1, or 0 for the default", c.MaxSenders)
	}
	return nil
}

func (c *Config) options() server.Options {
	return server.Options{MaxBytes: c.MaxMiB << 20, MaxState: c.MaxStateMiB << 20, MaxSenders: c.MaxSenders}
}

const (
	defaultEndpoint = "127.0.0.1:4319"
	// Tens of thousands of connections have such buffers, and seldom use them:
	// what is larger is read and written without.
	defaultBuffer = 4 << 10
	// Connections that are gone without a word are found by pings; senders' own
	// pings are answered unless they come without end.
	defaultPing    = 2 * time.Minute
	defaultAnswer  = time.Minute // TCP, too, gives up a connection after that time: it must outlast lost packets
	defaultMinPing = 10 * time.Second
)

func defaultConfig() component.Config {
	c := configgrpc.NewDefaultServerConfig()
	c.NetAddr.Endpoint = defaultEndpoint
	c.MaxRecvMsgSizeMiB = minMessageMiB
	c.ReadBufferSize, c.WriteBufferSize = defaultBuffer, defaultBuffer
	k := configgrpc.NewDefaultKeepaliveServerConfig()
	k.ServerParameters.Get().Time = defaultPing
	k.ServerParameters.Get().Timeout = defaultAnswer
	k.EnforcementPolicy.Get().MinTime = defaultMinPing
	k.EnforcementPolicy.Get().PermitWithoutStream = true
	c.Keepalive = configoptional.Some(k)
	return &Config{
		ServerConfig: c,
		MaxMiB:       server.DefaultMaxBytes >> 20,
		MaxStateMiB:  server.DefaultMaxState >> 20,
		MaxSenders:   server.DefaultMaxSenders,
	}
}
