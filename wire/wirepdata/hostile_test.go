package wirepdata_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// hostile are streams that make a decoder hold as much as they can: each fills
// the n-th span of a stream.
var hostile = map[string]func(n int, s ptrace.Span){
	"keys": func(n int, s ptrace.Span) {
		for i := range 16 {
			s.Attributes().PutInt(fmt.Sprint("k", n, ".", i), int64(n))
		}
	},
	"keys with two values": func(n int, s ptrace.Span) {
		for i := range 16 {
			s.Attributes().PutStr(fmt.Sprint("k", n/100, ".", i), fmt.Sprint(n, "x"))
		}
	},
	"keys as long as a frame has room for": func(n int, s ptrace.Span) {
		for i := range 40 {
			s.Attributes().PutInt(fmt.Sprint(strings.Repeat("k", 2000), i), int64(n%10))
		}
		s.Attributes().PutInt("again", int64(n%10))
	},
	"templates without attributes": func(n int, s ptrace.Span) { s.SetKind(ptrace.SpanKind(n % 11)); s.SetName(fmt.Sprint("n", n%11/10, n)) },
	"templates of bytes": func(n int, s ptrace.Span) {
		for i := range 100 {
			s.Attributes().PutEmptyBytes(fmt.Sprint("b", i, n/5)).FromRaw([]byte{byte(n)})
		}
	},
	"long texts that are not kept": func(n int, s ptrace.Span) {
		for i := range 20 {
			s.Attributes().PutStr(fmt.Sprint("k", i, n%500), strings.Repeat(fmt.Sprint(i, n), 50))
		}
	},
	"one large text": func(n int, s ptrace.Span) { s.Attributes().PutStr("k", strings.Repeat(fmt.Sprint(n%10), 1<<17)) },
	"lists of empty lists": func(n int, s ptrace.Span) {
		l := s.Attributes().PutEmptySlice(fmt.Sprint("l", n/10))
		for range 2000 + n {
			l.AppendEmpty().SetEmptySlice()
		}
	},
	"lists of empty maps": func(n int, s ptrace.Span) {
		l := s.Attributes().PutEmptySlice(fmt.Sprint("l", n/10))
		for range 2000 + n {
			l.AppendEmpty().SetEmptyMap()
		}
	},
	"traces": func(n int, s ptrace.Span) { s.SetTraceID(pcommon.TraceID{1, byte(n >> 8), byte(n >> 16)}) },
	"a trace a span": func(n int, s ptrace.Span) {
		s.SetTraceID(pcommon.TraceID{1, byte(n), byte(n >> 8), byte(n >> 16)})
		s.SetParentSpanID(pcommon.SpanID{1, byte(n)})
	},
	"events": func(n int, s ptrace.Span) {
		for i := range 500 {
			s.Events().AppendEmpty().SetName(fmt.Sprint(n%7, i%11))
		}
	},
	"lists of successors": func(n int, s ptrace.Span) {
		s.SetName(fmt.Sprint("op", n*n*7919%3001))
		if n%50 > 0 {
			s.SetParentSpanID(pcommon.SpanID{byte(n - n*n%(n%50+1) - 1), byte((n - n*n%(n%50+1) - 1) >> 8), 1})
		}
		s.SetTraceID(pcommon.TraceID{byte(n / 50), byte(n / 50 >> 8), 1})
	},
}

// slack is what the estimate of a stream's memory may leave out.
const slack = 256 << 10

// decoderMost is what a stream's decoder may hold between frames.
const decoderMost = 20 << 20

