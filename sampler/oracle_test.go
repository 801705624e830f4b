package sampler

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"
)

// The collector's samplers must see what we kept as they would have kept it.
func TestAgreesWithTheCollectorsSamplers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ratio := rapid.OneOf(
			rapid.Float64Range(sampling.MinSamplingProbability, 1),
			rapid.Map(rapid.IntRange(1, 1_000_000), func(n int) float64 { return 1 / float64(n) }),
		).Draw(t, "ratio")
		theirs, err := sampling.ProbabilityToThresholdWithPrecision(ratio, 4)
		require.NoError(t, err)
		ours := ThresholdFor(ratio)
		require.Equal(t, theirs.TValue(), ours.String())
		require.InEpsilon(t, theirs.AdjustedCount(), ours.Weight(), 1e-12)

		id := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "trace ID"))
		randomness := sampling.TraceIDToRandomness(pcommon.TraceID(id))
		require.Equal(t, randomness.RValue(), RandomnessOf(id).String())
		require.Equal(t, theirs.ShouldSample(randomness), ours.Keeps(RandomnessOf(id)))
	})
}

func TestReadsTheSameStateAsTheCollector(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`((th|rv|p|x1):[0-9a-f]{0,15};?){0,4}`).Draw(t, "value")
		theirs, err := sampling.NewOpenTelemetryTraceState(value)
		ours, oursErr := ParseState(value)
		if err != nil || oursErr != nil {
			require.True(t, value == "" || oursErr != nil, "a value that the collector refuses: %v", err)
			return
		}
		threshold, has := theirs.TValueThreshold()
		require.Equal(t, has, ours.HasThreshold)
		require.Equal(t, threshold.Unsigned(), uint64(ours.Threshold))
		require.Equal(t, theirs.RValue() != "", ours.HasRandomness)
		if ours.HasRandomness {
			require.Equal(t, theirs.RValue(), ours.Randomness.String())
		}
	})
}
