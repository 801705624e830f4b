package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSharedIDsAreCounted(t *testing.T) {
	a, b, c := halves{1, 2}, halves{1, 3}, halves{2, 2}
	require.Zero(t, shared([]halves{a, b, c}))
	require.Equal(t, 5, shared([]halves{a, b, c, b, a, a}))
}

// TestWhatIsNotEvenIsSeen: one of 256 values twice as often as the others is
// far beyond the bound.
func TestWhatIsNotEvenIsSeen(t *testing.T) {
	counts := make([]int, 256)
	for i := range counts {
		counts[i] = 1000
	}
	require.Zero(t, chiSquare(counts, 256_000))
	counts[7] = 2000
	require.Greater(t, chiSquare(counts, 257_000), chiSquareBound(255))
}

func TestTrafficHasItsMean(t *testing.T) {
	f := newFleet(3)
	for _, mean := range []float64{5.8, 5800} {
		const n = 4000
		sum := 0
		for range n {
			sum += f.poisson(mean)
		}
		require.InEpsilon(t, mean, float64(sum)/n, 0.1)
	}
}

func TestPrintsItsFigures(t *testing.T) {
	var out bytes.Buffer
	o, err := parse([]string{"-chains=100000", "-processes=7", "-spread=100000"}, io.Discard)
	require.NoError(t, err)
	o.millis /= 100 // each takes its time, whatever happens in it
	require.NoError(t, o.print(&out))
	require.Contains(t, out.String(), "day_chains_collided 0 chains\n")
	require.Contains(t, out.String(), "collisions_per_million_measured ")
	require.Error(t, run([]string{"-density=0"}, io.Discard, io.Discard))
}
