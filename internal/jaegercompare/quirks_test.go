package jaegercompare

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// quirks are traces of what instrumentations send that is odd, one each, which
// begin at the given time.
func quirks(start time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	for i, build := range []func(*trace){
		wellFormed, everyValue, noService, noKind, shortID, skewed, sharedSpanID, sentTwice, orphan, linked,
		endsEarly, taggedError, addresses, libraries, oddNames, environments, flagged,
	} {
		build(&trace{td: td, id: pcommon.TraceID{0: 0x4a, 7: byte(i + 1), 15: byte(i + 1)}, start: start.Add(time.Duration(i) * time.Second)})
	}
	return td
}

type trace struct {
	td    ptrace.Traces
	id    pcommon.TraceID
	start time.Time
}

// span is one of a service, with a resource of its own; it begins and ends so
// many milliseconds after the trace's start.
func (tr *trace) span(service string, id, parent byte, name string, kind ptrace.SpanKind, from, to int) ptrace.Span {
	rs := tr.td.ResourceSpans().AppendEmpty()
	if service != "" {
		rs.Resource().Attributes().PutStr("service.name", service)
		rs.Resource().Attributes().PutStr("host.name", "host-of-"+service)
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("instrumentation")
	ss.Scope().SetVersion("1.2")
	s := ss.Spans().AppendEmpty()
	s.SetTraceID(tr.id)
	s.SetSpanID(pcommon.SpanID{0: 1, 7: id})
	if parent != 0 {
		s.SetParentSpanID(pcommon.SpanID{0: 1, 7: parent})
	}
	s.SetName(name)
	s.SetKind(kind)
	s.SetStartTimestamp(tr.at(from))
	s.SetEndTimestamp(tr.at(to))
	return s
}

func (tr *trace) at(ms int) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(tr.start.Add(time.Duration(ms) * time.Millisecond))
}

func (tr *trace) resource() pcommon.Resource {
	return tr.td.ResourceSpans().At(tr.td.ResourceSpans().Len() - 1).Resource()
}

func wellFormed(tr *trace) {
	tr.span("web", 1, 0, "GET /cart", ptrace.SpanKindServer, 0, 40).Attributes().PutStr("http.route", "/cart")
	call := tr.span("web", 2, 1, "shop.Cart/Add", ptrace.SpanKindClient, 1, 30)
	call.TraceState().FromRaw("ot=th:8")
	failing := tr.span("cart", 3, 2, "shop.Cart/Add", ptrace.SpanKindServer, 5, 25)
	failing.Status().SetCode(ptrace.StatusCodeError)
	failing.Status().SetMessage("out of stock")
	event := failing.Events().AppendEmpty()
	event.SetName("exception")
	event.SetTimestamp(tr.at(20))
	event.Attributes().PutStr("exception.type", "OutOfStock")
	query := tr.span("cart", 4, 3, "SELECT", ptrace.SpanKindClient, 6, 9)
	query.Attributes().PutStr("db.system", "postgresql")
	query.Status().SetCode(ptrace.StatusCodeOk)
}

func everyValue(tr *trace) {
	a := tr.span("web", 1, 0, "values", ptrace.SpanKindServer, 0, 5).Attributes()
	a.PutStr("empty", "")
	a.PutStr("markup", "<b>&amp;</b> \u2028")
	a.PutBool("bool", false)
	a.PutInt("int", -7)
	a.PutInt("int.large", math.MaxInt64)
	a.PutDouble("double", 0.25)
	a.PutDouble("double.whole", 3)
	a.PutEmptyBytes("bytes").FromRaw([]byte{0, 0xff})
	a.PutEmptySlice("list").AppendEmpty().SetStr("a")
	a.PutEmptyMap("map").PutInt("k", 1)
	a.PutEmpty("nothing")
}

func noService(tr *trace) { tr.span("", 1, 0, "anonymous", ptrace.SpanKindServer, 0, 5) }

