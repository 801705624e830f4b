package wirepdata_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// TestGoldenFrames decodes frozen streams. UPDATE_GOLDEN=1 writes those that
// are missing; those that are there never change.
func TestGoldenFrames(t *testing.T) {
	files, err := filepath.Glob("testdata/v1_*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			sent := traces(t, file)
			if strings.Contains(file, "short_ids") {
				shortIDs(sent)
			}
			want, got := spanset.Set{}, spanset.Set{}
			for _, td := range sent {
				want.Add(td)
			}
			d := wirepdata.NewDecoder()
			for _, frame := range frames(t, strings.TrimSuffix(file, ".json")+".hex", func() [][]byte { return encode(t, sent) }) {
				back, err := d.Decode(frame)
				require.NoError(t, err)
				got.Add(back.Traces)
			}
			require.Zero(t, want.Differing(got))
		})
	}
}

func TestGoldenInterval(t *testing.T) {
	web := callgraph.Operation{Service: callgraph.Service{Environment: "prod", Namespace: "shop", Name: "web"}, Name: "GET /"}
	cart := callgraph.Operation{Service: callgraph.Service{Name: "cart"}, Name: "cart/Items", Node: callgraph.Virtual}
	cell := callgraph.Cell{
		CellKey: callgraph.CellKey{
			Edge:   callgraph.Edge{Caller: web, Callee: cart, Connection: callgraph.RPC},
			Bucket: callgraph.Bucket{Start: 1734093470, Width: 10}, Outcome: callgraph.Timeout,
		},
		Client:     callgraph.Sketch{Zero: 1, Nanos: 5_000_000, Bins: []callgraph.Bin{{Index: -130, Count: 3}, {Index: -100, Count: 1}}},
		Queue:      callgraph.Sketch{Nanos: 7, Bins: []callgraph.Bin{{Index: -500, Count: 1}}},
		ServerOnly: 2, Folded: true,
	}
	entrance := callgraph.Cell{CellKey: callgraph.CellKey{Edge: callgraph.Edge{Callee: web, Caller: callgraph.Operation{Node: callgraph.Outside}}, Bucket: cell.Bucket}}
	want := []callgraph.Interval{
		{Instance: "host@e9f1", Number: 1, Cells: []callgraph.Cell{entrance, cell}},
		{Instance: "host@e9f1", Number: 2, Cells: []callgraph.Cell{entrance, cell, cell}},
	}
	encode := func() (frames [][]byte) {
		e := wirepdata.NewEncoder()
		for _, i := range want {
			f, err := e.EncodeInterval(i)
			require.NoError(t, err)
			frames = append(frames, f.Bytes)
		}
		return frames
	}
	d := wirepdata.NewDecoder()
	for at, frame := range frames(t, "testdata/v1_interval.hex", encode) {
		back, err := d.Decode(frame)
		require.NoError(t, err)
		require.Equal(t, &want[at], back.Interval)
	}
}

func traces(t testing.TB, file string) (sent []ptrace.Traces) {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range bytes.Lines(b) {
		require.True(t, json.Valid(line))
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		require.NoError(t, err)
		sent = append(sent, td)
	}
	return sent
}

// shortIDs gives the spans IDs that our SDK makes.
func shortIDs(sent []ptrace.Traces) {
	number := uint64(0)
	parents := map[pcommon.SpanID]pcommon.SpanID{}
	for _, td := range sent {
		for _, rs := range td.ResourceSpans().All() {
			for _, s := range rs.ScopeSpans().At(0).Spans().All() {
				number++
				id := pcommon.SpanID(callgraph.SpanIDOf(0xfeed, number))
				parents[s.SpanID()] = id
				s.SetSpanID(id)
				s.SetTraceID(callgraph.BornShort(1734093473340, callgraph.ShortIDOf(s.TraceID())))
				if p, ok := parents[s.ParentSpanID()]; ok {
					s.SetParentSpanID(p)
				}
			}
		}
	}
}

func encode(t *testing.T, sent []ptrace.Traces) (encoded [][]byte) {
	e := wirepdata.NewEncoder()
	for i, td := range sent {
		if i == 2 {
			e.Reset()
		}
		var made []wire.Frame
		made, err := e.Encode(td)
		require.NoError(t, err)
		for _, f := range made {
			encoded = append(encoded, f.Bytes)
		}
	}
	return encoded
}

// frames reads a frozen stream, a frame a line.
func frames(t *testing.T, file string, encode func() [][]byte) (frozen [][]byte) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("UPDATE_GOLDEN") != "" {
		var out bytes.Buffer
		for _, frame := range encode() {
			out.WriteString(hex.EncodeToString(frame) + "\n")
		}
		require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))
		f, err = os.Open(file)
	}
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 2*wire.MaxFrame)
	for lines.Scan() {
		frame, err := hex.DecodeString(lines.Text())
		require.NoError(t, err)
		frozen = append(frozen, frame)
	}
	require.NotEmpty(t, frozen)
	return frozen
}
