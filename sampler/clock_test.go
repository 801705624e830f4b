package sampler

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What adapts learns from second to second. A clock that was a day ahead for a
// moment must not stop that for a day.
const (
	today    = int64(1_800_000_000)
	tomorrow = today + 24*60*60
)

func TestStormsEndThoughTheClockWasSetBack(t *testing.T) {
	s := NewStorm(10)
	s.Admit("op", "type", 0, tomorrow)
	for second := today; second < today+3; second++ {
		for i := range 10 {
			keep, threshold, _ := s.Admit("op", "type", 0, second)
			require.True(t, keep, "error %d of second %d is within the budget", i, second)
			require.Zero(t, threshold)
		}
	}
}

func TestLimitsFollowThoughTheClockWasSetBack(t *testing.T) {
	l := NewLimit(100)
	l.Tick(tomorrow)
	for second := today; second < today+60; second++ {
		l.Tick(second)
		for range 50 {
			require.True(t, l.Head(Start{}).Sampled, "second %d is below the limit", second)
		}
	}
}

func TestEdgesAreSeenAgainThoughTheClockWasSetBack(t *testing.T) {
	s := NewSightings(time.Minute)
	require.True(t, s.First("a", "b", tomorrow))
	require.True(t, s.First("a", "b", today))
	require.False(t, s.First("a", "b", today+1))
	require.True(t, s.First("a", "b", today+60))
	require.True(t, s.First("a", "c", tomorrow))
	s.Tick(today + 61)
	require.Len(t, s.table.all(), 1)
}

func TestSlowLimitsFollowThoughTheClockWasSetBack(t *testing.T) {
	s := NewSlowest(0.5)
	s.Tick(tomorrow)
	for i := range 1000 {
		s.Keep(Facts{Operation: "op", Duration: time.Duration(i) * time.Millisecond})
	}
	s.Tick(today)
	require.True(t, s.Keep(Facts{Operation: "op", Duration: time.Second}), fmt.Sprint(s))
}
