package storagetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func cellCases() []contractCase {
	return []contractCase{
		{"cells/none", cellsNone},
		{"cells/every field", cellsEveryField},
		{"cells/every part of the key counts", cellsKeys},
		{"cells/the greatest sequence holds in any order", cellsSequence},
		{"cells/the greatest sequence of one request holds", cellsSequenceInRequest},
		{"cells/window holds the start of the bucket", cellsWindow},
		{"cells/many", cellsMany},
		{"cells/stops at yield's error", cellsStop},
		{"cells/the request is not kept", cellsNotKept},
		{"cells/closed", cellsClosed},
	}
}

// cell is an open cell of the nth edge in the hot bucket that holds at.
func cell(n int, at time.Time, sequence uint64) callgraph.Cell {
	c := callgraph.Cell{Sequence: sequence}
	c.Edge = callgraph.Edge{
		Caller: callgraph.Operation{Service: callgraph.Service{Name: "web"}, Name: fmt.Sprintf("GET /%d", n)},
		Callee: callgraph.Operation{Service: callgraph.Service{Environment: "prod", Namespace: "shop", Name: "cart"}, Name: "add"},
	}
	c.Bucket = callgraph.BucketAt(at, callgraph.HotWidth)
	c.Writer.ID = 7
	c.Opened = at.Unix() + 1
	c.Client.Add(time.Millisecond*time.Duration(n+1), sequence)
	return c
}

func writeCells(t *testing.T, b storage.CellWriter, cells ...callgraph.Cell) {
	t.Helper()
	require.NoError(t, b.WriteCells(t.Context(), cells))
}

// everywhen is a window that holds every bucket.
func everywhen() callgraph.Window {
	return callgraph.Window{From: time.Unix(-1<<40, 0), To: time.Unix(1<<40, 0)}
}

func readCells(t *testing.T, b storage.CellReader, w callgraph.Window) []callgraph.Cell {
	t.Helper()
	var all []callgraph.Cell
	require.NoError(t, b.Cells(t.Context(), w, func(cells []callgraph.Cell) error {
		all = append(all, cells...)
		clear(cells)
		return nil
	}))
	return all
}

// requireCells compares cells in any order.
func requireCells(t *testing.T, want, got []callgraph.Cell) {
	t.Helper()
	require.Len(t, got, len(want))
	order := func(a, b callgraph.Cell) int { return compareText(fmt.Sprint(a), fmt.Sprint(b)) }
	w, g := slices.Clone(want), slices.Clone(got)
	slices.SortFunc(w, order)
	slices.SortFunc(g, order)
	require.Equal(t, w, g)
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func cellsNone(t *testing.T, s *subject) {
	require.Empty(t, readCells(t, s, everywhen()))
	writeCells(t, s)
	require.Empty(t, readCells(t, s, everywhen()))
}

func cellsEveryField(t *testing.T, s *subject) {
	full := cell(1, s.base, 1<<63)
	full.Edge.Callee.Node = callgraph.Virtual
	full.Edge.Connection = callgraph.Database
	full.Outcome = callgraph.Rejected
	full.Writer = callgraph.Writer{ID: math.MaxUint64, Source: callgraph.Counted}
	for i, sketch := range []*callgraph.Sketch{&full.Client, &full.Server, &full.Queue} {
		for d := time.Duration(1); d < 1<<62; d *= 3 {
			sketch.Add(d, uint64(d)%1000+1)
		}
		sketch.Add(0, uint64(i))
		sketch.Nanos = math.MaxUint64 - uint64(i)
	}
	full.ServerOnly, full.Provisional, full.WeightUnknown = math.MaxUint64, 2, 3
	full.Folded = true
	full.Closed = full.Opened + 60
	entrance := cell(2, s.base, 1)
	entrance.Edge.Caller = callgraph.Operation{Node: callgraph.Outside}
	unknown := callgraph.Cell{CellKey: callgraph.CellKey{Edge: callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Unknown}}, Bucket: callgraph.Bucket{Width: 10}}}
	odd := cell(3, s.base, 1)
	odd.Edge.Callee.Name = "\xff\x00\n" + odd.Edge.Callee.Name
	cells := []callgraph.Cell{full, entrance, unknown, odd}
	writeCells(t, s, cells...)
	requireCells(t, cells, readCells(t, s, everywhen()))
}

