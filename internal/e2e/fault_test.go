package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

func TestSecondProcessOnOneStore(t *testing.T) {
	store := t.TempDir()
	first := start(t, store)
	out := launch(t, store, collectortest.FreeOffset(t)).Fails()
	for _, part := range []string{store, "another process has it open", "JCG_DATA"} {
		require.Contains(t, out, part)
	}
	first.WaitHealthy()
	td, s := oneSpan(1)
	first.send(t, td)
	require.Len(t, spansOf(first.mustTrace(t, s.TraceID())), 1)
}

func TestStoreBelowAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	out := launch(t, filepath.Join(path, "store"), collectortest.FreeOffset(t)).Fails()
	for _, part := range []string{path, "not a directory", "a file is in the way", "JCG_DATA"} {
		require.Contains(t, out, part)
	}
}

// A port that an overlay moves elsewhere may be taken.
func TestPortTakenThatNobodyWants(t *testing.T) {
	offset, free := collectortest.FreeOffset(t), collectortest.FreeOffset(t)
	l, err := collectortest.Listen(t, portSelf+offset)
	require.NoError(t, err)
	defer l.Close()
	overlay := file(t, fmt.Sprintf("service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}}}", portSelf+free))
	r := launch(t, t.TempDir(), offset, "--config", "builtin:all-in-one", "--config", overlay)
	r.WaitHealthy()
	r.Stop(syscall.SIGTERM)
	require.NotContains(t, r.Output.String(), "is in use")
}

func TestPortTaken(t *testing.T) {
	for name, port := range map[string]int{
		"OTLP gRPC": portGRPC, "OTLP HTTP": portHTTP, "compact": portCompact, "own metrics": portSelf,
		"Prometheus": portScrape, "health": portHealth, "query": portQuery,
	} {
		t.Run(name, func(t *testing.T) {
			offset := collectortest.FreeOffset(t)
			l, err := collectortest.Listen(t, port+offset)
			require.NoError(t, err)
			defer l.Close()
			out := launch(t, t.TempDir(), offset).Fails()
			require.Contains(t, out, strconv.Itoa(port+offset))
			require.Contains(t, out, "JCG_PORT_OFFSET")
		})
	}
}
