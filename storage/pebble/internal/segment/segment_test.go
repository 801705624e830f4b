package segment

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// sample has two services, a trace with parents inside and outside of the
// request, events, links and a refused span.
func sample() ptrace.Traces {
	td := ptrace.NewTraces()
	for service, name := range []string{"web", "cart"} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl("https://example.test")
		rs.Resource().Attributes().PutStr("service.name", name)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName("library")
		for i := range 10 {
			s := ss.Spans().AppendEmpty()
			s.SetTraceID(pcommon.TraceID{0: 1, 11: byte(i % 3)})
			s.SetSpanID(pcommon.SpanID{1, 7: byte(service*10 + i)})
			s.SetParentSpanID(pcommon.SpanID{1, 7: byte(service*10 + i - 3)})
			s.SetName("GET /" + name)
			s.SetKind(ptrace.SpanKindServer)
			s.SetStartTimestamp(pcommon.Timestamp(1e18 + i*1000))
			s.SetEndTimestamp(pcommon.Timestamp(1e18 + i*3000))
			s.Attributes().PutStr("http.method", "GET")
			s.Attributes().PutInt("n", int64(i))
			s.Events().AppendEmpty().SetName("event")
		}
		ss.Spans().At(9).SetSpanID(pcommon.SpanID{})
		ss.Spans().At(8).Status().SetCode(ptrace.StatusCodeError)
		ss.Spans().At(7).Links().AppendEmpty().SetSpanID(pcommon.SpanID{7})
	}
	return td
}

func encoderOf(t testing.TB, td ptrace.Traces) *Encoder {
	t.Helper()
	e, err := NewEncoder()
	require.NoError(t, err)
	request, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	require.NoError(t, err)
	require.NoError(t, e.Add(request))
	return e
}

func encoded(t testing.TB, td ptrace.Traces) []byte {
	t.Helper()
	value, err := encoderOf(t, td).Append(nil, 1e18)
	require.NoError(t, err)
	return value
}

func body(t testing.TB, value []byte) *Body {
	t.Helper()
	d, err := NewDecoder(1)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	s, err := d.Open(value)
	require.NoError(t, err)
	b, err := s.Decompress()
	require.NoError(t, err)
	return b
}

func assembled(t testing.TB, b *Body) ptrace.Traces {
	t.Helper()
	var a Assembler
	a.Add(b, 0, b.segment.Len())
	td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(a.Request())
	require.NoError(t, err)
	return td
}

func asJSON(t testing.TB, td ptrace.Traces) string {
	t.Helper()
	text, err := new(ptrace.JSONMarshaler).MarshalTraces(td)
	require.NoError(t, err)
	return string(text)
}

// TestGolden reads a segment that the first version wrote. It never changes:
// stores out there hold such segments.
func TestGolden(t *testing.T) {
	const name = "testdata/v1_segment.bin"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if _, err := os.Stat(name); err != nil {
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
			require.NoError(t, os.WriteFile(name, encoded(t, sample()), 0o644))
		}
	}
	value, err := os.ReadFile(name)
	require.NoError(t, err)
	b := body(t, value)
	require.EqualValues(t, 1e18, b.segment.Arrival)
	require.Equal(t, asJSON(t, assembled(t, body(t, encoded(t, sample())))), asJSON(t, assembled(t, b)))
	require.Equal(t, 18, b.segment.Len())
}

func TestAssembleTwice(t *testing.T) {
	b := body(t, encoded(t, sample()))
	a := Assembler{Once: true}
	for range 2 {
		a.Add(b, 0, b.segment.Len())
	}
	td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(a.Request())
	require.NoError(t, err)
	require.Equal(t, b.segment.Len(), td.SpanCount())
}

func TestMatch(t *testing.T) {
	b := body(t, encoded(t, sample()))
	everywhen := Condition{From: -1 << 63, To: 1<<63 - 1}
	for name, c := range map[string]struct {
		change func(*Condition)
		want   int
	}{
		"all":         {func(*Condition) {}, 18},
		"service":     {func(c *Condition) { c.Service = "web" }, 9},
		"operation":   {func(c *Condition) { c.Operation = "GET /cart" }, 9},
		"failed":      {func(c *Condition) { c.Failed = true }, 2},
		"attributes":  {func(c *Condition) { c.Attributes = map[string]string{"n": "4", "service.name": "cart"} }, 1},
		"other value": {func(c *Condition) { c.Attributes = map[string]string{"n": "44"} }, 0},
		"duration":    {func(c *Condition) { c.Least, c.Most = 4000, 8000 }, 6},
		"window":      {func(c *Condition) { c.From, c.To = 1e18+1000, 1e18+3000 }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			condition, n := everywhen, 0
			c.change(&condition)
			b.Match(&condition, func(*[16]byte, int64) { n++ })
			require.Equal(t, c.want, n)
			if n > 0 {
				require.True(t, encoderOf(t, sample()).Index().MayHold(condition.Terms(), condition.Octaves()))
			}
		})
	}
}

