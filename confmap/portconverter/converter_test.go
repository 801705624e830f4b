package portconverter

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// warnings are those about a configuration with health check and own metrics.
func warnings(t *testing.T, health string, metrics any) []observer.LoggedEntry {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	conf := confmap.NewFromStringMap(map[string]any{
		"extensions": map[string]any{
			"health_check": map[string]any{"endpoint": health},
			"pprof":        map[string]any{"endpoint": health}, // not used
			"other":        map[string]any{"endpoint": health}, // may dial
		},
		"service": map[string]any{
			"extensions": []any{"health_check", "other"},
			"telemetry": map[string]any{"metrics": map[string]any{"readers": []any{map[string]any{"pull": map[string]any{
				"exporter": map[string]any{"prometheus": map[string]any{"host": "127.0.0.1", "port": metrics}},
			}}}}},
		},
	})
	before := conf.ToStringMap()
	require.NoError(t, NewFactory().Create(confmap.ConverterSettings{Logger: zap.New(core)}).Convert(t.Context(), conf))
	require.Equal(t, before, conf.ToStringMap())
	return logs.All()
}

func TestTakenPortsAreTold(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	taken := l.Addr().(*net.TCPAddr)
	require.Len(t, warnings(t, taken.String(), 0), 1, "once, since the others do not listen")
	require.Contains(t, warnings(t, taken.String(), 0)[0].Message, taken.String())
	require.Contains(t, warnings(t, "127.0.0.1:0", taken.Port)[0].Message, "JCG_PORT_OFFSET=10000")
	require.NoError(t, l.Close())
	require.Empty(t, warnings(t, taken.String(), taken.Port))
}

func TestAConfigurationWithoutAnyIsFine(t *testing.T) {
	require.NoError(t, NewFactory().Create(confmap.ConverterSettings{Logger: zap.NewNop()}).Convert(t.Context(), confmap.New()))
}
