package wirepdata_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// stream is both ends of one.
type stream struct {
	encoder *wirepdata.Encoder
	decoder *wirepdata.Decoder
}

func newStream() stream { return stream{wirepdata.NewEncoder(), wirepdata.NewDecoder()} }

// roundTrip sends a batch and requires that it arrives.
func (s stream) roundTrip(t require.TestingT, td ptrace.Traces) {
	frames, err := s.encoder.Encode(td)
	require.NoError(t, err)
	got := spanset.Set{}
	for _, f := range frames {
		back, err := s.decoder.Decode(f.Bytes)
		require.NoError(t, err)
		require.Equal(t, len(f.Spans), back.Traces.SpanCount())
		got.Add(back.Traces)
	}
	require.Zero(t, spanset.Of(td).Differing(got), "spans that differ")
}

func TestAnyTracesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t}
		s := newStream()
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			if rapid.IntRange(0, 9).Draw(t, "reset") == 0 {
				s.encoder.Reset()
			}
			s.roundTrip(t, g.traces())
		}
	})
}

func TestRealTracesRoundTrip(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES, the folder of real traces, is not set")
	}
	files, err := filepath.Glob(filepath.Join(root, "crisp", "otlp", "*"))
	require.NoError(t, err)
	files = append(files, filepath.Join(root, "otel-demo", "astronomy-oteltraces.zst"))
	s := newStream()
	for td, err := range otlpdump.Files(files...) {
		require.NoError(t, err)
		s.roundTrip(t, td)
	}
}

func TestKeysThatComeTwice(t *testing.T) {
	const twice = `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"intValue":"1"}},{"key":"a","value":{"intValue":"2"}}]},
		"scopeSpans":[{"spans":[{"attributes":[{"key":"b","value":{"stringValue":"x"}},{"key":"a","value":{}},{"key":"b","value":{"stringValue":"y"}},
		{"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"intValue":"1"}},{"key":"k","value":{"boolValue":true}}]}}}]}]}]}]}`
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(twice))
	require.NoError(t, err)
	newStream().roundTrip(t, td)
}

// generator draws traces with much in common, as real ones have, and with what
// real ones seldom have.
type generator struct{ t *rapid.T }

func (g generator) traces() ptrace.Traces {
	td := ptrace.NewTraces()
	for range g.n(3, "resources") {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl(g.text())
		rs.Resource().SetDroppedAttributesCount(g.dropped())
		g.attributes(rs.Resource().Attributes(), 2)
		for range g.n(3, "scopes") {
			g.scope(rs.ScopeSpans().AppendEmpty())
		}
	}
	return td
}

func (g generator) scope(ss ptrace.ScopeSpans) {
	ss.SetSchemaUrl(g.text())
	ss.Scope().SetName(g.text())
	ss.Scope().SetVersion(g.text())
	ss.Scope().SetDroppedAttributesCount(g.dropped())
	g.attributes(ss.Scope().Attributes(), 2)
	for range g.n(8, "spans") {
		g.span(ss.Spans().AppendEmpty())
	}
}

func (g generator) span(s ptrace.Span) {
	s.SetTraceID(g.traceID())
	s.SetSpanID(g.spanID())
	s.SetParentSpanID(g.spanID())
	s.SetName(g.text())
	s.SetKind(ptrace.SpanKind(rapid.Int32Range(-1, 6).Draw(g.t, "kind")))
	s.SetFlags(rapid.SampledFrom([]uint32{0, 1, 256, 768, math.MaxUint32}).Draw(g.t, "flags"))
	s.TraceState().FromRaw(g.text())
	s.SetStartTimestamp(g.time())
	s.SetEndTimestamp(g.time())
	s.Status().SetCode(ptrace.StatusCode(rapid.Int32Range(0, 2).Draw(g.t, "status")))
	s.Status().SetMessage(g.text())
	s.SetDroppedAttributesCount(g.dropped())
	s.SetDroppedEventsCount(g.dropped())
	s.SetDroppedLinksCount(g.dropped())
	g.attributes(s.Attributes(), 3)
	for range g.n(3, "events") {
		e := s.Events().AppendEmpty()
		e.SetName(g.text())
		e.SetTimestamp(g.time())
		e.SetDroppedAttributesCount(g.dropped())
		g.attributes(e.Attributes(), 2)
	}
	for range g.n(2, "links") {
		l := s.Links().AppendEmpty()
		l.SetTraceID(g.traceID())
		l.SetSpanID(g.spanID())
		l.TraceState().FromRaw(g.text())
		l.SetFlags(g.dropped())
		l.SetDroppedAttributesCount(g.dropped())
		g.attributes(l.Attributes(), 2)
	}
}

