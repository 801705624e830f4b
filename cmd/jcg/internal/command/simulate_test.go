package command

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlptest"
	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/simulation"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/internal/simulate"
)

func spansIn(t *testing.T, file string) (n int) {
	for td, err := range otlpdump.Files(file) {
		require.NoError(t, err)
		n += td.SpanCount()
	}
	return n
}

func TestSimulateSends(t *testing.T) {
	var c otlptest.Collector
	truth := filepath.Join(t.TempDir(), "truth.json")
	got := jcg(t, nil, "simulate", "--endpoint", c.GRPC(t), "--chains", "50", "--truth", truth)
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `(?s)unsent +0\n.*simulated 50 chains, \d+ of which failed: \d+ spans`, got.out)
	spans := 0
	for _, td := range c.Accepted() {
		spans += td.SpanCount()
	}
	text, err := os.ReadFile(truth)
	require.NoError(t, err)
	var known simulate.Truth
	require.NoError(t, json.Unmarshal(text, &known))
	require.EqualValues(t, spans, known.Counts.Sent)
	require.NotEmpty(t, known.Sites)
	require.NotEmpty(t, known.Entrances)
}

// TestSimulateWritesWhatReplayReads in both forms, the same spans.
func TestSimulateWritesWhatReplayReads(t *testing.T) {
	folder := t.TempDir()
	lines, records := filepath.Join(folder, "a.jsonl"), filepath.Join(folder, "b.otlp")
	for _, file := range []string{lines, records} {
		got := jcg(t, nil, "simulate", "--chains=60", "--seed=3", "--output", file)
		require.Zero(t, got.code, got.err)
		require.Contains(t, got.out, "simulated 60 chains")
	}
	require.Positive(t, spansIn(t, lines))
	require.Equal(t, spansIn(t, lines), spansIn(t, records))
	text, err := os.ReadFile(lines)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), `{"resourceSpans"`))
}

func TestSimulateEndsWhereItIsInterrupted(t *testing.T) {
	var c otlptest.Collector
	ctx, cancel := context.WithCancel(t.Context())
	c.Answer = func(int, ptrace.Traces) (ptraceotlp.ExportResponse, error) {
		cancel()
		return ptraceotlp.NewExportResponse(), nil
	}
	got := jcgIn(ctx, nil, "simulate", "--endpoint", c.GRPC(t), "--rate=2000", "--chains=0")
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `(?s)accepted +[1-9].*simulated \d+ chains`, got.out)
}

func TestSimulateAtARateHasNoEndUnlessGiven(t *testing.T) {
	f := &simulateFlags{chains: count{value: 10_000}}
	require.Equal(t, simulation.Plan{Chains: 10_000}, f.plan(false))
	f.rate.value = 50
	require.Equal(t, simulation.Plan{Rate: 50}, f.plan(false))
	require.Equal(t, simulation.Plan{Rate: 50, Chains: 10_000}, f.plan(true))
	var c otlptest.Collector
	ctx, cancel := context.WithCancel(t.Context())
	c.Answer = func(int, ptrace.Traces) (ptraceotlp.ExportResponse, error) {
		cancel()
		return ptraceotlp.NewExportResponse(), nil
	}
	got := jcgIn(ctx, nil, "simulate", "--endpoint", c.GRPC(t), "--rate=2000")
	require.Zero(t, got.code, got.err)
}

func TestSimulateSaysWhatItAccepts(t *testing.T) {
	for want, args := range map[string][]string{
		`"35000" for "--services" flag: want a whole number from 1 to 34000`: {"--services=35000"},
		`"2" for "--loss" flag: want a number from 0 to 1`:                   {"--loss=2"},
		`"x" for "--rate" flag: want a number from 0 to 1e+06`:               {"--rate=x"},
		`"0" for "--one-in" flag: want a whole number from 1 to 100000`:      {"--one-in=0"},
		"--chains: 0 chains without an end":                                  {"--chains=0"},
		"--output and --endpoint: want one of them":                          {"--output=x", "--endpoint=127.0.0.1:1"},
		"create file of traces":                                              {"--output=" + filepath.Join(t.TempDir(), "absent", "x")},
		`unknown command "x"`:                                                {"x"},
	} {
		got := jcg(t, nil, append([]string{"simulate"}, args...)...)
		require.Equal(t, 1, got.code)
		require.Contains(t, got.err, want)
	}
}
