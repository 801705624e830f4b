package strength

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"
)

// TestRatiosPosterior compares with many draws from it.
func TestRatiosPosterior(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(s share) float64 { return mathext.InvRegIncBeta(s.alpha(), s.beta(), random.Float64()) }
	for _, r := range []ratio{
		{share{0, 9}, share{1000, 1000}},
		{share{3, 3}, share{1000, 1000}},
		{share{2, 10}, share{5, 12}},
		{share{0, 0}, share{3, 3}},
		{share{30, 100}, share{100, 110}},
		{share{1, 500}, share{1, 4}},
	} {
		const draws = 20_000
		all := make([]float64, draws)
		for i := range all {
			all[i] = draw(r.failed) / draw(r.ok)
		}
		slices.Sort(all)
		for _, x := range []float64{0.05, strongBelow, weakAbove, 0.9} {
			below, _ := slices.BinarySearch(all, x)
			require.InDelta(t, float64(below)/draws, r.below(x), 0.012, "%+v below %g", r, x)
		}
		i := r.interval()
		require.InDelta(t, all[draws/2], i.Estimate, 0.05*all[draws/2]+0.01, "%+v", r)
		require.InDelta(t, all[draws*975/1000], i.High, 0.1*all[draws*975/1000]+0.01, "%+v", r)
		require.LessOrEqual(t, i.Low, i.Estimate)
	}
}

func TestPosteriorsOfAnything(t *testing.T) {
	for _, k := range []uint64{0, 1, 1 << 40, math.MaxUint64} {
		for _, n := range []uint64{0, 1, 1 << 40, math.MaxUint64} {
			r := ratio{share{k, n}, share{n, k}}
			for _, p := range []float64{r.below(strongBelow), r.above(weakAbove), r.interval().Estimate} {
				require.False(t, math.IsNaN(p) || math.IsInf(p, 0) || p < -1e-9, "%+v", r)
			}
		}
	}
}
