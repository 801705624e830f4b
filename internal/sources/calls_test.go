package sources

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// calls are the chains of front calling back, as OTLP.
func calls(front, back string) (chains []ptrace.Traces) {
	for i := range succeed + fail {
		s := chainMaker{Traces: ptrace.NewTraces(), trace: pcommon.TraceID{0: 0x4b, 15: byte(i + 1)}, start: time.Now()}
		if i >= succeed {
			s.status = ptrace.StatusCodeError
		}
		s.span(front, ptrace.SpanKindServer, 1)
		s.span(front, ptrace.SpanKindClient, 2)
		s.span(back, ptrace.SpanKindServer, 3)
		chains = append(chains, s.Traces)
	}
	return chains
}

type chainMaker struct {
	ptrace.Traces
	trace  pcommon.TraceID
	start  time.Time
	status ptrace.StatusCode
}

// span adds the child of the span whose ID is one less.
func (c chainMaker) span(service string, kind ptrace.SpanKind, id byte) {
	rs := c.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(c.trace)
	s.SetSpanID(pcommon.SpanID{7: id})
	s.SetParentSpanID(pcommon.SpanID{7: id - 1})
	s.SetName("GET")
	s.SetKind(kind)
	s.Status().SetCode(c.status)
	inset := time.Duration(id) * time.Millisecond
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(c.start.Add(inset)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(c.start.Add(10*time.Millisecond - inset)))
}