// cellsKeys has cells that differ from the first in one part of the key each.
func cellsKeys(t *testing.T, s *subject) {
	cells := make([]callgraph.Cell, 0, 16)
	vary := func(change func(*callgraph.CellKey)) {
		c := cell(1, s.base, uint64(len(cells)+1))
		change(&c.CellKey)
		cells = append(cells, c)
	}
	vary(func(*callgraph.CellKey) {})
	vary(func(k *callgraph.CellKey) { k.Edge.Caller.Service.Environment = "e" })
	vary(func(k *callgraph.CellKey) { k.Edge.Caller.Service.Namespace = "e" })
	vary(func(k *callgraph.CellKey) { k.Edge.Caller.Service.Name = "e" })
	vary(func(k *callgraph.CellKey) { k.Edge.Caller.Name = "e" })
	vary(func(k *callgraph.CellKey) { k.Edge.Callee.Name = "e" })
	vary(func(k *callgraph.CellKey) { k.Edge.Callee.Node = callgraph.Virtual })
	vary(func(k *callgraph.CellKey) { k.Edge.Connection = callgraph.HTTP })
	vary(func(k *callgraph.CellKey) { k.Outcome = callgraph.Timeout })
	vary(func(k *callgraph.CellKey) { k.Bucket.Start += 10 })
	vary(func(k *callgraph.CellKey) { k.Bucket.Width = callgraph.MinuteWidth })
	vary(func(k *callgraph.CellKey) { k.Writer.ID++ })
	vary(func(k *callgraph.CellKey) { k.Writer.Source = callgraph.Counted })
	vary(func(k *callgraph.CellKey) { k.Opened++ })
	writeCells(t, s, cells...)
	requireCells(t, cells, readCells(t, s, everywhen()))
}

func cellsSequence(t *testing.T, s *subject) {
	at := s.base
	for _, sequence := range []uint64{2, 5, 3, 5, 1} {
		writeCells(t, s, cell(1, at, sequence), cell(2, at, 6-sequence))
	}
	requireCells(t, []callgraph.Cell{cell(1, at, 5), cell(2, at, 5)}, readCells(t, s, everywhen()))
}

func cellsSequenceInRequest(t *testing.T, s *subject) {
	at := s.base
	writeCells(t, s, cell(1, at, 2), cell(1, at, 3), cell(1, at, 1))
	requireCells(t, []callgraph.Cell{cell(1, at, 3)}, readCells(t, s, everywhen()))
}

func cellsWindow(t *testing.T, s *subject) {
	from := s.base
	var cells []callgraph.Cell
	for i := range 12 {
		cells = append(cells, cell(1, from.Add(time.Duration(i)*10*time.Second), 1))
	}
	writeCells(t, s, cells...)
	w := callgraph.Window{From: from.Add(20 * time.Second), To: from.Add(40 * time.Second)}
	requireCells(t, cells[2:4], readCells(t, s, w))
	w = callgraph.Window{From: from.Add(11 * time.Second), To: from.Add(41 * time.Second)}
	requireCells(t, cells[2:5], readCells(t, s, w))
	require.Empty(t, readCells(t, s, callgraph.Window{From: from, To: from}))
}

func cellsMany(t *testing.T, s *subject) {
	var cells []callgraph.Cell
	for i := range 5000 {
		cells = append(cells, cell(i, s.base, 1))
	}
	writeCells(t, s, cells...)
	requireCells(t, cells, readCells(t, s, everywhen()))
}

func cellsStop(t *testing.T, s *subject) {
	writeCells(t, s, cell(1, s.base, 1), cell(2, s.base, 1))
	stop, calls := errors.New("stop"), 0
	yield := func([]callgraph.Cell) error { calls++; return stop }
	require.ErrorIs(t, s.Cells(t.Context(), everywhen(), yield), stop)
	require.Equal(t, 1, calls)
	_, err := s.Changes(t.Context(), "", yield)
	require.ErrorIs(t, err, stop)
}

func cellsNotKept(t *testing.T, s *subject) {
	want, c := cell(1, s.base, 1), cell(1, s.base, 1)
	writeCells(t, s, c)
	c.Client.Bins[0].Count = 99
	requireCells(t, []callgraph.Cell{want}, readCells(t, s, everywhen()))
}

func cellsClosed(t *testing.T, s *subject) {
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.WriteCells(t.Context(), []callgraph.Cell{cell(1, s.base, 1)}), storage.ErrClosed)
}
