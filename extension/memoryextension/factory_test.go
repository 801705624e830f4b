package memoryextension

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
)

func limitNow() int64 { return debug.SetMemoryLimit(-1) }

func create(t *testing.T, cfg *Config) extension.Extension {
	t.Helper()
	f := NewFactory()
	e, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	return e
}

func TestLimitIsSetWhileTheExtensionRuns(t *testing.T) {
	t.Setenv(envLimit, "")
	before := limitNow()
	e := create(t, &Config{LimitMiB: 3000})
	require.NoError(t, e.Shutdown(t.Context()), "before start")
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.EqualValues(t, 3000<<20, limitNow())
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()), "twice")
	require.Equal(t, before, limitNow())
}

func TestEnvironmentWinsAndZeroSetsNone(t *testing.T) {
	before := limitNow()
	for env, cfg := range map[string]*Config{"4GiB": {LimitMiB: 3000}, "": {}} {
		t.Setenv(envLimit, env)
		e := create(t, cfg)
		require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
		require.Equal(t, before, limitNow())
		require.NoError(t, e.Shutdown(t.Context()))
	}
}

func TestConfig(t *testing.T) {
	for _, good := range []int64{0, 64, 280} {
		require.NoError(t, confmap.Validate(&Config{LimitMiB: good}))
	}
	for _, bad := range []int64{-1, 1, 63, 1 << 62} {
		require.ErrorContains(t, confmap.Validate(&Config{LimitMiB: bad}), "limit_mib: ")
	}
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
