package dependency_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
)

// benchBatch are local traces of a service: a server span, a step within, and
// six calls with the attributes that HTTP clients give them.
func benchBatch(traces int) ptrace.Traces {
	td := ptrace.NewTraces()
	r := td.ResourceSpans().AppendEmpty()
	r.Resource().Attributes().PutStr("service.name", "order")
	r.Resource().Attributes().PutStr("service.namespace", "shop")
	spans := r.ScopeSpans().AppendEmpty().Spans()
	for i := range traces {
		for j := range 8 {
			benchSpan(spans.AppendEmpty(), i, j)
		}
	}
	return td
}

func benchSpan(s ptrace.Span, trace, number int) {
	s.SetTraceID(pcommon.TraceID{2: byte(trace >> 8), 3: byte(trace), 9: 0xff})
	s.SetSpanID(pcommon.SpanID{0: 1, 6: byte(trace), 7: byte(8 - number)})
	s.TraceState().FromRaw("jcg=1:0123456789abcdef:0123456789abcdef:01234567:00,ot=th:8")
	a := s.Attributes()
	switch number {
	case 7: // the root is the last to arrive
		s.SetName("POST /orders")
		s.SetKind(ptrace.SpanKindServer)
		setTimes(s, 0, 100)
		a.PutInt(callgraph.AttributeLocalSpans, 8)
		a.PutInt(callgraph.AttributeLocalDropped, 0)
		a.PutStr(callgraph.AttributeHeadThreshold, "8")
	case 6:
		s.SetName("work")
		s.SetParentSpanID(pcommon.SpanID{0: 1, 6: byte(trace), 7: 1})
		setTimes(s, 1, 99)
	default:
		s.SetName(fmt.Sprint("GET /things/", number))
		s.SetKind(ptrace.SpanKindClient)
		s.SetParentSpanID(pcommon.SpanID{0: 1, 6: byte(trace), 7: 2})
		setTimes(s, 10*number+2, 10*number+8)
		a.PutStr("server.address", "things")
		a.PutInt("server.port", 8080)
		a.PutStr("url.full", "http://things:8080/things/7")
	}
	a.PutStr("http.request.method", "GET")
	a.PutInt("http.response.status_code", 200)
	a.PutStr("network.protocol.version", "1.1")
}

// refresh gives the spans other trace IDs.
func refresh(td ptrace.Traces, round int) {
	eachSpan(td, func(s ptrace.Span) {
		id := s.TraceID()
		id[0], id[1], id[4], id[5] = byte(round), byte(round>>8), byte(round>>16), byte(round>>24)
		s.SetTraceID(id)
	})
}

// BenchmarkObserver is the cost of a span: Add, Expire and Take, with as many
// spans held as arrive in 30 s at about 5,000 a second.
func BenchmarkObserver(b *testing.B) {
	o := dependency.New(dependency.Options{})
	td := benchBatch(64)
	spans := td.SpanCount()
	now := treescript.Epoch
	round := 0
	add := func() {
		refresh(td, round)
		o.Add(td, now)
		round++
		now = now.Add(100 * time.Millisecond)
		if round%20 == 0 {
			o.Expire(now)
			o.Take(1000)
		}
	}
	for range 600 {
		add()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		add()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*spans), "ns/span")
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap_MB")
	b.ReportMetric(float64(o.Stats().Spans), "held")
}
