package compactreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
)

func TestConfig(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
	require.NoError(t, confmap.Validate(NewFactory().CreateDefaultConfig()))
	for reason, spoil := range map[string]func(*Config){
		"endpoint: must be a host and a port":               func(c *Config) { c.NetAddr.Endpoint = "" },
		"max_recv_msg_size_mib: 4 must be at least 5":       func(c *Config) { c.MaxRecvMsgSizeMiB = 4 },
		"max_mib: -1 must be from 1 to 8796093022207":       func(c *Config) { c.MaxMiB = -1 },
		"max_mib: 8796093022208 must be":                    func(c *Config) { c.MaxMiB = 1 << 43 },
		"max_state_mib: -1 must be":                         func(c *Config) { c.MaxStateMiB = -1 },
		"max_senders: -1 must be":                           func(c *Config) { c.MaxSenders = -1 },
		"read_buffer_size value must be greater than or eq": func(c *Config) { c.ReadBufferSize = -1 },
	} {
		c := NewFactory().CreateDefaultConfig().(*Config)
		spoil(c)
		require.ErrorContains(t, confmap.Validate(c), reason)
	}
}

func TestOptionsOfAFile(t *testing.T) {
	c := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"endpoint": "0.0.0.0:1", "max_mib": 1, "max_state_mib": 2, "max_senders": 3, "keepalive": map[string]any{"server_parameters": map[string]any{"timeout": "7s"}},
	}).Unmarshal(c))
	require.Equal(t, "0.0.0.0:1", c.NetAddr.Endpoint)
	o := c.options()
	require.Equal(t, [...]int64{1 << 20, 2 << 20, 3}, [...]int64{o.MaxBytes, o.MaxState, int64(o.MaxSenders)})
	require.Equal(t, defaultPing, c.Keepalive.Get().ServerParameters.Get().Time)
	require.Equal(t, minMessageMiB, c.MaxRecvMsgSizeMiB)
	unset := NewFactory().CreateDefaultConfig().(*Config)
	require.Equal(t, defaultAnswer, unset.Keepalive.Get().ServerParameters.Get().Timeout)
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
