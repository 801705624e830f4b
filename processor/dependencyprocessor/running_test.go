package dependencyprocessor

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// TestTwoOfOneNameWouldOverwriteEachOther, as a collector makes them for two pipelines.
func TestTwoOfOneNameWouldOverwriteEachOther(t *testing.T) {
	f, h := NewFactory(), host{inMemory(t, memory.NewServer(1<<30))}
	settings := processortest.NewNopSettings(f.Type())
	create := func() processor.Traces {
		p, err := f.CreateTraces(t.Context(), settings, &Config{Backend: "local"}, consumertest.NewNop())
		require.NoError(t, err)
		return p
	}
	one, two := create(), create()
	require.NoError(t, one.Start(t.Context(), h))
	require.ErrorContains(t, two.Start(t.Context(), h), "more than one traces pipeline")
	require.NoError(t, two.Shutdown(t.Context()), "it never ran")
	require.NoError(t, one.Shutdown(t.Context()))
	require.NoError(t, two.Start(t.Context(), h), "as after a new configuration")
	require.NoError(t, two.Shutdown(t.Context()))
}
