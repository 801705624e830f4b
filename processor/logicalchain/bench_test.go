package logicalchain

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// usualRules are about those of the built-in configuration.
func usualRules(b *testing.B) *Rules {
	return mustRules(b,
		Rule{Kind: "order", Attributes: []string{"order.number", "order.id", "app.order.id", "order_id", "orderId"}, Baggage: "order.number"},
		Rule{Kind: "payment", Attributes: []string{"payment.number", "payment.id", "app.payment.transaction.id", "payment_id"}},
		Rule{Kind: "waybill", Attributes: []string{"waybill.number", "app.shipping.tracking.id", "tracking.id"}},
	)
}

func measure(b *testing.B, r *Rules, records []ptrace.Traces, again time.Duration) {
	spans := 0
	for _, td := range records {
		spans += td.SpanCount()
	}
	o := NewObserver(r, false)
	now := epoch
	b.ReportAllocs()
	for b.Loop() {
		for _, td := range records {
			o.Written(o.Take(td, now).Sightings)
		}
		now = now.Add(again) // what was told is forgotten
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(spans), "ns/span")
}

// Spans with 8 attributes; of the second, each carries a key, ten a trace.
func BenchmarkTake(b *testing.B) {
	for _, keyed := range []bool{false, true} {
		b.Run(fmt.Sprintf("keyed=%t", keyed), func(b *testing.B) {
			measure(b, usualRules(b), []ptrace.Traces{generated(keyed)}, 2*recentAge)
		})
	}
}

func generated(keyed bool) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 1000 {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{byte(i / 10), byte(i / 2560), 1})
		s.SetSpanID(pcommon.SpanID{byte(i), byte(i >> 8), 1})
		s.SetStartTimestamp(pcommon.Timestamp(i + 1))
		for _, key := range []string{"http.request.method", "server.address", "network.protocol.version", "user_agent.original", "client.address", "url.scheme"} {
			s.Attributes().PutStr(key, "value")
		}
		s.Attributes().PutInt("http.response.status_code", 200)
		if keyed {
			s.Attributes().PutStr("order.number", fmt.Sprintf("261126204308-%06d", i/10))
		} else {
			s.Attributes().PutStr("url.path", "/cart")
		}
	}
	return td
}

// The OpenTelemetry demo's spans, with the usual rules, which find nothing in
// them, and with one for the sessions that 6 % of them name.
func BenchmarkTakeRealSpans(b *testing.B) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		b.Skip("JCG_TRACES is not set: no real traces to read")
	}
	var records []ptrace.Traces
	for td, err := range otlpdump.Files(filepath.Join(root, "otel-demo/astronomy-oteltraces.zst")) {
		require.NoError(b, err)
		records = append(records, td)
	}
	b.Run("usual", func(b *testing.B) { measure(b, usualRules(b), records, 2*recentAge) })
	b.Run("sessions", func(b *testing.B) {
		measure(b, mustRules(b, Rule{Kind: "session", Attributes: []string{"session.id"}}), records, 2*recentAge)
	})
}
