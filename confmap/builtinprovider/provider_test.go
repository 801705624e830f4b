package builtinprovider

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func retrieve(t *testing.T, uri string) (*confmap.Conf, error) {
	t.Helper()
	p := NewFactory().Create(confmaptest.NewNopProviderSettings())
	t.Cleanup(func() { require.NoError(t, p.Shutdown(t.Context())) })
	r, err := p.Retrieve(t.Context(), uri, nil)
	if err != nil {
		return nil, err
	}
	conf, err := r.AsConf()
	require.NoError(t, err)
	return conf, nil
}

func TestSchemeIsValid(t *testing.T) {
	require.NoError(t, confmaptest.ValidateProviderScheme(NewFactory().Create(confmaptest.NewNopProviderSettings())))
}

func TestOffsetMovesEveryPort(t *testing.T) {
	t.Setenv(EnvPortOffset, "")
	plain, err := retrieve(t, "builtin:all-in-one")
	require.NoError(t, err)
	moved, err := retrieve(t, "builtin:all-in-one?port_offset=1000")
	require.NoError(t, err)
	t.Setenv(EnvPortOffset, "1000")
	byEnvironment, err := retrieve(t, "builtin:all-in-one")
	require.NoError(t, err)
	require.Equal(t, moved.ToStringMap(), byEnvironment.ToStringMap())
	stays, err := retrieve(t, "builtin:all-in-one?port_offset=0")
	require.NoError(t, err)
	require.Equal(t, plain.ToStringMap(), stays.ToStringMap(), "the option is asked before the environment")

	ports := map[string]int{
		"extensions::health_check::endpoint":           13133,
		"extensions::call_graph_query::http::endpoint": highestPort,
		"receivers::otlp::protocols::grpc::endpoint":   4317,
		"receivers::otlp::protocols::http::endpoint":   4318,
		"receivers::compact::endpoint":                 4319,
		"exporters::prometheus::endpoint":              8889,
	}
	for key, port := range ports {
		require.Equal(t, "127.0.0.1:"+strconv.Itoa(port), plain.Get(key), key)
		require.Equal(t, "127.0.0.1:"+strconv.Itoa(port+1000), moved.Get(key), key)
	}
}

func TestErrorsNameWhatIsKnown(t *testing.T) {
	for uri, want := range map[string]string{
		"builtin:none":                         `no built-in configuration "none": there is all-in-one`,
		"builtin:":                             `no built-in configuration "": there is all-in-one`,
		"builtin:../provider.go":               "no built-in configuration",
		"builtin:all-in-one?port_offset=x":     `port_offset="x": must be a whole number from 0 to 48849`,
		"builtin:all-in-one?port_offset=-1":    `port_offset="-1": must be`,
		"builtin:all-in-one?port_offset=48850": `port_offset="48850": must be`,
		"builtin:all-in-one?offset=1":          `unknown option "offset": there is only port_offset`,
		"builtin:all-in-one?%":                 "invalid URL escape",
		"file:all-in-one":                      "not of scheme builtin",
	} {
		_, err := retrieve(t, uri)
		require.ErrorContains(t, err, want, uri)
	}
	t.Setenv(EnvPortOffset, "many")
	_, err := retrieve(t, "builtin:all-in-one")
	require.ErrorContains(t, err, `JCG_PORT_OFFSET="many": must be a whole number from 0 to 48849`)
}

func TestNothingListensBeyondLoopback(t *testing.T) {
	ns, err := names()
	require.NoError(t, err)
	for _, name := range ns {
		text, err := render(name, 0)
		require.NoError(t, err)
		require.NotContains(t, string(text), "0.0.0.0")
		require.NotRegexp(t, `endpoint: (:|localhost|\[::\])`, string(text))
	}
}

func TestREADMEListsConfigurationsAndLimits(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	known, err := names()
	require.NoError(t, err)
	for _, name := range known {
		require.Contains(t, string(page), "| `"+name+"` |")
	}
	for _, part := range []string{"`" + queryOffset + "`", EnvPortOffset, "0 to " + strconv.Itoa(65535-highestPort)} {
		require.Contains(t, string(page), part)
	}
}

// TestKeysAreDocumented: docs/logical-chains.md lists what the built-in rules look at.
func TestKeysAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/logical-chains.md")
	require.NoError(t, err)
	conf, err := retrieve(t, "builtin:all-in-one")
	require.NoError(t, err)
	rules := conf.Get("processors::call_graph_logical_chain::keys").([]any)
	require.NotEmpty(t, rules)
	for _, rule := range rules {
		fields := rule.(map[string]any)
		require.Contains(t, string(page), "| `"+fields["kind"].(string)+"` |")
		for _, attribute := range fields["attributes"].([]any) {
			require.Contains(t, string(page), "`"+attribute.(string)+"`")
		}
	}
}
