package generated

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
)

func TestSpansOfAnInstance(t *testing.T) {
	a, b, other := New(1), New(1), New(2)
	td := a.Batch(100)
	require.Zero(t, spanset.Of(td).Differing(spanset.Of(b.Batch(100))), "the same number, the same spans")
	require.Positive(t, spanset.Of(td).Differing(spanset.Of(other.Batch(100))))
	next := a.Batch(100)
	require.Equal(t, td.SpanCount()+next.SpanCount(), len(ids(td, next)))

	size := (&ptrace.ProtoMarshaler{}).TracesSize(td) / td.SpanCount()
	require.True(t, 200 < size && size < 600, "%d bytes a span", size)
	roots := 0
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		require.True(t, callgraph.IsBornShort(s.TraceID()))
		if s.ParentSpanID().IsEmpty() {
			roots++
		}
	}
	require.InDelta(t, td.SpanCount()/3, roots, 10)
}

func TestRenewedSpansAreOthers(t *testing.T) {
	i := New(1)
	td := i.Batch(50)
	before := ptrace.NewTraces()
	td.CopyTo(before)
	i.Renew(td)
	require.Len(t, ids(before, td), before.SpanCount()+td.SpanCount())
	old, renewed := before.ResourceSpans().At(0).ScopeSpans().At(0).Spans(), td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	var root ptrace.Span
	for at, s := range renewed.All() {
		o := old.At(at)
		require.Equal(t, o.EndTimestamp()-o.StartTimestamp(), s.EndTimestamp()-s.StartTimestamp())
		require.Greater(t, s.StartTimestamp(), old.At(old.Len()-1).StartTimestamp()-1)
		require.NotEqual(t, o.TraceID(), s.TraceID())
		if s.ParentSpanID().IsEmpty() {
			root = s
		} else {
			require.Equal(t, root.SpanID(), s.ParentSpanID())
			require.Equal(t, root.TraceID(), s.TraceID())
		}
	}
}

func ids(batches ...ptrace.Traces) map[[8]byte]bool {
	all := map[[8]byte]bool{}
	for _, td := range batches {
		for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			all[s.SpanID()] = true
		}
	}
	return all
}
