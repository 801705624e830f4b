package query

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// order is a small trace of two services; all orders have the short ID 0000beef.
func order(last byte) ptrace.Traces {
	td := ptrace.NewTraces()
	id := pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0xbe, 0xef, 0, 0, 0, last}
	web := newSpan(td, "web", id, 1, 0, "GET /", ptrace.SpanKindServer, 0, 40*time.Millisecond)
	web.Status().SetCode(ptrace.StatusCodeOk)
	call := newSpan(td, "web", id, 2, 1, "add", ptrace.SpanKindClient, time.Millisecond, 21*time.Millisecond)
	call.TraceState().FromRaw("ot=th:8")
	cart := newSpan(td, "cart", id, 3, 2, "add", ptrace.SpanKindServer, 5*time.Millisecond, 15*time.Millisecond)
	cart.Status().SetCode(ptrace.StatusCodeError)
	cart.Status().SetMessage("out of stock")
	event := cart.Events().AppendEmpty()
	event.SetName("exception")
	event.SetTimestamp(at(6 * time.Millisecond))
	event.Attributes().PutStr("exception.type", "OutOfStock")
	return td
}

// quirks has what OTLP allows and Jaeger's shapes do not know; its trace ID is
// a 64-bit one.
func quirks() ptrace.Traces {
	td := ptrace.NewTraces()
	id := pcommon.TraceID{8: 0xab, 15: 0xcd}
	s := newSpan(td, "", id, 1, 0, "bad \xff name", 0, time.Second, 0) // ends before it starts
	s.SetFlags(0x101)
	a := s.Attributes()
	a.PutInt("int.safe", 1<<53-1)
	a.PutInt("int.large", math.MaxInt64)
	a.PutDouble("nan", math.NaN())
	a.PutDouble("float", 0.5)
	a.PutBool("bool", false)
	a.PutEmptyBytes("bytes").FromRaw([]byte{0, 0xff})
	a.PutEmptySlice("list").AppendEmpty().SetInt(1)
	a.PutEmptyMap("map").PutStr("k", "v")
	a.PutEmpty("empty")
	a.PutStr("markup", "<script>alert('x')</script>")
	link := s.Links().AppendEmpty()
	link.SetTraceID(pcommon.TraceID{15: 9})
	link.SetSpanID(pcommon.SpanID{7: 9})
	event := s.Events().AppendEmpty()
	event.Attributes().PutStr("event", "its own name")
	early := newSpan(td, "", id, 2, 1, "early child", ptrace.SpanKindInternal, 0, time.Millisecond)
	same := early.Links().AppendEmpty() // a link to the parent says nothing new
	same.SetTraceID(id)
	same.SetSpanID(pcommon.SpanID{7: 1})
	early.Links().AppendEmpty() // nor does one to nothing
	return td
}

func at(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(noon.Add(d)) }

func newSpan(td ptrace.Traces, service string, id pcommon.TraceID, span, parent byte, name string, kind ptrace.SpanKind, from, to time.Duration) ptrace.Span {
	rs := td.ResourceSpans().AppendEmpty()
	if service != "" {
		rs.Resource().Attributes().PutStr("service.name", service)
		rs.Resource().Attributes().PutStr("host.name", "h1")
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("lib")
	ss.Scope().SetVersion("1.0")
	s := ss.Spans().AppendEmpty()
	s.SetTraceID(id)
	s.SetSpanID(pcommon.SpanID{7: span})
	if parent != 0 {
		s.SetParentSpanID(pcommon.SpanID{7: parent})
	}
	s.SetName(name)
	s.SetKind(kind)
	s.SetStartTimestamp(at(from))
	s.SetEndTimestamp(at(to))
	s.Attributes().PutInt("n", int64(span))
	return s
}
