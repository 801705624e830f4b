package wholechain

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
)

// TestManyCallsAreCheap: what costs their square takes minutes here.
func TestManyCallsAreCheap(t *testing.T) {
	const calls = 30_000
	for _, sites := range []int{1, calls} {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr(callgraph.ServiceKey, "shop")
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for i := range calls + 1 {
			s := spans.AppendEmpty()
			s.SetTraceID(pcommon.TraceID{1})
			s.SetSpanID([8]byte(binary.BigEndian.AppendUint64(nil, uint64(i)+1)))
			s.SetStartTimestamp(pcommon.Timestamp(1000 + i))
			s.SetEndTimestamp(1e9)
			s.SetName(fmt.Sprint(i % sites))
			s.SetKind(ptrace.SpanKindClient)
			s.Attributes().PutStr("db.system.name", "x")
			s.SetParentSpanID([8]byte{7: 1})
		}
		root := spans.At(0)
		root.SetParentSpanID(pcommon.SpanID{})
		root.SetKind(ptrace.SpanKindServer)
		root.Attributes().PutInt(callgraph.AttributeLocalSpans, calls+1)
		root.Attributes().PutInt(callgraph.AttributeLocalDropped, 0)
		root.Attributes().PutStr(callgraph.AttributeHeadThreshold, "0")
		records, refusal := newJudge().judge(calltree.Build(td), true)
		require.Equal(t, None, refusal)
		require.Len(t, records, sites)
	}
}
