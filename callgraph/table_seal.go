package callgraph

import (
	"slices"
	"time"
)

// Seal hands out, closed, the cells of the openings that were quiet and
// forgets them. It is to be called once all that Changed had was delivered: so
// what a slow store can't take stays bounded by MaxCells.
func (t *Table) Seal(now time.Time) []Cell {
	sequence := t.next(now)
	cells := t.sealed(now)
	for i := range cells {
		cells[i].Sequence = sequence
	}
	return cells
}

func (t *Table) sealed(now time.Time) (cells []Cell) {
	for start, list := range t.openings {
		list = slices.DeleteFunc(list, func(o *opening) bool {
			o.final = now.Sub(o.touched) >= t.options.Quiet
			if o.final {
				cells = t.seal(cells, o)
			}
			return o.final
		})
		t.keep(start, list)
	}
	return t.undirty(cells)
}

func (t *Table) seal(cells []Cell, o *opening) []Cell {
	t.stats.Sealed++
	t.latest = nil
	for _, e := range o.edges {
		for _, c := range e.cells {
			if c != nil {
				t.cells--
				cells = t.close(cells, c)
			}
		}
	}
	return cells
}

// undirty drops the cells of final openings from those that changed; what was
// folded away since it was handed out is closed too.
func (t *Table) undirty(cells []Cell) []Cell {
	t.dirty = slices.DeleteFunc(t.dirty, func(c *tableCell) bool {
		if c.at.opening.final && c.at.detached {
			cells = t.close(cells, c)
		}
		return c.at.opening.final
	})
	return cells
}

func (t *Table) close(cells []Cell, c *tableCell) []Cell {
	if c.empty() && !c.seen {
		return cells
	}
	cell := t.cell(c, 0)
	cell.Closed, cell.Provisional = max(c.at.opening.last, 1), 0
	return append(cells, cell)
}

func (t *Table) keep(start int64, list []*opening) {
	if len(list) == 0 {
		delete(t.openings, start)
		return
	}
	t.openings[start] = list
}
