package calltree_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

const shapeBatch = 10

func numbered(n int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

func shapeSpan(n, parent int, kind ptrace.SpanKind) ptrace.Span {
	s := ptrace.NewSpan()
	s.SetTraceID(randomTrace(1))
	s.SetSpanID(numbered(n))
	s.SetParentSpanID(numbered(parent))
	s.SetKind(kind)
	s.SetName("work")
	s.SetStartTimestamp(pcommon.Timestamp(1_000_000 * n))
	s.SetEndTimestamp(pcommon.Timestamp(1_000_000 * (n + 10)))
	return s
}

// deepTrace has spans 1 to n, each the parent of the next, the deepest first;
// every second one is a client with a server below it in its own service.
func deepTrace(n int) (batches []ptrace.Traces) {
	td := ptrace.NewTraces()
	for i := n; i > 0; i-- {
		kind := ptrace.SpanKindInternal
		if i%2 == 0 {
			kind = ptrace.SpanKindClient
			treescript.AddSpan(td, "peer", shapeSpan(n+i, i, ptrace.SpanKindServer))
		}
		treescript.AddSpan(td, "web", shapeSpan(i, i-1, kind))
		if td.SpanCount() >= shapeBatch || i == 1 {
			batches, td = append(batches, td), ptrace.NewTraces()
		}
	}
	return batches
}

// wideTrace has n server spans under one client, the latest first, the client last.
func wideTrace(n int) (batches []ptrace.Traces) {
	td := ptrace.NewTraces()
	for i := n; i > 1; i-- {
		treescript.AddSpan(td, "web", shapeSpan(i, 1, ptrace.SpanKindServer))
		if td.SpanCount() >= shapeBatch {
			batches, td = append(batches, td), ptrace.NewTraces()
		}
	}
	treescript.AddSpan(td, "shop", shapeSpan(1, 0, ptrace.SpanKindClient))
	return append(batches, td)
}

func whole(batches []ptrace.Traces) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, b := range batches {
		for _, n := range treeNodes(b) {
			treescript.AddSpan(td, n.Service.Name, n.Span)
		}
	}
	return td
}

// TestLargeTraces: 40,000 spans deep and wide, as trees and as streams.
func TestLargeTraces(t *testing.T) {
	for name, batches := range map[string][]ptrace.Traces{"deep": deepTrace(40_000), "wide": wideTrace(40_000)} {
		t.Run(name, func(t *testing.T) {
			td := whole(batches)
			requireTree(t, td)
			streamed, stats := join(t, batches)
			require.EqualValues(t, td.SpanCount(), stats.Spans)
			require.Equal(t, tally(calltree.Calls(td)), tally(streamed))
		})
	}
}

// TestFixedParent: a load test that sends one traceparent for ever. Spans
// under a parent that never comes are let go with their window.
func TestFixedParent(t *testing.T) {
	j := calltree.NewJoiner(calltree.Options{})
	calls := 0
	for i := range 1000 {
		td := ptrace.NewTraces()
		treescript.AddSpan(td, "web", shapeSpan(i+2, 1, ptrace.SpanKindServer))
		now := treescript.Epoch.Add(time.Duration(i) * time.Second)
		j.Add(td, now)
		calls += len(j.Expire(now))
		require.LessOrEqual(t, j.Stats().Held, 12)
	}
	require.Equal(t, 990, calls)
}
