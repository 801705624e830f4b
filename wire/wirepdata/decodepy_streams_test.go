package wirepdata_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

func TestPythonReadsGoldenFrames(t *testing.T) {
	files, err := filepath.Glob("testdata/v1_*.hex")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { requireSameInPython(t, frames(t, file, nil)) })
	}
}

func TestPythonReadsAnyTraces(t *testing.T) {
	anyTraces := rapid.Custom(func(t *rapid.T) ptrace.Traces { return generator{t}.traces() })
	var batches []ptrace.Traces
	for seed := range 300 {
		batches = append(batches, anyTraces.Example(seed))
	}
	requireSameInPython(t, encodeAll(t, batches...))
}

func TestPythonReadsRealTraces(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES, the folder of real traces, is not set")
	}
	var batches []ptrace.Traces
	spans := 0
	for td, err := range otlpdump.Files(filepath.Join(root, "otel-demo", "astronomy-oteltraces.zst")) {
		require.NoError(t, err)
		batches = append(batches, td)
		if spans += td.SpanCount(); spans > 2000 {
			break
		}
	}
	requireSameInPython(t, encodeAll(t, batches...))
}

// TestPythonReadsHostileStreams reads the beginning of those that Python is fast
// enough for.
func TestPythonReadsHostileStreams(t *testing.T) {
	for _, name := range []string{"templates without attributes", "traces", "a trace a span", "lists of successors"} {
		t.Run(name, func(t *testing.T) { requireSameInPython(t, hostileFrames(t, hostile[name], 100)[:100]) })
	}
}

// TestPythonReadsFullTables sends more of everything than the model's tables
// have room for, and comes back to what they may have forgotten.
func TestPythonReadsFullTables(t *testing.T) {
	for name, c := range map[string]struct {
		spans int
		fill  func(n int, s ptrace.Span)
	}{
		"values of a key":   {1500, fillValues},
		"UUIDs and texts":   {600, fillTexts},
		"traces":            {2400, func(n int, s ptrace.Span) { s.SetTraceID(traceNumber(n * n % 2300)) }},
		"spans of a trace":  {1200, fillFewTraces},
		"spans of traces":   {2 * (1<<15 + 2000) / 16, fillLongTraces},
		"values that go on": {1500, fillChains},
	} {
		t.Run(name, func(t *testing.T) {
			var batches []ptrace.Traces
			for n := 0; n < c.spans; n += 30 {
				batches = append(batches, filled(n, 30, c.fill))
			}
			requireSameInPython(t, encodeEpoch(t, batches))
		})
	}
}

func traceNumber(n int) pcommon.TraceID { return pcommon.TraceID{1, 2, byte(n >> 8), byte(n)} }

func spanNumber(n int) pcommon.SpanID { return pcommon.SpanID{byte(n), byte(n >> 8), 1} }

func fillValues(n int, s ptrace.Span) {
	s.Attributes().PutStr("k", fmt.Sprint("v", n/6*3+n%3)) // half of them come again: they are kept
	s.Attributes().PutInt("n", int64(n/8*4+n%4))
}

func fillTexts(n int, s ptrace.Span) {
	uuid := fmt.Sprintf("%08x-6eb7-%04x-bdb7-a47e58a183fd", n*n%90, 0x4000+n%3)
	s.Attributes().PutStr("uuid", uuid)
	s.Attributes().PutStr("decimal", fmt.Sprint(n*1_000_003))
	s.Attributes().PutStr("path", fmt.Sprint("/cart/", uuid, "/items/", n%40))
	s.Attributes().PutStr("long", strings.Repeat(fmt.Sprint(n%5), 500+n%30))
	l := s.Attributes().PutEmptySlice("list")
	l.AppendEmpty().SetInt(int64(n))
	l.AppendEmpty().SetStr(uuid)
	m := l.AppendEmpty().SetEmptyMap()
	m.PutDouble("d", float64(n)/7)
	m.PutEmptyBytes("b").FromRaw([]byte{byte(n), 255})
	m.PutEmptyMap("m").PutBool("yes", n%2 == 0)
}

