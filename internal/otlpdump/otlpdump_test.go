package otlpdump_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// dumpers are the framings, as a writer of each would make them.
var dumpers = map[string]func(t require.TestingT, records []ptrace.Traces) []byte{
	"JSON lines":    dumpJSONLines,
	"JSON indented": dumpIndented,
	"uint32":        dumpUint32,
	"varint":        dumpVarint,
	"plain":         dumpPlain,
}

var compressors = map[string]func(t require.TestingT, plain []byte) []byte{
	"none": func(_ require.TestingT, plain []byte) []byte { return plain },
	"gzip": gzipped,
	"zstd": zstded,
}

func marshal(t require.TestingT, td ptrace.Traces) []byte {
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return b
}

func marshalJSON(t require.TestingT, td ptrace.Traces) []byte {
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return b
}

func dumpJSONLines(t require.TestingT, records []ptrace.Traces) (out []byte) {
	for _, td := range records {
		out = append(append(out, marshalJSON(t, td)...), '\n')
	}
	return out
}

func dumpIndented(t require.TestingT, records []ptrace.Traces) (out []byte) {
	for _, td := range records {
		s := strings.ReplaceAll(string(marshalJSON(t, td)), `{`, "{\n  ")
		out = append(append(out, s...), '\n')
	}
	return append([]byte("\xef\xbb\xbf\n"), out...)
}

func dumpUint32(t require.TestingT, records []ptrace.Traces) (out []byte) {
	for _, td := range records {
		b := marshal(t, td)
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(b))), b...)
	}
	return out
}

func dumpVarint(t require.TestingT, records []ptrace.Traces) (out []byte) {
	for _, td := range records {
		b := marshal(t, td)
		out = append(binary.AppendUvarint(out, uint64(len(b))), b...)
	}
	return out
}

func dumpPlain(t require.TestingT, records []ptrace.Traces) (out []byte) {
	for _, td := range records {
		out = append(out, marshal(t, td)...)
	}
	return out
}

func gzipped(t require.TestingT, plain []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(plain)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func zstded(t require.TestingT, plain []byte) []byte {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<16))
	require.NoError(t, err)
	return z.EncodeAll(plain, nil)
}

// traces has one span a resource, so that a plain dump has one record for each.
func traces(spans int, name string) ptrace.Traces {
	td := ptrace.NewTraces()
	for i := range spans {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "cart")
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID([16]byte{1, byte(i)})
		s.SetSpanID([8]byte{2, byte(i)})
		s.SetName(name)
	}
	return td
}

func readAll(name string, b []byte) (out []ptrace.Traces, err error) {
	r, err := otlpdump.NewReader(name, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for td, err := range r.All() {
		if err != nil {
			return out, err
		}
		out = append(out, td)
	}
	return out, nil
}

func TestReadsEveryFramingAndCompression(t *testing.T) {
	for framing, dump := range dumpers {
		for compression, compress := range compressors {
			t.Run(framing+"/"+compression, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) { roundTrip(t, dump, compress) })
			})
		}
	}
}

func roundTrip(t *rapid.T, dump func(require.TestingT, []ptrace.Traces) []byte, compress func(require.TestingT, []byte) []byte) {
	sizes := rapid.SliceOfN(rapid.IntRange(1, 5), 1, 6).Draw(t, "spans")
	name := strings.Repeat("n", rapid.IntRange(0, 300).Draw(t, "name"))
	var records []ptrace.Traces
	for _, n := range sizes {
		records = append(records, traces(n, name))
	}
	got, err := readAll("dump", compress(t, dump(t, records)))
	require.NoError(t, err)
	require.Equal(t, string(dumpPlain(t, records)), string(dumpPlain(t, got)))
}

func TestReadsNothingFromAnEmptyDump(t *testing.T) {
	for _, b := range []string{"", "\n", "{}\n", "\x00\x00\x00\x00", `{"resourceSpans":[]}`} {
		got, err := readAll("dump", []byte(b))
		require.NoError(t, err, "%q", b)
		for _, td := range got {
			require.Zero(t, td.SpanCount())
		}
	}
}

