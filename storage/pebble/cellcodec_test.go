package pebble

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

func someCell() (c callgraph.Cell) {
	c = hotCell("callee", 3, time.Unix(1e9, 0))
	c.Edge.Caller = callgraph.Operation{Service: callgraph.Service{Environment: "e", Namespace: "n", Name: "s"}, Name: "o", Node: callgraph.Virtual}
	c.Edge.Connection = callgraph.RPC
	c.Queue.Bins = []callgraph.Bin{{Index: math.MinInt32, Count: math.MaxUint64}, {Index: math.MaxInt32, Count: 1}}
	c.Closed, c.Folded = -1, true
	return c
}

func TestCellRoundTrip(t *testing.T) {
	want := someCell()
	parts := []part{{start: math.MinInt64, opened: math.MaxInt64}, {start: 5, opened: 6}}
	k, form, edge, err := readCellKey(cellKey(&want.CellKey, formRolled, edgeHash{1, 15: 2}))
	require.NoError(t, err)
	require.Equal(t, edgeHash{1, 15: 2}, edge)
	require.EqualValues(t, formRolled, form)
	got := callgraph.Cell{CellKey: k}
	got.Edge, err = readEdge(appendEdge(nil, &want.Edge))
	require.NoError(t, err)
	gotParts, err := readCell(appendCell(nil, &want, parts), &got)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, parts, gotParts)
}

func TestCellKeysAreOrderedByStart(t *testing.T) {
	var last string
	for _, start := range []int64{math.MinInt64, -10, 0, 10, math.MaxInt64} {
		k := callgraph.CellKey{Bucket: callgraph.Bucket{Start: start, Width: 10}}
		key := string(cellKey(&k, formWritten, edgeHash{}))
		require.Greater(t, key, last)
		last = key
	}
}

func FuzzCell(f *testing.F) {
	c := someCell()
	f.Add(appendCell(nil, &c, []part{{1, 2}}))
	f.Add(appendEdge(nil, &c.Edge))
	f.Add(cellKey(&c.CellKey, formWritten, edgeHash{}))
	f.Add(nameKey(segment.Name{Service: "web", Operation: "op", Kind: 2}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c callgraph.Cell
		if parts, err := readCell(b, &c); err == nil {
			var again callgraph.Cell
			_, err := readCell(appendCell(nil, &c, parts), &again)
			require.NoError(t, err)
			require.Equal(t, c, again)
		}
		_, _, _ = cellSequence(b)
		_, _ = readEdge(b)
		_, _, _, _ = readCellKey(b)
		if len(b) > 0 {
			_, _ = readNameKey(b)
		}
	})
}
