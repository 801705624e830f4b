package sampler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"
)

func took(d time.Duration) Facts { return Facts{Operation: "op", Duration: d} }

func TestSlowestLearnsEachOperation(t *testing.T) {
	s := NewSlowest(0.99)
	for i := range 1000 {
		require.False(t, s.Keep(took(time.Duration(i)*time.Millisecond)), "nothing is known yet")
		s.Keep(Facts{Operation: "op", Kind: trace.SpanKindClient, Duration: time.Duration(i) * time.Microsecond})
	}
	s.Tick(100)
	require.True(t, s.Keep(took(1150*time.Millisecond)))
	require.False(t, s.Keep(took(980*time.Millisecond)))
	require.True(t, s.Keep(Facts{Operation: "op", Kind: trace.SpanKindClient, Duration: 1150 * time.Microsecond}))
	require.False(t, s.Keep(Facts{Operation: "op", Kind: trace.SpanKindServer, Duration: time.Hour}), "another operation")
}

func TestSlowestFollowsWhatIsUsual(t *testing.T) {
	s := NewSlowest(0.99)
	learn := func(usual time.Duration) {
		for range 15 {
			for range 200 {
				s.Keep(took(usual))
			}
			s.Tick(s.second.Load() + slowestTurn)
		}
	}
	learn(time.Second)
	require.False(t, s.Keep(took(time.Second)))
	require.True(t, s.Keep(took(2*time.Second)))
	learn(time.Millisecond)
	require.True(t, s.Keep(took(2*time.Millisecond)))
	learn(time.Second)
	require.False(t, s.Keep(took(time.Second)))
}

// A few spans tell nothing; turns come every ten seconds.
func TestSlowestWaitsForEnoughSpans(t *testing.T) {
	s := NewSlowest(0.5)
	for range slowestSpans - 1 {
		s.Keep(took(1000))
	}
	s.Tick(20)
	require.False(t, s.Keep(took(time.Hour)))
	s.Tick(29)
	require.False(t, s.Keep(took(time.Hour)))
	s.Tick(30)
	require.True(t, s.Keep(took(time.Hour)))
}

func TestSlowestForgetsIdleOperations(t *testing.T) {
	s := NewSlowest(0.5)
	s.Keep(took(1))
	for i := range int64(slowestIdle) {
		require.Len(t, s.table.all(), 1)
		s.Tick(10 * (i + 1))
	}
	s.Tick(10 * (slowestIdle + 1))
	require.Empty(t, s.table.all())
}

func TestSlowestOutOfRangeKeepsNone(t *testing.T) {
	for _, q := range []float64{-1, 0, 1, 2, zero() / zero()} {
		s := NewSlowest(q)
		for range 1000 {
			s.Keep(took(1000))
		}
		s.Tick(10)
		require.False(t, s.Keep(took(time.Hour)), q)
	}
}

func TestBucketsHoldTheirDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Int64Range(0, int64(1)<<46).Draw(t, "duration")
		i := bucketOf(time.Duration(d))
		require.LessOrEqual(t, boundOf(i), d)
		require.Greater(t, boundOf(i+1), d)
		require.LessOrEqual(t, float64(boundOf(i+1)-boundOf(i)), max(128, float64(boundOf(i))/eighths))
	})
	require.Zero(t, bucketOf(-1))
	require.Equal(t, octaves*eighths-1, bucketOf(1<<62))
}
