package wirepdata_test

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// batchSpans is what a gateway's batch processor has by its default.
const batchSpans = 2048

// recorded is a real recording in batches.
func recorded(b *testing.B) (batches []ptrace.Traces, spans int) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		b.Skip("JCG_TRACES, the folder of real traces, is not set")
	}
	left := 0
	for td, err := range otlpdump.Files(filepath.Join(root, "otel-demo", "astronomy-oteltraces.zst")) {
		require.NoError(b, err)
		if left <= 0 {
			batches, left = append(batches, ptrace.NewTraces()), batchSpans
		}
		left -= td.SpanCount()
		spans += td.SpanCount()
		td.ResourceSpans().MoveAndAppendTo(batches[len(batches)-1].ResourceSpans())
	}
	for i, td := range batches { // so that what belongs together lies together
		batches[i] = ptrace.NewTraces()
		td.CopyTo(batches[i])
	}
	return batches, spans
}

func framesOf(b *testing.B, batches []ptrace.Traces) (frames [][]byte) {
	e := wirepdata.NewEncoder()
	for _, td := range batches {
		made, err := e.Encode(td)
		require.NoError(b, err)
		for _, f := range made {
			frames = append(frames, f.Bytes)
		}
	}
	return frames
}

// measure reports the least processor time that a whole recording took, since
// others use the machine, too. The garbage collector rests meanwhile: its work
// depends on the heap around, which here is the recording.
func measure(b *testing.B, spans int, do func()) {
	least := time.Duration(1 << 62)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		b.StartTimer()
		before := processorTime()
		do()
		least = min(least, processorTime()-before)
	}
	b.ReportMetric(float64(least)/float64(spans), "cpu-ns/span")
	b.ReportMetric(0, "ns/op")
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it can't fail for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkEncode(b *testing.B) {
	batches, spans := recorded(b)
	measure(b, spans, func() { framesOf(b, batches) })
}

func BenchmarkDecode(b *testing.B) {
	batches, spans := recorded(b)
	frames := framesOf(b, batches)
	measure(b, spans, func() {
		d := wirepdata.NewDecoder()
		for _, f := range frames {
			_, err := d.Decode(f)
			require.NoError(b, err)
		}
	})
}

// nowhere is a sink for what the wire alone costs.
type nowhere struct{}

func (nowhere) Span(*wire.Span)             {}
func (nowhere) Interval(callgraph.Interval) {}

func BenchmarkDecodeToNowhere(b *testing.B) {
	batches, spans := recorded(b)
	frames := framesOf(b, batches)
	measure(b, spans, func() {
		d := wire.NewDecoder()
		for _, f := range frames {
			require.NoError(b, d.Decode(f, nowhere{}))
		}
	})
}

// BenchmarkCopyTo is for comparison: the same pdata, made of pdata.
func BenchmarkCopyTo(b *testing.B) {
	batches, spans := recorded(b)
	measure(b, spans, func() {
		for _, td := range batches {
			td.CopyTo(ptrace.NewTraces())
		}
	})
}
