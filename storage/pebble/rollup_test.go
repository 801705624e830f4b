package pebble

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// totals are what cells sum to: calls and seconds by edge.
func totals(cells []callgraph.Cell) map[callgraph.Edge]string {
	sums := map[callgraph.Edge]*callgraph.Cell{}
	for i := range cells {
		c := &cells[i]
		t, ok := sums[c.Edge]
		if !ok {
			t = &callgraph.Cell{}
			sums[c.Edge] = t
		}
		t.Client.Merge(c.Client)
		t.ServerOnly += c.ServerOnly
	}
	text := map[callgraph.Edge]string{}
	for e, t := range sums {
		text[e] = fmt.Sprint(t.Client, t.ServerOnly)
	}
	return text
}

func widths(cells []callgraph.Cell) map[uint32]int {
	n := map[uint32]int{}
	for _, c := range cells {
		n[c.Bucket.Width]++
	}
	return n
}

// TestRollUpKeepsSums writes cells at random, final or not, again or not, while
// time goes by: what they sum to is what was written.
func TestRollUpKeepsSums(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		o := c.options()
		o.Directory, o.fs = "store", vfs.NewMem()
		s, err := Open(o)
		require.NoError(r, err)
		defer func() { require.NoError(r, s.Close()) }()
		written := map[callgraph.CellKey]callgraph.Cell{}
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			cells := drawCells(r, c.now, written)
			require.NoError(r, s.WriteCells(t.Context(), cells))
			c.now = c.now.Add(time.Duration(rapid.IntRange(0, 10*3600).Draw(r, "seconds")) * time.Second)
			require.NoError(r, s.rollUp(t.Context(), c.now))
			var want []callgraph.Cell
			for _, x := range written {
				want = append(want, x)
			}
			require.Equal(r, totals(want), totals(allCells(t, s)))
		}
	})
}

// drawCells draws new cells, and old ones again, and notes them.
func drawCells(r *rapid.T, now time.Time, written map[callgraph.CellKey]callgraph.Cell) (cells []callgraph.Cell) {
	for range rapid.IntRange(0, 8).Draw(r, "new") {
		at := now.Add(-time.Duration(rapid.IntRange(0, 30*3600).Draw(r, "age")) * time.Second)
		x := hotCell(rapid.SampledFrom([]string{"a", "b"}).Draw(r, "callee"), uint64(rapid.IntRange(1, 9).Draw(r, "calls")), at)
		x.Opened = now.Unix() + int64(rapid.IntRange(0, 5).Draw(r, "opened"))
		if rapid.Bool().Draw(r, "closed") {
			x.Closed = x.Opened + 1
		}
		if _, ok := written[x.CellKey]; !ok {
			written[x.CellKey] = x
		}
	}
	all := slices.SortedFunc(maps.Values(written), byKey) // so that a failure can be drawn again
	cells = append(cells, all[:min(len(all), 40)]...)
	for _, x := range all {
		if x.Closed == 0 && rapid.Bool().Draw(r, "close") {
			x.Closed, x.Sequence = now.Unix(), x.Sequence+1
			x.Client.Add(time.Second, 1)
			written[x.CellKey] = x
		}
		cells = append(cells, x)
	}
	return cells
}

func byKey(x, y callgraph.Cell) int {
	return cmp.Or(cmp.Compare(x.Edge.Callee.Name, y.Edge.Callee.Name), cmp.Compare(x.Bucket.Start, y.Bucket.Start), cmp.Compare(x.Opened, y.Opened))
}

func TestRollUpSteps(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := openStore(t, c.options())
	var cells []callgraph.Cell
	for i := range 360 {
		x := hotCell("a", 1, c.now.Add(time.Duration(i)*10*time.Second))
		x.Closed = x.Opened + 70
		cells = append(cells, x)
	}
	open := hotCell("a", 1, c.now.Add(5*time.Second))
	open.Opened++
	require.NoError(t, s.WriteCells(t.Context(), append(cells, open)))
	_, cursor := changed(t, s, "")
	roll := func(after time.Duration, want map[uint32]int) {
		require.NoError(t, s.rollUp(t.Context(), c.now.Add(after)))
		require.Equal(t, want, widths(allCells(t, s)))
		found, _ := changed(t, s, cursor)
		require.Empty(t, found, "sums are no changes")
	}
	roll(time.Hour, map[uint32]int{10: 361})
	roll(time.Hour+71*time.Second, map[uint32]int{10: 360, 60: 1})
	roll(3*time.Hour, map[uint32]int{10: 1, 60: 60})
	roll(30*time.Hour, map[uint32]int{10: 1, 3600: 1})
	require.NoError(t, s.WriteCells(t.Context(), cells))
	c.now = c.now.Add(30 * time.Hour)
	s = reopen(t, s)
	require.NoError(t, s.WriteCells(t.Context(), cells))
	require.Equal(t, map[uint32]int{10: 1, 3600: 1}, widths(allCells(t, s)))
	require.EqualValues(t, 360, s.Stats().StaleCells)
}

// TestAnUnknownCursorYieldsSums in the place of what they hold, as the contract
// has it: the two never stand side by side in one answer.
func TestAnUnknownCursorYieldsSums(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := openStore(t, c.options())
	old, young := hotCell("a", 1, c.now), hotCell("a", 2, c.now.Add(2*time.Hour))
	old.Closed = old.Opened + 60
	require.NoError(t, s.WriteCells(t.Context(), []callgraph.Cell{old, young}))
	_, cursor := changed(t, s, "")
	require.NoError(t, s.rollUp(t.Context(), c.now.Add(2*time.Hour)))
	for _, unknown := range []string{"", "nonsense", cursor + "0"} {
		found, _ := changed(t, s, unknown)
		require.Equal(t, map[uint32]int{callgraph.HotWidth: 1, callgraph.MinuteWidth: 1}, widths(found))
		require.Equal(t, totals([]callgraph.Cell{old, young}), totals(found))
	}
}

func changed(t testing.TB, s *Store, after string) (n []callgraph.Cell, cursor string) {
	t.Helper()
	next, err := s.Changes(t.Context(), storage.Cursor(after), func(batch []callgraph.Cell) error {
		n = append(n, batch...)
		return nil
	})
	require.NoError(t, err)
	return n, string(next)
}