func fillFewTraces(n int, s ptrace.Span) {
	s.SetTraceID(traceNumber(n % 2))
	s.SetParentSpanID(spanNumber([]int{n - 2, n + 2, n - 290, n / 2, 40_000 + n}[n*n%5]))
}

func fillLongTraces(n int, s ptrace.Span) {
	s.SetTraceID(traceNumber(n * n % 150))
	s.SetParentSpanID(spanNumber(n - n%7 - 1))
}

func fillChains(n int, s ptrace.Span) {
	s.SetTraceID(traceNumber(n / 5))
	for i := range 6 {
		s.Attributes().PutStr(fmt.Sprint("k", i), fmt.Sprint("v", n*n*(i/2+3)%97))
	}
	s.Events().AppendEmpty().Attributes().PutStr("k0", fmt.Sprint("v", n%97))
	s.Links().AppendEmpty().SetTraceID(traceNumber(n / 7))
}

func TestPythonReadsIntervals(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	e := wirepdata.NewEncoder()
	var encoded [][]byte
	for n := range 30 {
		f, err := e.EncodeInterval(anyInterval(r, n))
		require.NoError(t, err)
		encoded = append(encoded, f.Bytes)
		if n == 20 {
			e.Reset()
		}
		if n == 25 {
			encoded = append(encoded, e.Rest().Bytes)
		}
	}
	requireSameInPython(t, encoded)
}

func anyInterval(r *rand.Rand, n int) callgraph.Interval {
	i := callgraph.Interval{Instance: fmt.Sprint("host@", n/10), Number: uint64(n * n)}
	for range r.IntN(40) {
		i.Cells = append(i.Cells, callgraph.Cell{
			CellKey: callgraph.CellKey{
				Edge:    callgraph.Edge{Caller: anyOperation(r), Callee: anyOperation(r), Connection: callgraph.Connection(r.IntN(5))},
				Outcome: callgraph.Outcome(r.IntN(6)), Bucket: callgraph.Bucket{Start: 1734093470 + int64(10*r.IntN(3)), Width: 10},
			},
			Client: anySketch(r), Server: anySketch(r), Queue: anySketch(r),
			ServerOnly: uint64(r.IntN(3)), Provisional: uint64(r.IntN(2)), WeightUnknown: r.Uint64() >> r.IntN(64), Folded: r.IntN(9) == 0,
		})
	}
	return i
}

func anyOperation(r *rand.Rand) callgraph.Operation {
	return callgraph.Operation{
		Service: callgraph.Service{Environment: "prod", Name: fmt.Sprint("s", r.IntN(3))},
		Name:    fmt.Sprint("op", r.IntN(4)), Node: callgraph.Node(r.IntN(5)),
	}
}

func anySketch(r *rand.Rand) (s callgraph.Sketch) {
	for range r.IntN(20) {
		s.Add(time.Duration(r.Int64()>>r.IntN(64)), uint64(r.IntN(1000)))
	}
	return s
}

// encodeEpoch is one stream of one epoch.
func encodeEpoch(t *testing.T, batches []ptrace.Traces) (encoded [][]byte) {
	e := wirepdata.NewEncoder()
	for _, td := range batches {
		made, err := e.Encode(td)
		require.NoError(t, err)
		for _, f := range made {
			encoded = append(encoded, f.Bytes)
		}
	}
	return encoded
}

// encodeAll is one stream, which begins an epoch now and then.
func encodeAll(t *testing.T, batches ...ptrace.Traces) (encoded [][]byte) {
	e := wirepdata.NewEncoder()
	for i, td := range batches {
		if i%50 == 49 {
			e.Reset()
		}
		made, err := e.Encode(td)
		require.NoError(t, err)
		for _, f := range made {
			encoded = append(encoded, f.Bytes)
		}
	}
	require.NotEmpty(t, encoded, fmt.Sprint(len(batches), " batches"))
	return encoded
}
