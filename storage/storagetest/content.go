package storagetest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage"
)

func contentCases() []contractCase {
	return []contractCase{
		{"content/every field", roundTrip(everyField)},
		{"content/every type of value", roundTrip(everyValue)},
		{"content/nothing but IDs", roundTrip(func(ptrace.Span, ptrace.ScopeSpans, ptrace.ResourceSpans) {})},
		{"content/invalid UTF-8", roundTrip(invalidUTF8)},
		{"content/end before start", roundTrip(endBeforeStart)},
		{"content/attributes of a megabyte", roundTrip(largeAttributes)},
		{"content/forged times", forgedTimes},
		{"content/many spans in one request", manySpans},
	}
}

// roundTrip writes a span that edit has changed, beside two that it has not,
// and expects all of them back.
func roundTrip(edit func(ptrace.Span, ptrace.ScopeSpans, ptrace.ResourceSpans)) func(*testing.T, *subject) {
	return func(t *testing.T, s *subject) {
		td := traces(s.base, span{trace: 1, id: 1}, span{trace: 1, id: 2}, span{trace: 1, id: 3})
		rs := td.ResourceSpans().At(1)
		edit(spanAt(td, 1), rs.ScopeSpans().At(0), rs)
		write(t, s, td)
		requireSame(t, td, readTrace(t, s, 1))
	}
}

func everyField(s ptrace.Span, ss ptrace.ScopeSpans, rs ptrace.ResourceSpans) {
	rs.SetSchemaUrl("https://example.test/resource")
	rs.Resource().SetDroppedAttributesCount(3)
	rs.Resource().Attributes().PutStr("host.name", "a")
	ss.SetSchemaUrl("https://example.test/scope")
	ss.Scope().SetName("library")
	ss.Scope().SetVersion("1.2.3")
	ss.Scope().SetDroppedAttributesCount(4)
	ss.Scope().Attributes().PutBool("scoped", true)
	s.SetParentSpanID(spanID(77))
	s.SetName("everything")
	s.SetKind(ptrace.SpanKindConsumer)
	s.TraceState().FromRaw("jcg=1,other=2")
	s.SetFlags(0x301)
	s.SetDroppedAttributesCount(5)
	s.SetDroppedEventsCount(6)
	s.SetDroppedLinksCount(math.MaxUint32)
	s.Status().SetCode(ptrace.StatusCodeOk)
	s.Status().SetMessage("fine")
	addEvents(s)
	addLinks(s)
}

func addEvents(s ptrace.Span) {
	for i, name := range []string{"", "exception", "exception"} {
		e := s.Events().AppendEmpty()
		e.SetName(name)
		e.SetTimestamp(s.StartTimestamp() + pcommon.Timestamp(i*1000) - 500)
		e.SetDroppedAttributesCount(uint32(i))
		e.Attributes().PutStr("exception.message", "boom")
		e.Attributes().PutInt("n", int64(i))
	}
	s.Events().AppendEmpty()
}

func addLinks(s ptrace.Span) {
	for i := range 3 {
		l := s.Links().AppendEmpty()
		l.SetTraceID(traceID(i))
		l.SetSpanID(spanID(i))
		l.TraceState().FromRaw("a=b")
		l.SetFlags(uint32(i))
		l.SetDroppedAttributesCount(uint32(i))
		l.Attributes().PutInt("n", int64(i))
	}
}

func everyValue(s ptrace.Span, ss ptrace.ScopeSpans, rs ptrace.ResourceSpans) {
	for _, m := range []pcommon.Map{s.Attributes(), ss.Scope().Attributes(), rs.Resource().Attributes(), s.Events().AppendEmpty().Attributes()} {
		putEveryValue(m)
	}
}