func TestIndexKeepsTermsOfDifferentSpansApart(t *testing.T) {
	x := encoderOf(t, sample()).Index()
	three, four := AttributeTerm("n", "3"), AttributeTerm("n", "4")
	require.True(t, x.MayHold([]Term{three}, 1<<Octave(6000)))
	require.True(t, x.MayHold([]Term{four}, 1<<Octave(8000)))
	require.False(t, x.MayHold([]Term{three, four}, ^uint64(0)))
	require.False(t, x.MayHold([]Term{three}, 1<<Octave(1)))
}

func TestNames(t *testing.T) {
	found := map[Name]bool{}
	encoderOf(t, sample()).Names(func(n Name) { found[n] = true })
	require.Equal(t, map[Name]bool{
		{Service: "web", Operation: "GET /web", Kind: 2}:   true,
		{Service: "cart", Operation: "GET /cart", Kind: 2}: true,
	}, found)
}

func TestDuration(t *testing.T) {
	require.EqualValues(t, 5, Duration(-2, 3))
	require.EqualValues(t, -5, Duration(3, -2))
	require.EqualValues(t, 1<<63-1, Duration(-1<<63, 1<<63-1))
	require.EqualValues(t, -1<<63, Duration(1<<63-1, -1<<63))
}

// use reads all that a segment may hold; it must not panic.
func use(d *Decoder, e *Encoder, value []byte) {
	s, err := d.Open(value)
	if err != nil {
		return
	}
	for i := range s.Len() {
		_, _ = s.Start(i), s.End(i)
	}
	b, err := s.Decompress()
	if err != nil {
		return
	}
	var a Assembler
	a.Add(b, 0, s.Len())
	_, _ = new(ptrace.ProtoUnmarshaler).UnmarshalTraces(a.Request())
	c := Condition{Attributes: map[string]string{"n": "4"}, Service: "web", Failed: true, To: 1<<63 - 1}
	b.Match(&c, func(*[16]byte, int64) {})
	e.Reset()
	if e.Add(a.Request()) == nil {
		e.Index()
		e.Names(func(Name) {})
	}
}

func coders(f *testing.F) (*Decoder, *Encoder) {
	d, err := NewDecoder(1)
	require.NoError(f, err)
	e, err := NewEncoder()
	require.NoError(f, err)
	return d, e
}

func FuzzOpen(f *testing.F) {
	f.Add(encoded(f, sample()))
	f.Add([]byte{version})
	d, e := coders(f)
	f.Fuzz(func(_ *testing.T, value []byte) { use(d, e, value) })
}

// FuzzBody damages what is compressed, which FuzzOpen can hardly reach.
func FuzzBody(f *testing.F) {
	d, e := coders(f)
	whole := encoded(f, sample())
	s, err := d.Open(whole)
	require.NoError(f, err)
	plain, err := d.zstd.DecodeAll(s.body, nil)
	require.NoError(f, err)
	r := reader{b: whole[9:]}
	spans, traces, rawLength, _ := r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()
	f.Add(spans, traces, r.take(int(rawLength)), plain)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	require.NoError(f, err)
	f.Fuzz(func(_ *testing.T, spans, traces uint64, raw, plain []byte) {
		value := append([]byte{version}, make([]byte, 8)...)
		for _, n := range []uint64{spans, traces, uint64(len(raw)), uint64(len(plain))} {
			value = binary.AppendUvarint(value, n)
		}
		use(d, e, z.EncodeAll(plain, append(value, raw...)))
	})
}

// FuzzAdd takes requests apart that no pdata made.
func FuzzAdd(f *testing.F) {
	request, err := new(ptrace.ProtoMarshaler).MarshalTraces(sample())
	require.NoError(f, err)
	f.Add(request)
	d, e := coders(f)
	f.Fuzz(func(t *testing.T, request []byte) {
		e.Reset()
		if e.Add(request) != nil || e.Spans() == 0 {
			return
		}
		value, err := e.Append(nil, 0)
		require.NoError(t, err)
		s, err := d.Open(value)
		require.NoError(t, err)
		_, err = s.Decompress()
		require.NoError(t, err)
		require.Equal(t, e.Spans(), s.Len())
	})
}

// TestLiesAreNotAllocated has headers that claim more than there is.
func TestLiesAreNotAllocated(t *testing.T) {
	d, err := NewDecoder(1)
	require.NoError(t, err)
	for _, claim := range [][]uint64{{1 << 40, 1, 10, 10}, {1, 1 << 40, 10, 10}, {1, 1, 1 << 40, 10}, {1, 1, 10, 1 << 40}, {1, 1, 26, MaxBody}} {
		value := append([]byte{version}, make([]byte, 8)...)
		for _, n := range claim {
			value = binary.AppendUvarint(value, n)
		}
		value = append(value, make([]byte, 100)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if s, err := d.Open(value); err == nil {
			_, err = s.Decompress()
			require.Error(t, err)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "%v", claim)
	}
}
