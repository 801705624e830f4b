package memory

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func oneSpan(trace, span byte, start time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "cart")
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{15: trace})
	s.SetSpanID(pcommon.SpanID{7: span})
	s.SetName("GET /cart")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Millisecond)))
	return td
}

func open(t *testing.T, o Options) *Backend {
	t.Helper()
	b, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func TestTwoWritersOfOneTrace(t *testing.T) {
	server := NewServer(1 << 20)
	a, b := open(t, Options{Server: server, Writer: 1}), open(t, Options{Server: server, Writer: 2})
	now := time.Now()
	_, err := a.WriteSpans(t.Context(), oneSpan(1, 1, now))
	require.NoError(t, err)
	_, err = b.WriteSpans(t.Context(), oneSpan(1, 2, now.Add(time.Second)))
	require.NoError(t, err)
	_, err = b.WriteSpans(t.Context(), oneSpan(1, 1, now))
	require.NoError(t, err, "written again by another writer")
	for _, reader := range []*Backend{a, b} {
		td, err := reader.Trace(t.Context(), pcommon.TraceID{15: 1})
		require.NoError(t, err)
		require.Equal(t, 2, td.SpanCount())
		found, err := reader.Search(t.Context(), storage.Query{Window: callgraph.Window{From: now.Add(-time.Hour), To: now.Add(time.Hour)}, Limit: 5})
		require.NoError(t, err)
		require.Len(t, found, 1)
	}
}

func TestTwoWritersOfOneBucket(t *testing.T) {
	server := NewServer(1 << 20)
	a, b := open(t, Options{Server: server, Writer: 1}), open(t, Options{Server: server, Writer: 2})
	bucket := callgraph.BucketAt(time.Now(), callgraph.HotWidth)
	cell := callgraph.Cell{CellKey: callgraph.CellKey{Bucket: bucket}, Sequence: 1}
	require.NoError(t, a.WriteCells(t.Context(), []callgraph.Cell{cell}))
	cursor, err := b.Changes(t.Context(), "", func([]callgraph.Cell) error { return nil })
	require.NoError(t, err)

	cell.Sequence, cell.ServerOnly = 2, 7
	require.NoError(t, b.WriteCells(t.Context(), []callgraph.Cell{cell}))
	var changed []callgraph.Cell
	_, err = a.Changes(t.Context(), cursor, func(cs []callgraph.Cell) error { changed = append(changed, cs...); return nil })
	require.NoError(t, err)
	require.Equal(t, []callgraph.Cell{cell}, changed)

	var all []callgraph.Cell
	require.NoError(t, a.Cells(t.Context(), bucket.Window(), func(cs []callgraph.Cell) error { all = append(all, cs...); return nil }))
	require.Equal(t, []callgraph.Cell{cell}, all, "the greater sequence holds, whoever wrote it")
}

func TestFullServerRefusesAndLosesNothing(t *testing.T) {
	b := open(t, Options{MaxBytes: 4000})
	var err error
	written := byte(0)
	for err == nil {
		written++
		_, err = b.WriteSpans(t.Context(), oneSpan(written, 1, time.Now()))
	}
	require.ErrorIs(t, err, storage.ErrFull)
	require.Greater(t, written, byte(2))
	for id := byte(1); id < written; id++ {
		_, err := b.Trace(t.Context(), pcommon.TraceID{15: id})
		require.NoError(t, err)
	}
}

func TestRetentionShorterThanAnHourCrossesTheHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at a full hour
		b := open(t, Options{Retention: 30 * time.Minute})
		bucket := callgraph.BucketAt(time.Now(), callgraph.HotWidth)
		write := func(trace byte) {
			_, err := b.WriteSpans(t.Context(), oneSpan(trace, 1, time.Now()))
			require.NoError(t, err)
			require.NoError(t, b.WriteCells(t.Context(), []callgraph.Cell{{CellKey: callgraph.CellKey{Bucket: bucket, Opened: int64(trace)}}}))
		}
		found := func() (traces, cells int) {
			matches, err := b.Search(t.Context(), storage.Query{Limit: 10})
			require.NoError(t, err)
			require.NoError(t, b.Cells(t.Context(), bucket.Window(), func(cs []callgraph.Cell) error { cells += len(cs); return nil }))
			return len(matches), cells
		}
		time.Sleep(40 * time.Minute)
		write(1)
		time.Sleep(25 * time.Minute)
		write(2)
		traces, cells := found()
		require.Equal(t, [2]int{2, 2}, [2]int{traces, cells}, "25 minutes later, in the next hour")

		time.Sleep(10 * time.Minute)
		traces, _ = found()
		require.Equal(t, 1, traces, "35 minutes later")

		time.Sleep(5 * time.Hour)
		traces, cells = found()
		require.Equal(t, [2]int{0, 0}, [2]int{traces, cells}, "all is past")
		write(3)
		require.Less(t, b.Bytes(), int64(3000), "what is past takes no room")
	})
}
