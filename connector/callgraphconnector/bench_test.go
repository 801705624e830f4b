package callgraphconnector

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector/edgecount"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
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

// BenchmarkRealTraces is the cost of a span of the OTel demo set at 30,000
// spans a second, of which cells makes up all but counting: sketches, metrics,
// and reading those again as the storage exporter does.
func BenchmarkRealTraces(b *testing.B) {
	records := realTraces(b)
	counter, now := edgecount.New(callgraph.Writer{}, edgecount.Options{}, time.Unix(2e9, 0)), time.Unix(2e9, 0)
	var spans, cells int
	var delivering time.Duration
	b.ReportAllocs()
	for b.Loop() {
		for _, td := range records {
			renew(td)
			n := td.SpanCount()
			counter.Add(td, now)
			if spans/15_000 != (spans+n)/15_000 {
				began := time.Now()
				now = now.Add(500 * time.Millisecond)
				cells += deliver(b, counter.Changed(now)) + deliver(b, counter.Seal(now))
				delivering += time.Since(began)
			}
			spans += n
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
	b.ReportMetric(float64(delivering.Nanoseconds())/float64(spans), "flush-ns/span")
	b.ReportMetric(float64(cells)/float64(spans), "cells/span")
}

func deliver(b *testing.B, cells []callgraph.Cell) int {
	for chunk := range slices.Chunk(cells, cellsPerRequest) {
		if _, err := edgemetric.Decode(edgemetric.Encode(chunk)); err != nil {
			b.Fatal(err)
		}
	}
	return len(cells)
}

// renew gives the spans other trace IDs.
func renew(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				id := s.TraceID()
				binary.BigEndian.PutUint64(id[:8], binary.BigEndian.Uint64(id[:8])+1)
				s.SetTraceID(id)
			}
		}
	}
}

func realTraces(b *testing.B) (records []ptrace.Traces) {
	dir := os.Getenv("JCG_TRACES")
	if dir == "" {
		b.Skip("JCG_TRACES is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "otel-demo", "*.zst"))
	require.NoError(b, err)
	for td, err := range otlpdump.Files(files...) {
		require.NoError(b, err)
		records = append(records, td)
	}
	return records
}
