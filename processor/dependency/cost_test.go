package dependency_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
)

// As many spans as a local trace may have. What costs their square takes minutes here.
const many = 1<<14 - 1

func idOf(n int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	return id
}

// spans of one trace and service, from 1000 to 2000; the root's ID is beyond theirs.
func spans(n int, set func(i int, s ptrace.Span)) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(callgraph.ServiceKey, "shop")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := list.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(idOf(i))
		s.SetStartTimestamp(1000)
		s.SetEndTimestamp(2000)
		set(i, s)
	}
	return td
}

func root(stated int) ptrace.Traces {
	return spans(1, func(_ int, s ptrace.Span) {
		s.SetSpanID(idOf(many))
		s.SetKind(ptrace.SpanKindServer)
		s.Attributes().PutInt(callgraph.AttributeLocalSpans, int64(stated))
		s.Attributes().PutInt(callgraph.AttributeLocalDropped, 0)
	})
}

func TestManySpansAreCheap(t *testing.T) {
	call := func(name string, s ptrace.Span) {
		s.SetParentSpanID(idOf(many))
		s.SetKind(ptrace.SpanKindClient)
		s.SetName(name)
		s.Status().SetCode(ptrace.StatusCodeError)
	}
	for name, c := range map[string]struct {
		stated int
		td     ptrace.Traces
		judged uint64
	}{
		"children first": {many + 1, spans(many, func(i int, s ptrace.Span) { s.SetParentSpanID(idOf(i + 1)) }), 1},
		"without a top":  {1, spans(many, func(i int, s ptrace.Span) { s.SetParentSpanID(idOf((i + 1) % many)) }), 1},
		"each elsewhere": {many + 1, spans(many, func(i int, s ptrace.Span) { call(fmt.Sprint(i), s) }), 1},
		"all late": {1, spans(many, func(i int, s ptrace.Span) {
			call(fmt.Sprint(i), s)
			s.SetEndTimestamp(3000)
		}), 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := dependency.New(dependency.Options{})
			o.Add(root(c.stated), start)
			o.Add(c.td, start)
			require.EqualValues(t, c.judged, o.Stats().Judged)
			o.Expire(start.Add(dependency.DefaultWait))
			require.Zero(t, o.Stats().Spans)
		})
	}
}

// TestNoDayIsAheadOfTheClock: what a wrong clock dates ahead would be kept for
// ever, and never be read.
func TestNoDayIsAheadOfTheClock(t *testing.T) {
	o := dependency.New(dependency.Options{})
	for i := range 3 {
		td := failing(t, fmt.Sprint(i), "GET")
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetEndTimestamp(pcommon.Timestamp(1<<62) + pcommon.Timestamp(i)<<50)
		o.Add(td, start)
	}
	records := o.Take(10)
	require.Len(t, records, 1)
	require.Equal(t, strength.DayOf(start), records[0].Day)
}

// TestARootThatStatesNothingIsNotWhole: it ended at least itself.
func TestARootThatStatesNothingIsNotWhole(t *testing.T) {
	for _, stated := range []int{0, -1, 1 << 62} {
		o := dependency.New(dependency.Options{})
		o.Add(root(stated), start)
		require.Zero(t, o.Stats().Judged)
	}
}