func TestHostileStreamsHoldLittle(t *testing.T) {
	for name, fill := range hostile {
		t.Run(name, func(t *testing.T) {
			frames := hostileFrames(t, fill, math.MaxInt)
			before, most, estimate := heap(), 0, 0
			var decoded uint64
			var took time.Duration
			d := wirepdata.NewDecoder()
			for i, f := range frames {
				start := time.Now()
				_, err := d.Decode(f)
				took += time.Since(start)
				decoded += d.Decoded()
				require.NoError(t, err)
				require.LessOrEqual(t, d.Decoded(), uint64(wire.MaxDecoded))
				estimate = max(estimate, d.StateSize())
				if i%(len(frames)/8+1) == 0 || i >= len(frames)-3 {
					most = max(most, heap()-before)
				}
			}
			runtime.KeepAlive(d)
			runtime.KeepAlive(frames)
			t.Logf("%d KiB held, %d KiB estimated; the largest frame would take %d ms", most/1024, estimate/1024,
				took.Milliseconds()*wire.MaxDecoded/int64(decoded))
			require.Less(t, most, decoderMost)
			require.Less(t, most, 3*estimate/2+slack)
		})
	}
}

// hostileFrames are an epoch's and more: until nothing more has room, or there
// was much, but at most so many.
func hostileFrames(t *testing.T, fill func(int, ptrace.Span), most int) (encoded [][]byte) {
	e := wirepdata.NewEncoder()
	const batch, much = 20, 3 << 20
	sent := 0
	for n := 0; sent < much && e.Resets() < 2 && len(encoded) < most; n += batch {
		td := filled(n, batch, fill)
		sent += (&ptrace.ProtoMarshaler{}).TracesSize(td)
		frames, err := e.Encode(td)
		require.NoError(t, err)
		for _, f := range frames {
			encoded = append(encoded, f.Bytes)
		}
	}
	return encoded
}

func filled(from, n int, fill func(int, ptrace.Span)) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := from; i < from+n; i++ {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i >> 4)})
		s.SetSpanID(pcommon.SpanID{byte(i), byte(i >> 8), 1})
		s.SetStartTimestamp(pcommon.Timestamp(i))
		fill(i, s)
	}
	return td
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestSmallStreamsHoldLittle holds a collector of many streams with a few spans
// each to little memory.
func TestSmallStreamsHoldLittle(t *testing.T) {
	const streams = 50
	for _, c := range []struct{ frames, most int }{{0, 2 << 10}, {1, 96 << 10}, {10, 128 << 10}, {100, 192 << 10}} {
		t.Run(fmt.Sprint(c.frames, " frames"), func(t *testing.T) {
			decoders, frames := make([]*wirepdata.Decoder, streams), smallStream(t, c.frames)
			before := heap()
			for i := range decoders {
				decoders[i] = wirepdata.NewDecoder()
				for _, f := range frames {
					_, err := decoders[i].Decode(f)
					require.NoError(t, err)
				}
			}
			one := (heap() - before) / streams
			t.Logf("%d B held, %d B estimated", one, decoders[0].StateSize())
			require.Less(t, one, c.most)
			if c.frames > 0 {
				require.InDelta(t, 1, float64(decoders[0].StateSize())/float64(one), 0.5)
			}
			runtime.KeepAlive(decoders)
			runtime.KeepAlive(frames)
		})
	}
}

// smallStream are so many frames of five spans of one service; without any, the
// stream rests.
func smallStream(t *testing.T, n int) (encoded [][]byte) {
	e := wirepdata.NewEncoder()
	for i := range max(n, 1) {
		td := filled(5*i, 5, func(n int, s ptrace.Span) {
			s.SetName([]string{"GET /cart", "GET /", "query", "POST /order", "charge"}[n%5])
			s.SetTraceID(pcommon.TraceID{byte(n / 5), 7})
			for i := range 12 {
				s.Attributes().PutStr(fmt.Sprint("http.attribute.", i), fmt.Sprint("value ", i, n%5))
			}
			s.Attributes().PutStr("url.full", fmt.Sprint("http://shop/item/", n))
		})
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", "cart")
		frames, err := e.Encode(td)
		require.NoError(t, err)
		encoded = append(encoded, frames[0].Bytes)
	}
	if n == 0 {
		encoded = append(encoded, e.Rest().Bytes)
	}
	return encoded
}
