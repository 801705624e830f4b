package sampler

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The thresholds are those of the specification's table, at its recommended
// precision of four digits.
func TestThresholdsOfTheSpecification(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 1: "0", 2: "8", 3: "aaab", 4: "c", 5: "cccd", 8: "e", 10: "e666", 16: "f", 100: "fd70a",
		1000: "ffbe77", 10_000: "fff9724", 100_000: "ffff583a", 1_000_000: "ffffef39",
	} {
		require.Equal(t, want, OneIn(n).Threshold.String(), n)
	}
	require.InDelta(t, 1000.012874769029, OneIn(1000).Threshold.Weight(), 1e-9)
}

func TestThresholdAtItsEnds(t *testing.T) {
	last := Randomness(1<<56 - 1)
	for _, none := range []Threshold{ThresholdFor(0), ThresholdFor(-1), ThresholdFor(0.0 / zero()), ThresholdFor(1e-18), Never} {
		require.False(t, none.Keeps(last))
		require.Zero(t, none.Weight())
		require.Equal(t, "never", none.String())
	}
	for _, all := range []Threshold{ThresholdFor(1), ThresholdFor(2), ThresholdFor(1 / zero()), 0} {
		require.True(t, all.Keeps(0))
		require.Equal(t, 1.0, all.Weight())
	}
	require.Equal(t, Never-1, ThresholdFor(1.0/(1<<56)), "the smallest ratio")
}

func zero() float64 { return 0 }

func TestRandomnessIsTheTracesLastSevenBytes(t *testing.T) {
	id := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	require.Equal(t, Randomness(0x0a0b0c0d0e0f10), RandomnessOf(id))
	require.Equal(t, "0a0b0c0d0e0f10", RandomnessOf(id).String())
}

func TestParseThreshold(t *testing.T) {
	for s, want := range map[string]Threshold{
		"0": 0, "00": 0, "8": 1 << 55, "80": 1 << 55, "FD70a": 0xfd70a << 36, "ffffffffffffff": Never - 1,
	} {
		got, err := ParseThreshold(s)
		require.NoError(t, err)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "g", "0x8", "-8", "+8", " 8", "ffffffffffffff0", "never"} {
		_, err := ParseThreshold(s)
		require.ErrorContains(t, err, "1 to 14 hex digits", s)
	}
}

func TestParseRandomness(t *testing.T) {
	r, err := ParseRandomness("9b8233f7e3a151")
	require.NoError(t, err)
	require.Equal(t, Randomness(0x9b8233f7e3a151), r)
	for _, s := range []string{"", "9b8233f7e3a15", "9b8233f7e3a1510", "9b8233f7e3a15g"} {
		_, err := ParseRandomness(s)
		require.ErrorContains(t, err, "14 hex digits", s)
	}
}

func thresholds() *rapid.Generator[Threshold] {
	return rapid.OneOf(
		rapid.Map(rapid.Uint64Range(0, 1<<56), func(v uint64) Threshold { return Threshold(v) }),
		rapid.Map(rapid.Float64Range(0, 1), ThresholdFor),
		rapid.Map(rapid.IntRange(1, 100_000), func(n int) Threshold { return OneIn(n).Threshold }),
	)
}

func randomnesses() *rapid.Generator[Randomness] {
	return rapid.Map(rapid.Uint64Range(0, 1<<56-1), func(v uint64) Randomness { return Randomness(v) })
}

func TestThresholdRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := thresholds().Filter(func(t Threshold) bool { return t < Never }).Draw(t, "threshold")
		got, err := ParseThreshold(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestRandomnessRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := randomnesses().Draw(t, "randomness")
		got, err := ParseRandomness(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// What a process with a higher threshold keeps, one with a lower keeps too.
func TestKeptSetsAreNested(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		t1, t2 := thresholds().Draw(t, "t1"), thresholds().Draw(t, "t2")
		r := randomnesses().Draw(t, "r")
		if low, high := min(t1, t2), max(t1, t2); high.Keeps(r) {
			require.True(t, low.Keeps(r))
		}
	})
}

// Four digits are right to 1 in 2^13, however rare the traces.
func TestThresholdIsCloseToItsRatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ratio := rapid.Float64Range(1e-9, 1).Draw(t, "ratio")
		require.InEpsilon(t, 1/ratio, ThresholdFor(ratio).Weight(), 1.0/(1<<13))
	})
}

func FuzzParseThreshold(f *testing.F) {
	for _, s := range []string{"0", "8", "fd70a", "ffffffffffffff", "ABC", "", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		threshold, err := ParseThreshold(s)
		if err != nil {
			require.Less(t, len(err.Error()), 200)
			return
		}
		require.Less(t, threshold, Never)
		again, err := ParseThreshold(threshold.String())
		require.NoError(t, err)
		require.Equal(t, threshold, again)
	})
}
