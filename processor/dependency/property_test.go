package dependency_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
)

// randomTrace is a trace of a service that calls up to six sites, some of
// which fail, some beside others, some after the root has ended.
func randomTrace(t *rapid.T, number int) (spans []ptrace.Traces) {
	small := rapid.IntRange(0, 9)
	calls := small.Draw(t, "calls")
	add := func(fill func(ptrace.Span)) {
		s := ptrace.NewSpan()
		s.SetTraceID(pcommon.TraceID{0: byte(number >> 8), 1: byte(number), 9: 0xff})
		s.TraceState().FromRaw("ot=th:8")
		s.SetParentSpanID(pcommon.SpanID{7: 1})
		fill(s)
		td := ptrace.NewTraces()
		treescript.AddSpan(td, "shop", s)
		spans = append(spans, td)
	}
	stated := 1
	for i := range calls {
		add(func(s ptrace.Span) {
			start := small.Draw(t, "start")
			end := start + small.Draw(t, "duration")
			s.SetSpanID(pcommon.SpanID{7: byte(i + 2)})
			s.SetName(fmt.Sprint("call ", small.Draw(t, "site")%6))
			s.SetKind(rapid.SampledFrom([]ptrace.SpanKind{ptrace.SpanKindClient, ptrace.SpanKindProducer, ptrace.SpanKindInternal}).Draw(t, "kind"))
			setTimes(s, start, end)
			if small.Draw(t, "fails") < 3 {
				s.Status().SetCode(ptrace.StatusCodeError)
			}
			if i > 0 && small.Draw(t, "deeper") < 4 {
				s.SetParentSpanID(pcommon.SpanID{7: byte(rapid.IntRange(1, i+1).Draw(t, "parent"))})
			}
			if end <= 12 {
				stated++
			}
		})
	}
	add(func(s ptrace.Span) {
		s.SetSpanID(pcommon.SpanID{7: 1})
		s.SetParentSpanID(pcommon.SpanID{})
		s.SetName(fmt.Sprint("root ", number%2))
		s.SetKind(ptrace.SpanKindServer)
		setTimes(s, 0, 12)
		s.Attributes().PutInt(callgraph.AttributeLocalSpans, int64(stated))
		s.Attributes().PutInt(callgraph.AttributeLocalDropped, 0)
		if rapid.Bool().Draw(t, "sampled") {
			s.Attributes().PutStr(callgraph.AttributeHeadThreshold, "8")
		}
	})
	return spans
}

func setTimes(s ptrace.Span, start, end int) {
	at := func(ms int) pcommon.Timestamp {
		return pcommon.NewTimestampFromTime(treescript.Epoch.Add(time.Duration(ms) * time.Millisecond))
	}
	s.SetStartTimestamp(at(start))
	s.SetEndTimestamp(at(end))
}

// TestOrderAndSplitDoNotMatter: observers that share the local traces out, in
// any order of spans, some twice, see together what one sees.
func TestOrderAndSplitDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := dependency.New(dependency.Options{})
		several := []*dependency.Observer{dependency.New(dependency.Options{}), dependency.New(dependency.Options{})}
		var all []ptrace.Traces
		to := map[pcommon.TraceID]*dependency.Observer{}
		for number := range rapid.IntRange(1, 5).Draw(t, "traces") {
			spans := randomTrace(t, number)
			all = append(all, spans...)
			id := spans[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceID()
			to[id] = rapid.SampledFrom(several).Draw(t, "observer")
		}
		now := treescript.Epoch
		for _, td := range all {
			one.Add(td, now)
		}
		shuffled := rapid.Permutation(all).Draw(t, "order")
		for i, td := range shuffled {
			o := to[td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceID()]
			o.Add(td, now)
			if i%3 == 0 {
				o.Add(td, now)
			}
		}
		end := now.Add(time.Hour)
		one.Expire(end)
		want := evidenceOf(one)
		got := evidenceOf(several...)
		require.Equal(t, want, got)
		require.Zero(t, one.Stats().Spans)
	})
}

func evidenceOf(observers ...*dependency.Observer) map[callgraph.StaticID]strength.Evidence {
	all := map[callgraph.StaticID]strength.Evidence{}
	for _, o := range observers {
		o.Expire(treescript.Epoch.Add(time.Hour))
		for records := o.Take(3); len(records) > 0; records = o.Take(3) {
			for _, r := range records {
				for i := range r.Evidence.Others {
					r.Evidence.Others[i].Callee.Connection = 0 // as far as it is known when taken
				}
				e := all[r.Key.Site]
				e.Merge(r.Evidence)
				all[r.Key.Site] = e
			}
		}
	}
	return all
}
