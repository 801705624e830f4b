package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
)

// raced is true under the race detector, which makes arithmetic ten times slower.
var raced bool

// TestVerdictsAreTrue with ten systems; the command takes 200.
func TestVerdictsAreTrue(t *testing.T) {
	if raced {
		t.Skip("make test runs it once more without the race detector: nothing here is concurrent but whole systems")
	}
	o, err := parse([]string{"-seeds=10", "-losses=0,0.05", "-explain"}, io.Discard)
	require.NoError(t, err)
	results, err := o.measureAll(t.Context(), 2)
	require.NoError(t, err)
	var all tally
	for _, r := range results {
		all.add(r.tally)
	}
	var out bytes.Buffer
	o.report(figure.New(&out), results)
	require.Greater(t, all.sites, uint64(300))
	require.LessOrEqual(t, part(all.contradicted, all.decided), 0.01, out.String())
	require.GreaterOrEqual(t, part(all.decided, all.sites), 0.95, out.String())
}

func TestFlagsAreChecked(t *testing.T) {
	for flag, want := range map[string]string{
		"-seeds=0": "-seeds must be above 0", "-losses=0,1": "not a number from 0 to less than 1", "-n=0": "not a whole number above 0",
	} {
		_, err := parse([]string{flag}, io.Discard)
		require.ErrorContains(t, err, want)
	}
}

func TestFiguresHaveTheirNames(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-seeds=1", "-chains=500", "-n=1,1000", "-losses=0,0.05"}, &out, io.Discard))
	for _, want := range []string{"contradicted_share ", "decided_share ", "contradicted_share/n=1000/loss=0.05 ", "decided_share/n=1/loss=0 "} {
		require.Contains(t, out.String(), want)
	}
}
