package calltree_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

const (
	benchRequest = 512    // spans
	benchRate    = 30_000 // spans a second
)

// requests cuts records into requests of at most benchRequest spans.
func requests(records []ptrace.Traces) (out []ptrace.Traces) {
	td := ptrace.NewTraces()
	for _, record := range records {
		for _, n := range record.ResourceSpans().All() {
			for _, scope := range n.ScopeSpans().All() {
				for from := 0; from < scope.Spans().Len(); from += benchRequest {
					r := td.ResourceSpans().AppendEmpty()
					n.Resource().CopyTo(r.Resource())
					spans := r.ScopeSpans().AppendEmpty().Spans()
					for i := from; i < min(from+benchRequest, scope.Spans().Len()); i++ {
						scope.Spans().At(i).CopyTo(spans.AppendEmpty())
					}
					if td.SpanCount() >= benchRequest {
						out, td = append(out, td), ptrace.NewTraces()
					}
				}
			}
		}
	}
	return append(out, td)
}

// refresh gives the spans other trace IDs.
func refresh(records []ptrace.Traces, round uint64) {
	for _, td := range records {
		for _, r := range td.ResourceSpans().All() {
			for _, scope := range r.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					id := span.TraceID()
					id[0], id[1] = byte(round>>8), byte(round)
					span.SetTraceID(id)
				}
			}
		}
	}
}

// BenchmarkJoiner is the cost of a span of the OTel demo set, Add and Expire:
// an operation is the whole set under fresh trace IDs.
func BenchmarkJoiner(b *testing.B) {
	records := requests(realTraces(b, "otel-demo/*.zst"))
	j := calltree.NewJoiner(calltree.Options{})
	spans, calls := 0, 0
	for i := range b.N {
		b.StopTimer()
		refresh(records, uint64(i))
		b.StartTimer()
		for _, td := range records {
			asked := spans * 2 / benchRate
			spans += td.SpanCount()
			now := treescript.Epoch.Add(time.Duration(spans) * time.Second / benchRate)
			j.Add(td, now)
			if spans*2/benchRate != asked {
				calls += len(j.Expire(now))
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
	b.ReportMetric(float64(calls)/float64(spans), "calls/span")
	b.ReportMetric(float64(j.Stats().Held), "held")
}

// BenchmarkJoinerMemory is the live memory of a span in its window.
func BenchmarkJoinerMemory(b *testing.B) {
	records := requests(realTraces(b, "otel-demo/*.zst"))
	for range b.N {
		before := liveBytes()
		j := calltree.NewJoiner(calltree.Options{})
		spans := 0
		for round := range 8 {
			refresh(records, uint64(round))
			for _, td := range records {
				spans += td.SpanCount()
				j.Add(td, treescript.Epoch)
			}
			j.Expire(treescript.Epoch)
		}
		b.ReportMetric(float64(liveBytes()-before)/float64(spans), "B/span")
		require.Positive(b, j.Stats().Held)
	}
}

func liveBytes() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkDeepTrace is a trace of 40,000 spans, each under the next, in
// requests of ten from the leaf to the root.
func BenchmarkDeepTrace(b *testing.B) { benchmarkShape(b, deepTrace(40_000)) }

// BenchmarkWideTrace is 40,000 entry spans under one exit span that comes last.
func BenchmarkWideTrace(b *testing.B) { benchmarkShape(b, wideTrace(40_000)) }

func benchmarkShape(b *testing.B, batches []ptrace.Traces) {
	spans := 0
	for range b.N {
		j := calltree.NewJoiner(calltree.Options{})
		for i, td := range batches {
			spans += td.SpanCount()
			now := treescript.Epoch.Add(time.Duration(i) * 2 * time.Millisecond)
			j.Add(td, now)
			if i%250 == 0 {
				j.Expire(now)
			}
		}
		j.Expire(treescript.Epoch.Add(time.Minute))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
}
