package sampler

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// second starts n traces and gives how many were kept and their weights' sum.
func second(rate Rate, n int) (kept int, weights float64) {
	for r := range evenly(n) {
		// Neighbours in time are no neighbours in randomness.
		if h := rate.Head(Start{Randomness: r * 0x9e3779b1 % Randomness(Never)}); h.Sampled {
			kept, weights = kept+1, weights+h.Threshold.Weight()
		}
	}
	return kept, weights
}

func TestLimitFollowsTheLoad(t *testing.T) {
	l := NewLimit(100)
	kept, weights := second(l, 100)
	require.Equal(t, 100, kept, "nothing is sampled below the limit")
	require.Equal(t, 100.0, weights)

	l.Tick(1)
	kept, weights = second(l, 10_000)
	require.InDelta(t, 200, kept, 40, "a sudden second: at most twice the limit")
	require.InEpsilon(t, 10_000, weights, 0.3)

	for at := range int64(3) {
		l.Tick(2 + at)
		kept, weights = second(l, 10_000)
		require.InDelta(t, 100, kept, 20)
		require.InEpsilon(t, 10_000, weights, 0.2)
	}
	require.Equal(t, "100 a second (now 1 of 100)", l.String())

	l.Tick(15)
	kept, _ = second(l, 1000)
	require.InDelta(t, 100, kept, 25, "ten seconds later the load is 1,000 a second")
	l.Tick(16)
	l.Tick(17)
	kept, _ = second(l, 100)
	require.Equal(t, 100, kept)
}

// Clocks that stand still or go back change nothing.
func TestLimitTakesEachSecondOnce(t *testing.T) {
	l := NewLimit(10)
	l.Tick(5)
	second(l, 1000)
	l.Tick(5)
	l.Tick(4)
	require.Equal(t, int64(1000), l.arrivals.Load())
	l.Tick(6)
	require.Zero(t, l.arrivals.Load())
	require.Equal(t, "1 of 100", Ratio{l.threshold(1)}.String())
}

// However many come: what is expected to leave is at most twice the allowance,
// and no weight is beyond what a collector believes.
func TestThinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		allowance := float64(rapid.IntRange(1, 100).Draw(t, "allowance"))
		expected := allowance * float64(rapid.IntRange(1, 100).Draw(t, "times"))
		n := rapid.IntRange(1, 50_000).Draw(t, "n")
		leaving, heaviest := 0.0, 0.0
		for i := range n {
			w := thin(allowance, expected, float64(i+1)).Weight()
			leaving, heaviest = leaving+1/w, max(heaviest, w)
		}
		require.LessOrEqual(t, heaviest, 1/smallestRatio)
		require.LessOrEqual(t, leaving, 2*allowance+float64(n)*smallestRatio+1)
	})
}

func TestLimitsWithinOtherRatesTick(t *testing.T) {
	a, b := NewLimit(1), NewLimit(1)
	p := Policy{Rate: ParentBased{Root: PerOperation{Operations: map[string]Rate{"a": a}, Others: b}}}
	for range 100 {
		p.Head(Start{Operation: "a"})
		p.Head(Start{Operation: "b"})
	}
	p.Tick(7)
	require.Equal(t, "1 a second (now 1 of 100)", a.String())
	require.Equal(t, "1 a second (now 1 of 100)", b.String())
}
