package segment

import (
	"os"
	"testing"

	"encoding/binary"
	"fmt"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func demo(t testing.TB) ptrace.Traces {
	f, err := os.ReadFile(os.Getenv("JCG_TRACES") + "/otel-demo/astronomy-oteltraces.zst")
	if err != nil {
		t.Skip(err)
	}
	d, _ := zstd.NewReader(nil)
	b, err := d.DecodeAll(f, nil)
	require.NoError(t, err)
	all := ptrace.NewTraces()
	for len(b) > 0 {
		n := binary.BigEndian.Uint32(b)
		td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(b[4 : 4+n])
		require.NoError(t, err)
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
		b = b[4+n:]
	}
	return all
}

// requests splits td to requests of n spans each.
func requests(td ptrace.Traces, n int) []ptrace.Traces {
	var out []ptrace.Traces
	cur := ptrace.NewTraces()
	count := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			var dst ptrace.SpanSlice
			fresh := true
			for _, s := range ss.Spans().All() {
				if fresh {
					r := cur.ResourceSpans().AppendEmpty()
					rs.Resource().CopyTo(r.Resource())
					r.SetSchemaUrl(rs.SchemaUrl())
					sc := r.ScopeSpans().AppendEmpty()
					ss.Scope().CopyTo(sc.Scope())
					sc.SetSchemaUrl(ss.SchemaUrl())
					dst = sc.Spans()
					fresh = false
				}
				s.CopyTo(dst.AppendEmpty())
				count++
				if count == n {
					out = append(out, cur)
					cur = ptrace.NewTraces()
					count = 0
					fresh = true
				}
			}
		}
	}
	if count > 0 {
		out = append(out, cur)
	}
	return out
}

func TestSize(t *testing.T) {
	all := demo(t)
	for _, n := range []int{10, 160, 512, 1024} {
		enc, _ := NewEncoder()
		total, spans, raw, body := 0, 0, 0, 0
		for _, td := range requests(all, n) {
			b, _ := new(ptrace.ProtoMarshaler).MarshalTraces(td)
			enc.Reset()
			require.NoError(t, enc.Add(b))
			out, err := enc.Append(nil, 1e18)
			require.NoError(t, err)
			total += len(out)
			spans += enc.Spans()
			raw += len(enc.streams.raw) + len(enc.streams.parents)
			body += len(enc.streams.body)
		}
		fmt.Printf("%d: %.1f B/span raw %.1f body %.1f\n", n, float64(total)/float64(spans), float64(raw)/float64(spans), float64(body)/float64(spans))
	}
}

func BenchmarkEncode(b *testing.B) {
	reqs := requests(demo(b), 512)
	enc, _ := NewEncoder()
	b.Run("marshal", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			_, _ = new(ptrace.ProtoMarshaler).MarshalTraces(reqs[i%len(reqs)])
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*512), "ns/span")
	})
	var bs [][]byte
	for _, r := range reqs {
		x, _ := new(ptrace.ProtoMarshaler).MarshalTraces(r)
		bs = append(bs, x)
	}
	b.Run("add", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			enc.Reset()
			_ = enc.Add(bs[i%len(bs)])
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*512), "ns/span")
	})
	b.Run("append", func(b *testing.B) {
		var out []byte
		for i := 0; i < b.N; i++ {
			enc.Reset()
			_ = enc.Add(bs[i%len(bs)])
			out, _ = enc.Append(out[:0], 1e18)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*512), "ns/span")
	})
	b.Run("index", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			enc.Reset()
			_ = enc.Add(bs[i%len(bs)])
			enc.Index()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*512), "ns/span")
	})
	b.Run("decode", func(b *testing.B) {
		enc.Reset()
		_ = enc.Add(bs[0])
		out, _ := enc.Append(nil, 1e18)
		d, _ := NewDecoder(1)
		for i := 0; i < b.N; i++ {
			s, _ := d.Open(out)
			_, err := s.Decompress()
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*512), "ns/span")
	})
}
