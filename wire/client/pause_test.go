package client

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// greatest is the greatest of many, which is close to the bound.
func greatest(d func() time.Duration) (most time.Duration) {
	for range 2000 {
		most = max(most, d())
	}
	return most
}

func TestPausesDouble(t *testing.T) {
	const most = 15 * time.Second
	for failures, bound := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, most, most} {
		got := greatest(func() time.Duration {
			b := backoff{failures}
			defer func() { require.Equal(t, failures+1, b.failures) }()
			return b.after(failed, most)
		})
		require.Less(t, got, bound)
		require.Greater(t, got, bound*9/10)
	}
}

func TestPausesAfterStreamsThatWorked(t *testing.T) {
	b := backoff{10}
	got := greatest(func() time.Duration { return b.after(lost, 15*time.Second) })
	require.Less(t, got, 5*time.Second)
	require.Greater(t, got, 4500*time.Millisecond)
	require.Zero(t, b.failures)
	b.failures = 3
	require.Zero(t, b.after(left, 15*time.Second))
	require.Zero(t, b.failures)
	require.Zero(t, b.after(lost, 0))
}

func TestHoldsDoubleInARow(t *testing.T) {
	const wait, most = 500 * time.Millisecond, 3 * time.Second
	now := time.Unix(1000, 0)
	var h hold
	held := func() time.Duration { return h.until.Sub(now) }
	for _, bound := range []time.Duration{wait, 2 * wait, 4 * wait, most, most} {
		h.begin(now, wait, most)
		require.GreaterOrEqual(t, held(), bound)
		require.LessOrEqual(t, held(), bound*3/2)
		turns := h.turns
		h.begin(now, wait, most)
		require.Equal(t, turns, h.turns, "an answer to what was sent before")
		now = h.until
	}
	h.end()
	h.begin(now, wait, most)
	require.LessOrEqual(t, held(), wait*3/2)
	h.begin(now, time.Minute, most)
	require.Equal(t, time.Minute, held(), "no sooner than asked for, whatever we bound")
	h.begin(now, wait, most)
	require.Equal(t, time.Minute, held())
}

func TestHoldsOfNoTime(t *testing.T) {
	var h hold
	now := time.Unix(1000, 0)
	h.begin(now, 0, time.Second)
	require.GreaterOrEqual(t, h.until.Sub(now), leastHold)
}
