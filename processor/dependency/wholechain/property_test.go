package wholechain

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

var states = []string{"", "ot=th:8", "ot=th:0", "ot=th:x,,"}

// anyTrace draws spans of few services, names and IDs, so that parents are
// missing, run in circles, come twice, and end before they begin. Those of a
// tame one are a tree, and state nothing.
func anyTrace(t *rapid.T, tame bool) ptrace.Traces {
	td := ptrace.NewTraces()
	for i := range rapid.ByteRange(0, 12).Draw(t, "spans") {
		s := ptrace.NewSpan()
		s.SetTraceID(pcommon.TraceID{9: 0xff})
		s.SetSpanID(pcommon.SpanID{7: rapid.ByteRange(0, 9).Draw(t, "id")})
		s.SetParentSpanID(pcommon.SpanID{7: rapid.ByteRange(0, 9).Draw(t, "parent")})
		if tame {
			s.SetSpanID(pcommon.SpanID{7: i + 1})
			s.SetParentSpanID(pcommon.SpanID{7: rapid.ByteRange(min(i, 1), i).Draw(t, "earlier parent")})
			s.Attributes().PutStr("db.system.name", "x")
		}
		s.SetKind(ptrace.SpanKind(rapid.IntRange(0, 6).Draw(t, "kind")))
		s.SetName(rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "name"))
		s.SetStartTimestamp(pcommon.Timestamp(rapid.IntRange(0, 9).Draw(t, "start")))
		s.SetEndTimestamp(pcommon.Timestamp(rapid.IntRange(0, 9).Draw(t, "end")))
		s.Status().SetCode(ptrace.StatusCode(rapid.IntRange(0, 3).Draw(t, "status")))
		if tame {
			treescript.AddSpan(td, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "service"), s)
			continue
		}
		s.TraceState().FromRaw(rapid.SampledFrom(states[:rapid.IntRange(1, len(states)).Draw(t, "states of many")]).Draw(t, "state"))
		if rapid.Bool().Draw(t, "states") {
			s.Attributes().PutInt(callgraph.AttributeLocalSpans, rapid.Int64Range(-1, 9).Draw(t, "stated"))
			s.Attributes().PutInt(callgraph.AttributeLocalDropped, rapid.Int64Range(-1, 1).Draw(t, "dropped"))
			s.Attributes().PutStr(callgraph.AttributeHeadThreshold, rapid.SampledFrom([]string{"0", "8", "f", "-"}).Draw(t, "head"))
		}
		treescript.AddSpan(td, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "service"), s)
	}
	return td
}

// TestAChainCountsASiteOnce whatever it looks like.
func TestAChainCountsASiteOnce(t *testing.T) {
	told := 0
	rapid.Check(t, func(t *rapid.T) {
		j := newJudge()
		tame := rapid.Bool().Draw(t, "tame")
		j.options.AssumeComplete = tame || rapid.Bool().Draw(t, "assume")
		td := anyTrace(t, tame)
		records, refusal := j.judge(calltree.Build(td), rapid.Bool().Draw(t, "fair"))
		if refusal != None {
			require.Empty(t, records)
			return
		}
		told += len(records)
		for _, r := range records {
			all := r.Evidence.ChainOK
			for _, f := range r.Evidence.ChainFailed {
				all.Seen, all.Went, all.Survived = all.Seen+f.Seen, all.Went+f.Went, all.Survived+f.Survived
			}
			require.LessOrEqual(t, all.Seen, uint64(1))
			require.LessOrEqual(t, max(all.Went, all.Survived), all.Seen)
			require.Len(t, r.Evidence.Entrances, 1)
			require.NotEmpty(t, r.Evidence.Callees)
			require.Equal(t, r.Site.ID(), r.Key.Site)
		}
	})
	require.Positive(t, told, "some are whole")
}

// TestEachSpanIsInOneLocalTrace but for those that came twice.
func TestEachSpanIsInOneLocalTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := calltree.Build(anyTrace(t, rapid.Bool().Draw(t, "tame")))
		repeated := 0
		for _, p := range tree.Problems() {
			if p.Oddity == calltree.Duplicate || p.Oddity == calltree.Conflict {
				repeated++
			}
		}
		seen := map[*calltree.Node]bool{}
		for _, l := range localtrace.Of(tree) {
			require.Equal(t, l.Root, l.Spans[0])
			for _, n := range l.Spans {
				require.False(t, seen[n], fmt.Sprint(n.Span.Name()))
				seen[n] = true
			}
		}
		require.Len(t, seen, tree.Len()-repeated)
	})
}
