package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage"
)

func logCases() []contractCase {
	return []contractCase{
		{"arrived/empty", arrivedEmpty},
		{"arrived/by rising arrival", arrivedRising},
		{"arrived/at or after since", arrivedSince},
		{"arrived/stops at yield's error", arrivedStops},
	}
}

type arrival struct {
	at time.Time
	td ptrace.Traces
}

func arrived(t *testing.T, b storage.SpanLog, since time.Time) []arrival {
	t.Helper()
	var all []arrival
	require.NoError(t, b.Arrived(t.Context(), since, func(at time.Time, td ptrace.Traces) error {
		all = append(all, arrival{at, td})
		return nil
	}))
	return all
}

func arrivedEmpty(t *testing.T, s *subject) {
	require.Empty(t, arrived(t, s, time.Time{}))
}

// arrivedRising writes falling starts: the order is that of arrival.
func arrivedRising(t *testing.T, s *subject) {
	want := ptrace.NewTraces()
	before := time.Now()
	for i := 1; i <= 20; i++ {
		td := traces(s.base, span{trace: i, id: 1, at: -time.Duration(i) * time.Minute})
		write(t, s, td)
		td.ResourceSpans().MoveAndAppendTo(want.ResourceSpans())
	}
	all := arrived(t, s, time.Time{})
	requireSame(t, want, joined(all))
	for i, a := range all {
		require.WithinRange(t, a.at, before.Add(-time.Second), time.Now().Add(time.Second))
		if i > 0 {
			require.False(t, a.at.Before(all[i-1].at), "arrival %d", i)
		}
	}
	requireSame(t, readTrace(t, s, 1), all[0].td)
}

func arrivedSince(t *testing.T, s *subject) {
	for i := 1; i <= 10; i++ {
		write(t, s, traces(s.base, span{trace: i, id: 1}))
	}
	all := arrived(t, s, time.Time{})
	for i, a := range all {
		got := arrived(t, s, a.at)
		first := i
		for first > 0 && all[first-1].at.Equal(a.at) {
			first--
		}
		requireSame(t, joined(all[first:]), joined(got))
	}
	require.Empty(t, arrived(t, s, all[len(all)-1].at.Add(1)))
}

func joined(all []arrival) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, a := range all {
		clone := ptrace.NewTraces()
		a.td.CopyTo(clone)
		clone.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	return td
}

func arrivedStops(t *testing.T, s *subject) {
	for i := 1; i <= 3; i++ {
		write(t, s, traces(s.base, span{trace: i, id: 1}))
	}
	stop, calls := errors.New("stop"), 0
	err := s.Arrived(t.Context(), time.Time{}, func(time.Time, ptrace.Traces) error { calls++; return stop })
	require.ErrorIs(t, err, stop)
	require.Equal(t, 1, calls)
}
