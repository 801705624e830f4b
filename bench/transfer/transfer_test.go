package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/bench/internal/generated"
	"github.com/jcallgraph/jcallgraph/bench/internal/receiving"
)

// TestMain lets the tests start this program to receive.
func TestMain(m *testing.M) {
	receiving.Served()
	os.Exit(m.Run())
}

func TestFiguresOfAShortRun(t *testing.T) {
	var out strings.Builder
	folder := t.TempDir()
	plot, table := filepath.Join(folder, "plot.svg"), filepath.Join(folder, "table.md")
	args := []string{"-sizes", "100,250", "-clients", "2", "-inflight", "2", "-duration", "20ms", "-batches", "64", "-spans", "1000", "-rounds", "1", "-plot", plot, "-table", table, "-profile", folder}
	require.NoError(t, run(t.Context(), append(args, dump(t)), &out, &out))
	for _, name := range []string{"message_100_per_second", "message_250_receiver_cpu", "batch_512_spans_per_second", "receive_otlp_64_spans_per_cpu_second", "receive_vs_otlp_64", "receive_vs_otlp_gzip_64_spread"} {
		require.Contains(t, out.String(), "\n"+name+" ")
	}
	require.FileExists(t, filepath.Join(folder, "receive_compact_64.pprof"))
	drawn, err := os.ReadFile(plot)
	require.NoError(t, err)
	require.NotContains(t, string(drawn), "NaN")
	written, err := os.ReadFile(table)
	require.NoError(t, err)
	require.Contains(t, string(written), "| 64 | compact |")
}

// dump writes a recording of 500 spans.
func dump(t *testing.T) string {
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(generated.New(1).Batch(500))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "dump.json")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	return file
}

func TestRatiosOfRounds(t *testing.T) {
	c := cost{batch: 512}
	c.forms[0].perSpan = []time.Duration{4000, 6000, 5000}
	c.forms[len(ways)-1].perSpan = []time.Duration{2000, 2000, 2500}
	require.InDelta(t, 2.5, c.ratio(0), 1e-9)
	require.InDelta(t, 1, c.spread(0), 1e-9)
	require.InDelta(t, 500_000, c.ours().perCPUSecond(), 1e-9)
}

func TestFlagsThatAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-sizes", "x"}, {"-batches", "0"}, {"-clients", "0"}, {"-inflight", "0"}, {"-duration", "0s"}, {"-spans", "0"}, {"-rounds", "0"}, {"-ballast", "-1"}} {
		_, err := parse(args, &strings.Builder{})
		require.Error(t, err, args)
	}
}
