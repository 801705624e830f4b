package memory

import (
	"testing"
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
	require.NoError(t, a.WriteSpans(t.Context(), oneSpan(1, 1, now)))
	require.NoError(t, b.WriteSpans(t.Context(), oneSpan(1, 2, now.Add(time.Second))))
	require.NoError(t, b.WriteSpans(t.Context(), oneSpan(1, 1, now)), "written again by another writer")
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
		err = b.WriteSpans(t.Context(), oneSpan(written, 1, time.Now()))
	}
	require.ErrorIs(t, err, storage.ErrFull)
	require.Greater(t, written, byte(2))
	for id := byte(1); id < written; id++ {
		_, err := b.Trace(t.Context(), pcommon.TraceID{15: id})
		require.NoError(t, err)
	}
}