func (g generator) n(most int, name string) int { return rapid.IntRange(0, most).Draw(g.t, name) }

func (g generator) dropped() uint32 {
	return rapid.SampledFrom([]uint32{0, 0, 0, 1, math.MaxUint32}).Draw(g.t, "dropped")
}

func (g generator) time() pcommon.Timestamp {
	base := uint64(1_734_093_473_340_566_123)
	return pcommon.Timestamp(rapid.OneOf(
		rapid.Map(rapid.Uint64Range(0, 5_000_000), func(n uint64) uint64 { return base + n }),
		rapid.Map(rapid.Uint64Range(0, 5_000), func(n uint64) uint64 { return base/1000*1000 + n*1000 }),
		rapid.Map(rapid.Uint64Range(0, 50), func(n uint64) uint64 { return base/1_000_000*1_000_000 + n*1_000_000 }),
		rapid.SampledFrom([]uint64{0, 1, math.MaxUint64, 1 << 63}),
		rapid.Uint64(),
	).Draw(g.t, "time"))
}

func (g generator) traceID() (id pcommon.TraceID) {
	switch n := g.n(7, "trace"); n {
	case 0:
		return id
	case 1:
		return callgraph.BornShort(rapid.Int64Range(0, 1<<48-1).Draw(g.t, "millis"), callgraph.ShortID(rapid.Uint32().Draw(g.t, "short")))
	case 2:
		return callgraph.BornShort(1_734_093_473_340, callgraph.ShortID(g.n(3, "short")))
	case 3:
		binary.BigEndian.PutUint64(id[:], rapid.Uint64().Draw(g.t, "high"))
		binary.BigEndian.PutUint64(id[8:], rapid.Uint64().Draw(g.t, "low"))
	default:
		id[3] = byte(n)
	}
	return id
}

func (g generator) spanID() (id pcommon.SpanID) {
	switch n := g.n(5, "span ID"); n {
	case 0:
		return id
	case 1, 2:
		return callgraph.SpanIDOf(uint64(n)<<60, rapid.Uint64Range(0, 50).Draw(g.t, "number"))
	case 3:
		binary.BigEndian.PutUint64(id[:], rapid.Uint64().Draw(g.t, "id"))
	default:
		id[5] = byte(g.n(3, "few"))
	}
	return id
}

func (g generator) text() string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"", "a", "GET /", "0", "01", "18446744073709551615", "999999999999999999", "-1", "\xff\xfe invalid",
			"42acc425-6eb7-9e07-bdb7-a47e58a183fd", "42ACC425-6eb7-9e07-bdb7-a47e58a183fd", "/cart?id=3894a995-3a92-420b-be09-00a3a236cbcf&x=1",
		}),
		rapid.Map(rapid.IntRange(0, 99999), func(n int) string { return "/cart/" + string(rune('a'+n%26)) + "/items" }),
		rapid.String(),
	).Draw(g.t, "text")
}

func (g generator) attributes(m pcommon.Map, depth int) {
	for range g.n(4, "attributes") {
		g.value(m.PutEmpty(rapid.SampledFrom([]string{"", "a", "b", "c", "http.url", "d", "e"}).Draw(g.t, "key")), depth)
	}
}

func (g generator) value(v pcommon.Value, depth int) {
	kinds := 8
	if depth == 0 {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds-1).Draw(g.t, "type") {
	case 1:
		v.SetStr(g.text())
	case 2:
		v.SetInt(rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64()).Draw(g.t, "int"))
	case 3:
		v.SetBool(rapid.Bool().Draw(g.t, "bool"))
	case 4:
		v.SetDouble(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{
			math.NaN(), math.Inf(-1), math.Copysign(0, -1), math.Float64frombits(0x7ff0000000000001),
		})).Draw(g.t, "double"))
	case 5:
		v.SetEmptyBytes().FromRaw(rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(g.t, "bytes"))
	case 6:
		s := v.SetEmptySlice()
		for range g.n(3, "elements") {
			g.value(s.AppendEmpty(), depth-1)
		}
	case 7:
		g.attributes(v.SetEmptyMap(), depth-1)
	}
}