func putEveryValue(m pcommon.Map) {
	m.PutEmpty("empty")
	m.PutStr("", "empty key")
	m.PutStr("string", "")
	m.PutBool("false", false)
	m.PutInt("int", math.MinInt64)
	m.PutInt("zero", 0)
	m.PutDouble("nan", math.Float64frombits(0x7ff8000000000001))
	m.PutDouble("minus zero", math.Copysign(0, -1))
	m.PutDouble("infinity", math.Inf(-1))
	m.PutEmptyBytes("bytes").FromRaw([]byte{0, 255, 1})
	m.PutEmptyBytes("no bytes")
	m.PutEmptyMap("empty map")
	m.PutEmptySlice("empty slice")
	inner := m.PutEmptyMap("map")
	inner.PutEmptyMap("nested").PutInt("deep", 1)
	list := inner.PutEmptySlice("list")
	list.AppendEmpty().SetStr("a")
	list.AppendEmpty()
	list.AppendEmpty().SetDouble(1.5)
	list.AppendEmpty().SetEmptySlice().AppendEmpty().SetBool(true)
}

func invalidUTF8(s ptrace.Span, ss ptrace.ScopeSpans, rs ptrace.ResourceSpans) {
	const bad = "\xff\xfe\x00\xc3\x28"
	s.SetName(bad)
	s.TraceState().FromRaw(bad)
	s.Status().SetMessage(bad)
	s.Attributes().PutStr(bad, bad)
	s.Events().AppendEmpty().SetName(bad)
	ss.Scope().SetName(bad)
	rs.Resource().Attributes().PutStr("service.name", bad)
	rs.SetSchemaUrl(bad)
}

func endBeforeStart(s ptrace.Span, _ ptrace.ScopeSpans, _ ptrace.ResourceSpans) {
	s.SetEndTimestamp(s.StartTimestamp() - pcommon.Timestamp(time.Hour))
}

func largeAttributes(s ptrace.Span, _ ptrace.ScopeSpans, rs ptrace.ResourceSpans) {
	s.Attributes().PutStr("large", strings.Repeat("0123456789abcde\n", 1<<16))
	s.Attributes().PutEmptyBytes("large bytes").FromRaw(make([]byte, 1<<20))
	rs.Resource().Attributes().PutStr("large", strings.Repeat("x", 1<<20))
}

// forgedTimes is about spans whose clock lies by decades: they are stored and
// found under the times that they claim, beside honest ones.
func forgedTimes(t *testing.T, s *subject) {
	times := []time.Time{
		time.Unix(0, 0), time.Unix(0, 1), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), s.base,
		time.Date(2200, 6, 1, 0, 0, 0, 5, time.UTC),
	}
	for i, at := range times {
		td := traces(at, span{trace: i + 1, id: 1, service: "forger", name: "op"})
		write(t, s, td)
		requireSame(t, td, readTrace(t, s, i+1))
	}
	for i, at := range times {
		q := storage.Query{Operation: "op", Limit: 10, Window: around(at, 1)}
		q.Window.From = at
		require.Equal(t, []int{i + 1}, searchNumbers(t, s, len(times), q), "start %v", at)
	}
	require.Equal(t, []int{5, 4, 3, 2, 1}, searchNumbers(t, s, len(times), storage.Query{Operation: "op", Limit: 10}))
	td := traces(s.base, span{trace: 9, id: 1})
	spanAt(td, 0).SetStartTimestamp(math.MaxUint64)
	spanAt(td, 0).SetEndTimestamp(math.MaxUint64 - 1)
	write(t, s, td)
	requireSame(t, td, readTrace(t, s, 9))
}

func manySpans(t *testing.T, s *subject) {
	const spans = 5000
	var all []span
	for i := range spans {
		all = append(all, span{trace: 1 + i%7, id: i + 1, service: "web", name: "op", attributes: map[string]any{"i": int64(i)}})
	}
	td := traces(s.base, all...)
	write(t, s, td)
	got := ptrace.NewTraces()
	for n := range 7 {
		readTrace(t, s, n+1).ResourceSpans().MoveAndAppendTo(got.ResourceSpans())
	}
	requireSame(t, td, got)
}
