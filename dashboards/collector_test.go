package dashboards

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// soon makes the collector show a call some seconds after it came.
const soon = "connectors: {call_graph: {pairing_window: 1s, open_time: 3s, prometheus: {interval: 1s}}}"

// collector is a run of the built collector.
type collector struct{ *collectortest.Run }

func start(t *testing.T) collector {
	t.Helper()
	overlay := filepath.Join(t.TempDir(), "overlay.yaml")
	require.NoError(t, os.WriteFile(overlay, []byte(soon), 0o600))
	return collector{collectortest.Start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", overlay)}
}
