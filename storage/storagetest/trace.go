package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage"
)

func traceCases() []contractCase {
	return []contractCase{
		{"trace/not found", traceNotFound},
		{"trace/all spans of several requests", traceOfSeveralRequests},
		{"trace/only its own spans", traceOnlyItsOwn},
		{"trace/the answer belongs to the caller", traceAnswerIsOwned},
		{"write/equal spans change nothing", writeEqualTwice},
		{"write/other content under the same identity is kept", writeOtherContent},
		{"write/kind is part of the identity", writeOtherKind},
		{"write/spans that are refused are left out", writeRefused},
		{"write/nothing", writeNothing},
		{"write/the request is neither changed nor kept", writeKeepsNothing},
		{"write/closed", writeClosed},
	}
}

func traceNotFound(t *testing.T, s *subject) {
	_, err := s.Trace(t.Context(), traceID(1))
	require.ErrorIs(t, err, storage.ErrNotFound)
	write(t, s, traces(s.base, span{trace: 2, id: 1}))
	_, err = s.Trace(t.Context(), traceID(1))
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func traceOfSeveralRequests(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from, span{trace: 1, id: 1, name: "root", service: "web"}))
	write(t, s, traces(from, span{trace: 1, id: 2, parent: 1, name: "call", service: "web"}, span{trace: 1, id: 3, parent: 2, service: "cart"}))
	requireSame(t, traces(from,
		span{trace: 1, id: 1, name: "root", service: "web"},
		span{trace: 1, id: 2, parent: 1, name: "call", service: "web"},
		span{trace: 1, id: 3, parent: 2, service: "cart"},
	), readTrace(t, s, 1))
}

func traceOnlyItsOwn(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from, span{trace: 1, id: 1}, span{trace: 2, id: 2}, span{trace: 1, id: 3}))
	requireSame(t, traces(from, span{trace: 2, id: 2}), readTrace(t, s, 2))
	requireSame(t, traces(from, span{trace: 1, id: 1}, span{trace: 1, id: 3}), readTrace(t, s, 1))
}

func traceAnswerIsOwned(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from, span{trace: 1, id: 1, name: "before"}))
	readTrace(t, s, 1).ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetName("after")
	requireSame(t, traces(from, span{trace: 1, id: 1, name: "before"}), readTrace(t, s, 1))
}

func writeEqualTwice(t *testing.T, s *subject) {
	td := traces(s.base, span{trace: 1, id: 1, service: "web", name: "GET"}, span{trace: 1, id: 2, service: "web", name: "GET"})
	for range 3 {
		write(t, s, td)
	}
	requireSame(t, td, readTrace(t, s, 1))
	require.Len(t, search(t, s, storage.Query{Operation: "GET", Limit: 10}), 1)
}

func writeOtherContent(t *testing.T, s *subject) {
	from := s.base
	one, other := span{trace: 1, id: 1, name: "one"}, span{trace: 1, id: 1, name: "other"}
	elsewhere := span{trace: 1, id: 1, name: "one", service: "elsewhere"}
	for range 2 {
		write(t, s, traces(from, one))
		write(t, s, traces(from, other))
		write(t, s, traces(from, elsewhere))
	}
	requireSame(t, traces(from, one, other, elsewhere), readTrace(t, s, 1))
}

func writeOtherKind(t *testing.T, s *subject) {
	td := traces(s.base, span{trace: 1, id: 1, kind: ptrace.SpanKindClient}, span{trace: 1, id: 1, kind: ptrace.SpanKindServer})
	write(t, s, td)
	requireSame(t, td, readTrace(t, s, 1))
}

func writeRefused(t *testing.T, s *subject) {
	from := s.base
	td := traces(from, span{trace: 1, id: 1}, span{trace: 1, id: 2}, span{trace: 1, id: 3})
	spanAt(td, 0).SetTraceID(pcommon.TraceID{})
	spanAt(td, 2).SetSpanID(pcommon.SpanID{})
	write(t, s, td)
	requireSame(t, traces(from, span{trace: 1, id: 2}), readTrace(t, s, 1))
	_, err := s.Trace(t.Context(), pcommon.TraceID{})
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func writeNothing(t *testing.T, s *subject) {
	write(t, s, ptrace.NewTraces())
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	write(t, s, td)
	require.Empty(t, arrived(t, s, time.Time{}))
}

func writeKeepsNothing(t *testing.T, s *subject) {
	from := s.base
	td := traces(from, span{trace: 1, id: 1, name: "before"})
	before := asJSON(t, td)
	shared := ptrace.NewTraces()
	td.CopyTo(shared)
	shared.MarkReadOnly()
	write(t, s, shared)
	write(t, s, td)
	require.Equal(t, before, asJSON(t, td))
	spanAt(td, 0).SetName("after")
	requireSame(t, traces(from, span{trace: 1, id: 1, name: "before"}), readTrace(t, s, 1))
}

func writeClosed(t *testing.T, s *subject) {
	require.NoError(t, s.Close())
	_, err := s.WriteSpans(t.Context(), traces(s.base, span{trace: 1, id: 1}))
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = s.Trace(t.Context(), traceID(1))
	require.ErrorIs(t, err, storage.ErrClosed)
}

// spanAt is the span of the nth resource.
func spanAt(td ptrace.Traces, n int) ptrace.Span {
	return td.ResourceSpans().At(n).ScopeSpans().At(0).Spans().At(0)
}
