package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func changeCases() []contractCase {
	return []contractCase{
		{"changes/the zero cursor yields all", changesAll},
		{"changes/an unknown cursor yields all", changesUnknown},
		{"changes/all is what Cells yields", changesAsCells},
		{"changes/after a cursor", changesAfter},
		{"changes/never an older cell than was written", changesStale},
	}
}

// changes are the cells that changed, the greatest sequence of each key.
func changes(t *testing.T, b storage.CellReader, after storage.Cursor) (map[callgraph.CellKey]callgraph.Cell, storage.Cursor) {
	t.Helper()
	found := map[callgraph.CellKey]callgraph.Cell{}
	next, err := b.Changes(t.Context(), after, func(cells []callgraph.Cell) error {
		for _, c := range cells {
			if old, ok := found[c.CellKey]; !ok || old.Sequence < c.Sequence {
				found[c.CellKey] = c
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, next)
	return found, next
}

func requireChanged(t *testing.T, got map[callgraph.CellKey]callgraph.Cell, want ...callgraph.Cell) {
	t.Helper()
	for _, c := range want {
		require.Contains(t, got, c.CellKey)
		require.Equal(t, c, got[c.CellKey])
	}
}

func changesAll(t *testing.T, s *subject) {
	found, _ := changes(t, s, "")
	require.Empty(t, found)
	a, b := cell(1, s.base, 1), cell(2, s.base, 1)
	writeCells(t, s, a)
	writeCells(t, s, b)
	found, _ = changes(t, s, "")
	require.Len(t, found, 2)
	requireChanged(t, found, a, b)
}

func changesUnknown(t *testing.T, s *subject) {
	a := cell(1, s.base, 1)
	writeCells(t, s, a)
	for i, unknown := range []storage.Cursor{"nonsense", "0", "9999999999", "\x00\xff"} {
		found, next := changes(t, s, unknown)
		requireChanged(t, found, a)
		b := cell(i+2, s.base, 1)
		writeCells(t, s, b)
		found, _ = changes(t, s, next)
		requireChanged(t, found, b)
	}
}

// changesAsCells: who starts anew by Changes gets what a reader of all time gets.
func changesAsCells(t *testing.T, s *subject) {
	for i := range 30 {
		writeCells(t, s, cell(i%10, s.base.Add(time.Duration(i%4)*time.Minute), uint64(i+1)))
	}
	for _, cursor := range []storage.Cursor{"", "nonsense"} {
		var all []callgraph.Cell
		_, err := s.Changes(t.Context(), cursor, func(cells []callgraph.Cell) error { all = append(all, cells...); return nil })
		require.NoError(t, err)
		requireCells(t, readCells(t, s, everywhen()), all)
	}
}

func changesAfter(t *testing.T, s *subject) {
	_, cursor := changes(t, s, "")
	for i := range 20 {
		c := cell(i%3, s.base, uint64(i+1))
		writeCells(t, s, c)
		var found map[callgraph.CellKey]callgraph.Cell
		found, cursor = changes(t, s, cursor)
		requireChanged(t, found, c)
	}
	early := cursor
	a, b := cell(7, s.base, 1), cell(8, s.base, 1)
	writeCells(t, s, a)
	writeCells(t, s, b)
	found, _ := changes(t, s, early)
	requireChanged(t, found, a, b)
	found, _ = changes(t, s, early)
	requireChanged(t, found, a, b)
}

func changesStale(t *testing.T, s *subject) {
	writeCells(t, s, cell(1, s.base, 5))
	_, cursor := changes(t, s, "")
	writeCells(t, s, cell(1, s.base, 3))
	found, _ := changes(t, s, cursor)
	for _, c := range found {
		require.Equal(t, cell(1, s.base, 5), c)
	}
}