func TestErrorsNameFileAndRecord(t *testing.T) {
	good := slices.Clip(dumpUint32(t, []ptrace.Traces{traces(1, "a"), traces(1, "b")}))
	lines := slices.Clip(dumpJSONLines(t, []ptrace.Traces{traces(1, "a")}))
	varint := dumpVarint(t, []ptrace.Traces{traces(1, "a")})
	for name, c := range map[string]struct {
		dump []byte
		want string
	}{
		"truncated":         {good[:len(good)-3], `dump: record 2: read .* bytes: unexpected EOF`},
		"length only":       {append(good, 0, 0, 0), `dump: record 3: unexpected EOF`},
		"too large":         {append(good, 9, 0, 0, 0), `dump: record 3: 150994944 bytes: larger than 64 MiB`},
		"varint too large":  {binary.AppendUvarint(varint, 1<<40), `dump: record 2: .* larger than 64 MiB`},
		"bad protobuf":      {append(good, 0, 0, 0, 2, 0x0a, 9), `dump: record 3: decode 2 bytes of protobuf: `},
		"bad tag":           {append(marshal(t, traces(1, "a")), 0x12, 0), `dump: record 2: begins with protobuf tag 0x12`},
		"bad JSON":          {append(lines, "{]"...), `dump: record 2: read JSON: invalid character`},
		"cut JSON":          {append(lines, `{"a`...), `dump: record 2: read JSON: unexpected EOF`},
		"Jaeger JSON":       {[]byte(`{"data":[{"traceID":"1"}]}`), `dump: record 1: JSON without resourceSpans: `},
		"bad span ID":       {[]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"zz"}]}]}]}`), `dump: record 1: decode 64 bytes of JSON: `},
		"text":              {[]byte("hello, world"), `dump: begins with "hello, w": neither OTLP JSON`},
		"JSON array":        {[]byte("[{}]"), `dump: begins with .*: neither OTLP JSON`},
		"cut gzip":          {gzipped(t, good)[:30], `dump: .*unexpected EOF`},
		"broken zstd":       {append([]byte{0x28, 0xb5, 0x2f, 0xfd}, "nonsense"...), `dump: read the first bytes: `},
		"broken gzip":       {[]byte{0x1f, 0x8b, 1}, `dump: read gzip header: `},
		"damaged gzip body": {damaged(gzipped(t, good)), `dump: .*gzip: invalid checksum`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll("dump", c.dump)
			require.Error(t, err)
			require.Regexp(t, c.want, err.Error())
		})
	}
}

func damaged(b []byte) []byte {
	b[len(b)-6] ^= 1 // in the checksum at the end
	return b
}

// endless yields JSON that never ends its first record.
type endless struct{ started bool }

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	if !e.started {
		n, e.started = copy(p, `{"resourceSpans":"`), true
	}
	for i := n; i < len(p); i++ {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestRefusesAnEndlessRecord(t *testing.T) {
	r, err := otlpdump.NewReader("dump", &endless{})
	require.NoError(t, err)
	_, err = r.Next()
	require.ErrorIs(t, err, otlpdump.ErrTooLarge)
	_, again := r.Next()
	require.Equal(t, err, again, "an error is final")
}

func TestFilesReadsOneAfterTheOther(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i, dump := range []func(require.TestingT, []ptrace.Traces) []byte{dumpJSONLines, dumpVarint} {
		names = append(names, filepath.Join(dir, fmt.Sprint(i)))
		require.NoError(t, os.WriteFile(names[i], dump(t, []ptrace.Traces{traces(2, "a")}), 0o600))
	}
	records := 0
	for td, err := range otlpdump.Files(names...) {
		require.NoError(t, err)
		require.Equal(t, 2, td.SpanCount())
		records++
	}
	require.Equal(t, 2, records)
	for _, err := range otlpdump.Files(filepath.Join(dir, "absent")) {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestRealDumps(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES is not set: no real traces to read")
	}
	require.Equal(t, 64151, spansIn(t, filepath.Join(root, "otel-demo/astronomy-oteltraces.zst")))
	require.Positive(t, spansIn(t, filepath.Join(root, "trainticket/fault/08_52.otlp.jsonl.gz")))
}

func spansIn(t *testing.T, file string) (n int) {
	for td, err := range otlpdump.Files(file) {
		require.NoError(t, err)
		n += td.SpanCount()
	}
	return n
}

func FuzzReader(f *testing.F) {
	for _, dump := range dumpers {
		b := dump(f, []ptrace.Traces{traces(2, "name"), traces(1, "")})
		f.Add(b)
		f.Add(zstded(f, b))
		f.Add(gzipped(f, b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := otlpdump.NewReader("dump", io.LimitReader(bytes.NewReader(b), 1<<16))
		if err != nil {
			return
		}
		defer r.Close()
		for _, err := range r.All() {
			if err != nil {
				require.Contains(t, err.Error(), "dump: record ")
			}
		}
	})
}
