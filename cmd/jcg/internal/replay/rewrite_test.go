package replay

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func linkedSpan(td ptrace.Traces, start, end time.Time) ptrace.Span {
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID([16]byte{1})
	s.SetSpanID([8]byte{2})
	s.SetParentSpanID([8]byte{3})
	s.SetStartTimestamp(stamp(start))
	s.SetEndTimestamp(stamp(end))
	s.Events().AppendEmpty().SetTimestamp(stamp(start))
	l := s.Links().AppendEmpty()
	l.SetTraceID([16]byte{1})
	l.SetSpanID([8]byte{3})
	return s
}

func TestRewritingKeepsSpansTogether(t *testing.T) {
	td := ptrace.NewTraces()
	at := time.Unix(1_700_000_000, 5)
	s := linkedSpan(td, at, at.Add(time.Second))
	rewriting{ids: 9, shift: time.Hour}.apply(td)
	require.NotEqual(t, [16]byte{1}, [16]byte(s.TraceID()))
	require.NotEqual(t, [8]byte{2}, [8]byte(s.SpanID()))
	require.Equal(t, s.TraceID(), s.Links().At(0).TraceID())
	require.Equal(t, s.ParentSpanID(), s.Links().At(0).SpanID())
	require.Equal(t, stamp(at.Add(time.Hour)), s.StartTimestamp())
	require.Equal(t, stamp(at.Add(time.Hour)), s.Events().At(0).Timestamp())
	require.Equal(t, stamp(at.Add(time.Hour+time.Second)), s.EndTimestamp())
}

func TestRewritingWithoutChangesKeepsAll(t *testing.T) {
	td, want := ptrace.NewTraces(), ptrace.NewTraces()
	at := time.Unix(1_700_000_000, 5)
	linkedSpan(td, at, at)
	linkedSpan(want, at, at)
	rewriting{}.apply(td)
	require.Equal(t, want, td)
}

func TestShiftLeavesAbsentTimesAndNeverMakesOne(t *testing.T) {
	w := rewriting{shift: -time.Hour}
	require.Zero(t, w.time(0))
	require.EqualValues(t, 1, w.time(5))
	require.EqualValues(t, 7, w.time(stamp(time.Unix(3600, 7))))
}

func TestNewest(t *testing.T) {
	td := ptrace.NewTraces()
	require.True(t, newest(td).IsZero())
	linkedSpan(td, time.Unix(9, 0), time.Unix(9, 0))
	linkedSpan(td, time.Unix(1, 0), time.Unix(5, 0))
	require.True(t, newest(td).Equal(time.Unix(9, 0)))
}
