package compact_test

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/wire"
)

func BenchmarkSource(b *testing.B) {
	var stubs tracetest.SpanStubs
	for range 512 {
		stubs = append(stubs, plain(func(s *tracetest.SpanStub) {
			s.Attributes = []attribute.KeyValue{
				attribute.String("http.request.method", "GET"), attribute.String("url.scheme", "http"), attribute.String("url.path", "/cart/items/4711"),
				attribute.String("server.address", "cart.shop.svc"), attribute.String("network.protocol.version", "1.1"),
				attribute.String("http.route", "/cart/items/{id}"), attribute.Int("http.response.status_code", 200), attribute.Int64("http.response.body.size", 1834),
			}
		}))
	}
	spans := stubs.Snapshots()
	var s compact.Source
	var into wire.SourceSpan
	b.ReportAllocs()
	for b.Loop() {
		s.Read(spans)
		for i := range s.Len() {
			s.Span(i, &into)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/span")
}
