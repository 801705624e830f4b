package sdk

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// TestSpansThatNeverEndTakeNoBodyForEver: applications forget to end spans. Once
// nobody has them, others may have their bodies' room, but for half of it.
func TestSpansThatNeverEndTakeNoBodyForEver(t *testing.T) {
	r := record(t, sampler.Off, WithMaxBodies(64))
	for range 1000 {
		ctx, _ := r.Start(t.Context(), "forgotten", trace.WithAttributes(attribute.Int("a", 1)))
		_, child := r.Start(ctx, "ended", trace.WithAttributes(attribute.Int("a", 1)))
		child.End()
	}
	require.NotZero(t, r.bodies.refused.Load())
	require.Eventually(t, func() bool {
		runtime.GC()
		return r.bodies.inUse() <= 32
	}, time.Minute, time.Millisecond)
}

// TestSpansThatAreNotRecordedHoldNothing: at a public endpoint they link to who
// called.
func TestSpansThatAreNotRecordedHoldNothing(t *testing.T) {
	r := record(t, sampler.Off, WithPublicEndpoint(), WithPolicy(sampler.Policy{Rate: sampler.Off}))
	for range 100 {
		_, s := r.Start(high(t.Context()), "GET /")
		require.False(t, s.IsRecording())
		s.End()
	}
	require.Zero(t, r.bodies.inUse())
}
