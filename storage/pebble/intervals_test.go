package pebble

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func countedCell(callee string, calls uint64, at time.Time) callgraph.Cell {
	c := hotCell(callee, calls, at)
	c.Opened, c.Sequence, c.ServerOnly = 0, 0, 0
	return c
}

// TestIntervalsAddUp writes intervals in any order, again or not, while time goes
// by, cells are rolled up and the store is opened again: each counts once.
func TestIntervalsAddUp(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		o := c.options()
		o.Directory, o.fs, o.EdgeRetention = "store", vfs.NewMem(), 1000*time.Hour
		s, err := Open(o)
		require.NoError(r, err)
		defer func() { require.NoError(r, s.Close()) }()
		var want []callgraph.Cell
		sent := map[string]bool{}
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			in := drawInterval(r, c.now)
			repeated, err := s.WriteInterval(t.Context(), in)
			require.NoError(r, err)
			name := fmt.Sprint(in.Instance, in.Number)
			require.Equal(r, sent[name], repeated)
			if !repeated {
				want = append(want, in.Cells...)
			}
			sent[name] = true
			c.now = c.now.Add(time.Duration(rapid.IntRange(-600, 10*3600).Draw(r, "seconds")) * time.Second)
			require.NoError(r, s.rollUp(t.Context(), c.now))
			if rapid.IntRange(0, 9).Draw(r, "restart") == 0 {
				require.NoError(r, s.Close())
				s, err = Open(o)
				require.NoError(r, err)
			}
			require.Equal(r, totals(want), totals(allCells(t, s)))
		}
	})
}

func drawInterval(r *rapid.T, now time.Time) callgraph.Interval {
	in := callgraph.Interval{
		Instance: rapid.SampledFrom([]string{"x", "y"}).Draw(r, "instance"),
		Number:   rapid.Uint64Range(1, storage.IntervalWindow).Draw(r, "number"),
	}
	for range rapid.IntRange(1, 5).Draw(r, "cells") {
		at := now.Add(-time.Duration(rapid.IntRange(0, 2*3600).Draw(r, "age")) * time.Second)
		in.Cells = append(in.Cells, countedCell(rapid.SampledFrom([]string{"a", "b"}).Draw(r, "callee"), uint64(rapid.IntRange(1, 9).Draw(r, "calls")), at))
	}
	return in
}

// TestCountedCellsAreRolledUp an hour after the quarter of an hour in which they
// are open is over, without being written once more.
func TestCountedCellsAreRolledUp(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 14, 59, 0, time.UTC)}
	s := openStore(t, c.options())
	begun := c.now
	for n := uint64(1); n <= 2; n++ {
		_, err := s.WriteInterval(t.Context(), callgraph.Interval{Instance: "x", Number: n, Cells: []callgraph.Cell{countedCell("a", n, begun)}})
		require.NoError(t, err)
		c.now = c.now.Add(time.Second)
	}
	require.Equal(t, map[uint32]int{10: 2}, widths(allCells(t, s)), "one in each quarter")
	for _, step := range []struct {
		after time.Duration
		want  map[uint32]int
	}{
		{time.Hour, map[uint32]int{10: 2}},
		{time.Hour + time.Second, map[uint32]int{10: 1, 60: 1}},
		{2 * time.Hour, map[uint32]int{60: 1}},
		{30 * time.Hour, map[uint32]int{3600: 1}},
	} {
		require.NoError(t, s.rollUp(t.Context(), begun.Add(step.after)))
		require.Equalf(t, step.want, widths(allCells(t, s)), "after %s", step.after)
	}
	require.Equal(t, totals([]callgraph.Cell{countedCell("a", 3, begun)}), totals(allCells(t, s)))
}

// TestMarksExpire with the edges: an instance that was silent for longer may send
// any number; one that speaks keeps its marks.
func TestMarksExpire(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	o := c.options()
	o.EdgeRetention = 24 * time.Hour
	s := openStore(t, o)
	write := func(instance string, number uint64) bool {
		repeated, err := s.WriteInterval(t.Context(), callgraph.Interval{Instance: instance, Number: number})
		require.NoError(t, err)
		return repeated
	}
	write("silent", 1)
	write("speaks", 1)
	c.now = c.now.Add(20 * time.Hour)
	write("speaks", 2)
	c.now = c.now.Add(5 * time.Hour)
	s.maintain(t.Context(), c.now)
	require.EqualValues(t, 1, s.Stats().DroppedMarks)
	require.True(t, write("speaks", 1))
	require.False(t, write("silent", 1))
	s = reopen(t, s)
	require.True(t, write("silent", 1))
	require.EqualValues(t, 1, s.Stats().RepeatedIntervals)
}

func TestMarksOfTheLongestSilentGoFirst(t *testing.T) {
	hours := map[int64]int{100: 5, 101: 5, 103: 10}
	for most, want := range map[int]int64{20: 0, 25: 0, 19: 101, 15: 101, 14: 102, 10: 102, 9: 104, 0: 104} {
		require.Equalf(t, want*3600, silentSince(hours, most), "%d", most)
	}
}

// TestMarksAreReadWhereMemoryForgot them.
func TestMarksAreReadWhereMemoryForgot(t *testing.T) {
	s := openStore(t, Options{})
	in := callgraph.Interval{Instance: "x", Number: 1}
	_, err := s.WriteInterval(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, s.cells.marks, 1)
	clear(s.cells.marks)
	repeated, err := s.WriteInterval(t.Context(), in)
	require.NoError(t, err)
	require.True(t, repeated)
	many := map[instanceHash]mark{}
	for n := range byte(200) {
		many[instanceHash{n}] = mark{}
	}
	for range maxKnownMarks {
		s.cells.marks.keep(many)
		many = map[instanceHash]mark{hashInstance(fmt.Sprint(len(s.cells.marks))): {}}
	}
	require.LessOrEqual(t, len(s.cells.marks), maxKnownMarks)
}
