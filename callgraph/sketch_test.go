package callgraph

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var durations = rapid.SliceOf(rapid.Custom(func(t *rapid.T) time.Duration {
	return time.Duration(rapid.Int64Range(-10, int64(time.Hour)).Draw(t, "d"))
}))

func sketchOf(ds []time.Duration) Sketch {
	var s Sketch
	for _, d := range ds {
		s.Add(d, 1)
	}
	return s
}

// Every bin is (base^i, base^(i+1)] seconds, as OTel's exponential histogram defines it.
func TestBinIndexBounds(t *testing.T) {
	bound := func(i int32) float64 { return math.Exp2(float64(i) / (1 << SketchScale)) }
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, "d"))
		i := BinIndex(d)
		require.Greater(t, d.Seconds(), bound(i)*(1-1e-12))
		require.LessOrEqual(t, d.Seconds(), bound(i+1)*(1+1e-12))
	})
	require.Equal(t, int32(-1), BinIndex(time.Second), "a power of two is the upper bound of its bin")
	require.Equal(t, int32(0), BinIndex(time.Second+time.Nanosecond))
	require.Equal(t, int32(15), BinIndex(2*time.Second))
}

func TestSketchMergeIsASum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := durations.Draw(t, "a"), durations.Draw(t, "b")
		ab, ba := sketchOf(a), sketchOf(b)
		ab.Merge(sketchOf(b))
		ba.Merge(sketchOf(a))
		require.Equal(t, sketchOf(slices.Concat(a, b)), ab)
		require.Equal(t, ab, ba)
		require.Equal(t, uint64(len(a)+len(b)), ab.Count())
	})
}

func TestSketchQuantileError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ds := durations.Filter(func(ds []time.Duration) bool { return len(ds) > 0 }).Draw(t, "ds")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		s := sketchOf(ds)
		slices.Sort(ds)
		rank := max(int(math.Ceil(q*float64(len(ds)))), 1)
		want := max(ds[rank-1], 0)
		require.InDelta(t, want.Seconds(), s.Quantile(q).Seconds(), want.Seconds()*0.022+1e-9)
	})
}

func TestSketchEmpty(t *testing.T) {
	var s Sketch
	require.Zero(t, s.Quantile(0.5))
	require.Zero(t, s.Count())
	s.Add(time.Second, 0)
	require.Equal(t, Sketch{}, s)
	s.Add(time.Second, 2)
	require.Equal(t, s.Quantile(-1), s.Quantile(2))
	require.Equal(t, 2*time.Second, s.Sum())
}

func TestCloneSharesNothing(t *testing.T) {
	s := sketchOf([]time.Duration{1, 2, 3})
	c := s.Clone()
	s.Add(1, 5)
	require.Equal(t, uint64(3), c.Count())
}

func TestBucketAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		width := rapid.SampledFrom([]uint32{HotWidth, MinuteWidth, HourWidth}).Draw(t, "width")
		b := BucketAt(at, width)
		require.Zero(t, b.Start%int64(width))
		require.True(t, b.Window().Contains(at))
	})
}

// TestBinIndexIsTheFirstBoundThatIsNotBelow holds BinIndex against its definition.
func TestBinIndexIsTheFirstBoundThatIsNotBelow(t *testing.T) {
	check := func(t require.TestingT, d time.Duration) {
		frac, exp := math.Frexp(float64(d) / 1e9)
		sub := 0
		for frac > math.Exp2(float64(sub)/16-1) {
			sub++
		}
		require.EqualValues(t, (exp-1)*16+sub-1, BinIndex(d), d)
	}
	check(t, math.MaxInt64)
	for i := -479; i < 530; i++ { // about each bound
		bound := time.Duration(math.Exp2(float64(i)/16) * 1e9)
		for d := max(bound-3, 1); d <= bound+3 && d > 0; d++ {
			check(t, d)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		check(r, time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(r, "d")>>rapid.IntRange(0, 62).Draw(r, "shift"))|1)
	})
}

func BenchmarkBinIndex(b *testing.B) {
	d := time.Duration(1)
	for b.Loop() {
		d = d*5/4 + time.Duration(BinIndex(d)&1)
		if d > 1<<40 {
			d = 1
		}
	}
}
