package storageextension

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func create(t *testing.T, cfg *Config, tel *componenttest.Telemetry) *Extension {
	t.Helper()
	f := NewFactory()
	set := extensiontest.NewNopSettings(f.Type())
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	e, err := f.Create(t.Context(), set, cfg)
	require.NoError(t, err)
	return e.(*Extension)
}

func start(t *testing.T, e extension.Extension) {
	t.Helper()
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
}

func inMemory() *Config { return &Config{map[string]BackendConfig{"local": {Memory: &MemoryConfig{}}}} }

func inPebble(dir string) *Config {
	return &Config{map[string]BackendConfig{"local": {Pebble: &PebbleConfig{Directory: dir}}}}
}

func TestBackendsByName(t *testing.T) {
	e := create(t, &Config{map[string]BackendConfig{"a": {Memory: &MemoryConfig{}}, "b": {Memory: &MemoryConfig{}}}}, nil)
	_, err := e.Backend("a")
	require.ErrorContains(t, err, "not running")
	start(t, e)

	a, err := e.Backend("a")
	require.NoError(t, err)
	b, err := e.Backend("b")
	require.NoError(t, err)
	require.NotSame(t, a, b)
	_, err = e.Backend("c")
	require.EqualError(t, err, `no backend "c": the storage extension has a, b`)
	require.Equal(t, "in memory, at most 256 MiB and 24h0m0s; gone when the process ends", e.Describe("a"))
	require.Empty(t, e.Describe("c"))
}

func TestShutdownTwiceAndBeforeStart(t *testing.T) {
	e := create(t, inMemory(), nil)
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	b, err := e.Backend("local")
	require.NoError(t, err)
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()))
	require.ErrorIs(t, b.WriteCells(t.Context(), nil), storage.ErrClosed)
}

func TestOwnMetrics(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	e := create(t, inMemory(), tel)
	start(t, e)
	b, err := e.Backend("local")
	require.NoError(t, err)
	cell := callgraph.Cell{CellKey: callgraph.CellKey{Bucket: callgraph.BucketAt(time.Now(), callgraph.HotWidth)}}
	require.NoError(t, b.WriteCells(t.Context(), []callgraph.Cell{cell}))

	m, err := tel.GetMetric(metricSize)
	require.NoError(t, err)
	points := m.Data.(metricdata.Gauge[float64]).DataPoints
	require.Len(t, points, 1)
	require.Positive(t, points[0].Value)
	metricdatatest.AssertHasAttributes(t, points[0], attributeOf("local"))
}
