package wirepdata_test

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// TestPythonRefusesTheSameStreams changes bytes of golden frames, whose checksum
// is made to fit: what is refused must be for the same reason, and what is
// not must be read in the same way.
func TestPythonRefusesTheSameStreams(t *testing.T) {
	files, err := filepath.Glob("testdata/v1_*.hex")
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	var streams [][][]byte
	for _, file := range files {
		golden := frames(t, file, nil)
		for range 150 {
			streams = append(streams, damaged(r, golden))
		}
	}
	codes := map[string]int{}
	for _, line := range requireSameInPython(t, streams...) {
		if strings.Contains(line, "error") {
			codes[line]++
		}
	}
	t.Log(codes)
}

// TestPythonRefusesForTheReason has a stream for each way to be refused.
func TestPythonRefusesForTheReason(t *testing.T) {
	values := frames(t, "testdata/v1_values.hex", nil)
	with := func(at int, b byte) [][]byte { return [][]byte{changed(values[0], at, b)} }
	content := values[0][:len(values[0])-crc32.Size]
	sum := slices.Clone(values[0])
	sum[len(sum)-1]++
	for name, c := range map[string]struct {
		code   string
		stream [][]byte
	}{
		"version":               {"version", with(0, 2)},
		"kind":                  {"version", with(1, 3)},
		"checksum":              {"checksum", [][]byte{sum}},
		"no frame":              {"truncated", [][]byte{{1, 1, 1}}},
		"header cut":            {"truncated", [][]byte{summed(content[:3])}},
		"coded section cut":     {"truncated", [][]byte{summed(content[:100])}},
		"raw section cut":       {"truncated", [][]byte{summed(content[:len(content)-1])}},
		"number 0":              {"sequence", with(2, 0)},
		"no epoch began":        {"sequence", with(3, 0)},
		"a frame twice":         {"sequence", [][]byte{values[0], values[0]}},
		"a frame is missing":    {"sequence", [][]byte{values[0], changed(values[1], 2, 3)}},
		"unknown flag":          {"malformed", with(3, 3)},
		"more spans than told":  {"malformed", with(4, 1)},
		"fewer spans than told": {"malformed", with(4, 9)},
		"what was never told":   {"reference", with(60, 0)},
		"too many spans":        {"limit", [][]byte{summed([]byte{1, 1, 1, 1, 0x81, 0x80, 4, 0})}},
		"too large":             {"limit", [][]byte{make([]byte, wire.MaxFrame+1)}},
		"lists in one another":  {"limit", frames(t, "testdata/refused_nested.hex", nil)},
	} {
		t.Run(name, func(t *testing.T) {
			said := requireSameInPython(t, c.stream)
			require.Equal(t, `{"error":"`+c.code+`"}`, said[len(said)-1])
		})
	}
}

// TestListsInOneAnother has a frame of 54 bytes with 2,000 lists in one another,
// each told as a simple element: their depth must count all the same.
func TestListsInOneAnother(t *testing.T) {
	_, err := wirepdata.NewDecoder().Decode(frames(t, "testdata/refused_nested.hex", nil)[0])
	require.ErrorContains(t, err, "nested too deep")
}

func changed(frame []byte, at int, b byte) []byte {
	content := slices.Clone(frame[:len(frame)-crc32.Size])
	content[at] = b
	return summed(content)
}

// damaged is a stream of which one frame has another byte or fewer bytes.
func damaged(r *rand.Rand, stream [][]byte) [][]byte {
	stream = slices.Clone(stream)
	n := r.IntN(len(stream))
	content := slices.Clone(stream[n][:len(stream[n])-crc32.Size])
	switch at := r.IntN(len(content)); r.IntN(4) {
	case 0:
		content = content[:at]
	case 1:
		content[r.IntN(min(8, len(content)))] ^= 1 << r.IntN(8)
	default:
		content[at] = byte(r.IntN(256))
	}
	stream[n] = summed(content)
	return stream
}

// summed is the content with its checksum.
func summed(content []byte) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clone(content), crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
}
