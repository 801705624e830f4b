package framefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// records have so many spans each, numbered through.
func records(spans ...int) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		n := 0
		for _, count := range spans {
			td := ptrace.NewTraces()
			for range count {
				if n%3 == 0 || td.ResourceSpans().Len() == 0 {
					rs := td.ResourceSpans().AppendEmpty()
					rs.Resource().Attributes().PutInt("n", int64(n))
					rs.ScopeSpans().AppendEmpty().Scope().SetName("scope")
				}
				n++
				s := td.ResourceSpans().At(td.ResourceSpans().Len() - 1).ScopeSpans().At(0).Spans().AppendEmpty()
				s.SetTraceID([16]byte{15: 1})
				s.SetSpanID([8]byte{6: byte(n >> 8), 7: byte(n)})
				s.SetName("op")
			}
			if !yield(td, nil) {
				return
			}
		}
	}
}

func TestBatchesHaveAllSpansInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 9).Draw(t, "spans")
		n := rapid.IntRange(1, 9).Draw(t, "batch")
		want, got, total := spanset.Set{}, spanset.Set{}, 0
		for td, err := range records(spans...) {
			require.NoError(t, err)
			want.Add(td)
			total += td.SpanCount()
		}
		for td, err := range batches(records(spans...), n) {
			require.NoError(t, err)
			require.Equal(t, min(n, total), td.SpanCount(), "all but the last are full")
			total -= td.SpanCount()
			got.Add(td)
		}
		require.Zero(t, total)
		require.Zero(t, want.Differing(got))
	})
}

func TestBatchesEndWithAnError(t *testing.T) {
	broken := errors.New("broken")
	for _, err := range batches(func(yield func(ptrace.Traces, error) bool) { yield(ptrace.Traces{}, broken) }, 1) {
		require.Equal(t, broken, err)
	}
}

func TestWrittenFramesComeBack(t *testing.T) {
	for _, name := range []string{"frames", "frames.hex"} {
		file := filepath.Join(t.TempDir(), name)
		w, err := Write(file, records(5, 0, 2), 3)
		require.NoError(t, err)
		require.Equal(t, 7, w.Spans)
		require.Equal(t, 3, w.Frames)
		d := wirepdata.NewDecoder()
		spans, size := 0, int64(0)
		for f, err := range Read(file) {
			require.NoError(t, err)
			back, err := d.Decode(f.Bytes)
			require.NoError(t, err)
			spans += back.Traces.SpanCount()
			size += int64(len(f.Bytes))
		}
		require.Equal(t, 7, spans)
		require.Equal(t, w.Bytes, size)
	}
}

func TestSpansThatNoFrameHoldsAreCounted(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	spans.AppendEmpty().SetName(string(make([]byte, wire.MaxFrame)))
	spans.AppendEmpty().SetName("op")
	w, err := Write(filepath.Join(t.TempDir(), "frames"), func(yield func(ptrace.Traces, error) bool) { yield(td, nil) }, 2)
	require.NoError(t, err)
	require.Equal(t, 1, w.Refused)
	require.Equal(t, 1, w.Spans)
}

func TestErrorsNameTheFrame(t *testing.T) {
	first := []byte{3, 'a', 'b', 'c'}
	long := binary.AppendUvarint(nil, wire.MaxFrame+1)
	for name, c := range map[string]struct {
		file string
		rest []byte
		want string
	}{
		"cut":            {"f", []byte{3, 'a'}, "truncated: the file ends within it"},
		"nothing":        {"f", []byte{3}, "truncated: the file ends within it"},
		"cut length":     {"f", []byte{0x80}, "truncated: the file ends within it"},
		"too long":       {"f", long, "limit: more than 4194304 bytes long"},
		"endless length": {"f", bytes.Repeat([]byte{0x80}, 20), "limit: more than"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), c.file)
			require.NoError(t, os.WriteFile(file, append(first[:4:4], c.rest...), 0o600))
			frames, err := readAll(file)
			require.Equal(t, 1, frames)
			require.ErrorContains(t, err, file+": frame 2 at byte 4: ")
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := readAll(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestHexLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.hex")
	require.NoError(t, os.WriteFile(file, []byte("\n0a0b\r\n\n0c"), 0o600))
	var got [][]byte
	for f, err := range Read(file) {
		require.NoError(t, err)
		got = append(got, f.Bytes)
	}
	require.Equal(t, [][]byte{{10, 11}, {12}}, got)

	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte{'0'}, 2*wire.MaxFrame+10), 0o600))
	_, err := readAll(file)
	require.ErrorContains(t, err, "limit")
}

func readAll(file string) (frames int, err error) {
	for _, err := range Read(file) {
		if err != nil {
			return frames, err
		}
		frames++
	}
	return frames, nil
}
