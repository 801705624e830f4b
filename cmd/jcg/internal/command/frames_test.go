package command

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncodedTracesAreDumped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.jcg")
	got := jcg(t, nil, "encode", dump(t, 3), dump(t, 2), "--batch", "4", "-o", file)
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^5 spans, 2 frames, \d+ bytes, \d+\.\d a span\n$`, got.out)
	got = jcg(t, nil, "dump", file)
	require.Zero(t, got.code, got.err)
	require.Equal(t, 5, strings.Count(got.out, " trace "))
	require.NotContains(t, got.out, "resource")
	require.Contains(t, jcg(t, nil, "dump", "-v", file).out, "resource")
}

func TestDumpEndsWhereAFrameIsRefused(t *testing.T) {
	got := jcg(t, nil, "dump", textFile(t))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "frame 1 at byte 0: compact frame refused: truncated")
}

func TestEncodeRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		`required flag(s) "out" not set`: {"encode", dump(t, 1)},
		"begins with":                    {"encode", textFile(t), "-o", filepath.Join(t.TempDir(), "out")},
		"create file of frames":          {"encode", dump(t, 1), "-o", t.TempDir()},
		"want a whole number from 1 to":  {"encode", dump(t, 1), "--batch=0", "-o", "x"},
	} {
		got := jcg(t, nil, args...)
		require.Equal(t, 1, got.code)
		require.Contains(t, got.err, want)
	}
}