func noKind(tr *trace) { tr.span("batch", 1, 0, "run", ptrace.SpanKindUnspecified, 0, 5) }

func shortID(tr *trace) {
	tr.id = pcommon.TraceID{8: 0xab, 15: 0xcd}
	tr.span("web", 1, 0, "64 bits", ptrace.SpanKindServer, 0, 5)
}

// skewed: the callee's clock is behind.
func skewed(tr *trace) {
	tr.span("web", 1, 0, "GET /skew", ptrace.SpanKindClient, 0, 20)
	tr.span("clock", 2, 1, "GET /skew", ptrace.SpanKindServer, -500, -490)
}

// sharedSpanID: Zipkin's clients and servers share a span.
func sharedSpanID(tr *trace) {
	tr.span("web", 1, 0, "entrance", ptrace.SpanKindServer, 0, 20)
	tr.span("web", 2, 1, "shared", ptrace.SpanKindClient, 1, 10)
	tr.span("zipkin", 2, 1, "shared", ptrace.SpanKindServer, 2, 9)
	tr.span("zipkin", 3, 2, "below", ptrace.SpanKindInternal, 3, 4)
}

func sentTwice(tr *trace) {
	tr.span("web", 1, 0, "twice", ptrace.SpanKindServer, 0, 5)
	tr.span("web", 1, 0, "twice", ptrace.SpanKindServer, 0, 5)
}

func orphan(tr *trace) { tr.span("web", 2, 9, "orphan", ptrace.SpanKindServer, 0, 5) }

func linked(tr *trace) {
	tr.span("web", 1, 0, "send", ptrace.SpanKindProducer, 0, 5)
	consumer := tr.span("worker", 2, 1, "process", ptrace.SpanKindConsumer, 10, 15)
	for _, id := range []byte{1, 7} {
		link := consumer.Links().AppendEmpty()
		link.SetTraceID(tr.id)
		link.SetSpanID(pcommon.SpanID{0: 1, 7: id})
		link.Attributes().PutStr("link.attribute", "lost in Jaeger's first API")
	}
	consumer.Links().AppendEmpty() // to nothing
}

func endsEarly(tr *trace) { tr.span("web", 1, 0, "backwards", ptrace.SpanKindServer, 5, 0) }

// taggedError: a span that says only by a tag that it failed.
func taggedError(tr *trace) {
	tr.span("envoy", 1, 0, "egress", ptrace.SpanKindClient, 0, 5).Attributes().PutBool("error", true)
}

func addresses(tr *trace) {
	a := tr.span("web", 1, 0, "addresses", ptrace.SpanKindClient, 0, 5).Attributes()
	a.PutInt("peer.ipv4", 0x7f000001)
	a.PutStr("ip", "10.0.0.1")
}

func libraries(tr *trace) {
	a := tr.span("web", 1, 0, "libraries", ptrace.SpanKindServer, 0, 5).Attributes()
	a.PutStr("telemetry.sdk.language", "go")
	a.PutStr("otel.library.name", "old")
}

func oddNames(tr *trace) { tr.span("a/b c%", 1, 0, "op/ä ?&", ptrace.SpanKindServer, 0, 5) }

func environments(tr *trace) {
	tr.span("web", 1, 0, "staged", ptrace.SpanKindServer, 0, 5)
	tr.resource().Attributes().PutStr("deployment.environment.name", "staging")
	tr.span("web", 2, 1, "older", ptrace.SpanKindServer, 0, 5)
	tr.resource().Attributes().PutStr("deployment.environment", "staging")
}

// flagged: sampled, with an event that has neither name nor time.
func flagged(tr *trace) {
	s := tr.span("web", 1, 0, "flags", ptrace.SpanKindServer, 0, 5)
	s.SetFlags(0x301)
	s.Events().AppendEmpty().Attributes().PutStr("event", "its own name")
}
