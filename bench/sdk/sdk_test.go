package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryFigureIsPrinted runs the whole benchmark, small: that no span is lost
// is checked in it.
func TestEveryFigureIsPrinted(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run([]string{"-spans=2000", "-rounds=1", "-ballast=1000000"}, &out, io.Discard))
	for _, name := range []string{
		"gomaxprocs", "gogc", "heap_ballast_mb", "unsampled8_vs_always_cpu", "unsampled8_vs_recordonly_cpu", "unsampled8_allocs",
		"bare_bytes", "bare_allocs", "bare_vs_drop_cpu", "kept8_vs_always_cpu", "kept8_compact_vs_always_cpu", "kept8_compact_vs_otlp_cpu", "unsampled8_vs_always_cpu_spread",
		"propagation_vs_stock", "propagation_allocs", "propagation_read_vs_stock",
	} {
		require.Contains(t, "\n"+out.String(), "\n"+name+" ")
	}
}

func TestOneSubjectAlone(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run([]string{"-spans=500", "-rounds=2", "-only=bare"}, &out, io.Discard))
	require.NotContains(t, out.String(), "_vs_")
	require.Equal(t, 2, len(strings.Fields(out.String()[strings.Index(out.String(), "# rounds:"):]))-2)
}

func TestQuantiles(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	require.InDelta(t, 3, quantile(values, 0.5), 0)
	require.InDelta(t, 2, quantile(values, 0.25), 0)
	require.InDelta(t, 5, quantile(values, 1), 0)
}

func TestCommandLineIsChecked(t *testing.T) {
	_, err := parse([]string{"-rounds=0"}, io.Discard)
	require.EqualError(t, err, "-spans, -rounds, -procs and -gc must be at least 1, -ballast at least 0")
}
