package callgraphconnector

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// BenchmarkConsumeTraces is the whole cost of a span: joiner, table, flushes
// and their encoding, at as many spans a second as one sender can make.
func BenchmarkConsumeTraces(b *testing.B) {
	cfg := defaultConfig().(*Config)
	c := newTestConnector(b, cfg, consumertest.NewNop())
	require.NoError(b, c.Start(b.Context(), componenttest.NewNopHost()))
	td := manyRequests(100)
	spans := int64(td.SpanCount())
	b.ReportAllocs()
	trace := uint64(0)
	for b.Loop() {
		trace = freshen(td, trace)
		if err := c.ConsumeTraces(b.Context(), td); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, c.Shutdown(b.Context()))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(int64(b.N)*spans), "ns/span")
}

// manyRequests are traces of five services in a row, each with a step of its
// own and a call of the next.
func manyRequests(traces int) ptrace.Traces {
	td := ptrace.NewTraces()
	for service := range byte(5) {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", fmt.Sprint("service", service))
		ss := rs.ScopeSpans().AppendEmpty()
		for n := range traces {
			for i, kind := range []ptrace.SpanKind{ptrace.SpanKindServer, ptrace.SpanKindInternal, ptrace.SpanKindClient} {
				s := ss.Spans().AppendEmpty()
				s.SetKind(kind)
				s.SetName(fmt.Sprintf("GET /%d/%d", n%20, i))
				id := service*3 + byte(i)
				s.SetSpanID(pcommon.SpanID{0: 1, 7: id})
				if id > 0 {
					s.SetParentSpanID(pcommon.SpanID{0: 1, 7: id - 1})
				}
				s.Attributes().PutStr("http.request.method", "GET")
				s.Attributes().PutInt("http.response.status_code", 200)
				s.Attributes().PutStr("url.path", "/")
				s.Attributes().PutStr("server.address", "next")
			}
		}
	}
	return td
}

// freshen gives the traces new IDs and times.
func freshen(td ptrace.Traces, trace uint64) uint64 {
	now := time.Now()
	last := trace
	for _, rs := range td.ResourceSpans().All() {
		spans := rs.ScopeSpans().At(0).Spans()
		for i, s := range spans.All() {
			var id pcommon.TraceID
			last = trace + uint64(i/3) + 1
			binary.BigEndian.PutUint64(id[8:], last)
			s.SetTraceID(id)
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Duration(1000+last*7919%100_000) * time.Microsecond)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		}
	}
	return last
}
