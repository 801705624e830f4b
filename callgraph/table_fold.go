package callgraph

import (
	"cmp"
	"slices"
)

// OtherOperation is the name under which folded cells count the calls of
// several operations.
const OtherOperation = "(other)"

// group is what folding never touches: the services at both ends of an edge.
type group struct {
	caller, callee         Service
	callerNode, calleeNode Node
	connection             Connection
}

func groupOf(e Edge) group {
	return group{e.Caller.Service, e.Callee.Service, e.Caller.Node, e.Callee.Node, e.Connection}
}

// tableGroup is the edges between two services in an opening.
type tableGroup struct {
	edges []*tableEdge
	other *tableEdge // takes all calls once the group was folded
}

// drop removes an edge; it is true where nothing is left.
func (g *tableGroup) drop(e *tableEdge) bool {
	g.edges = slices.DeleteFunc(g.edges, func(x *tableEdge) bool { return x == e })
	if g.other == e {
		g.other = nil
	}
	return len(g.edges) == 0
}

func (g *tableGroup) entrance() bool { return g.edges[0].edge.Caller.Node == Outside }

// other is the edge that stands for all operations between two services.
func (e Edge) other() Edge {
	switch e.Caller.Node {
	case Observed, Virtual:
		e.Caller.Name = OtherOperation
	case Referred:
		e.Caller = Reference{}.Operation()
	}
	e.Callee.Name = OtherOperation
	return e
}

// room is the entry that has all cells for the call, after folding what must
// be folded, or nil where even that leaves no room.
func (t *Table) room(o *opening, e *tableEdge, c *Call) *tableEdge {
	need := e.missing(c)
	if e != nil && need == 0 {
		return e
	}
	if t.cells+need > t.options.MaxCells {
		t.fold(need)
		e = o.find(c.Edge)
		need = e.missing(c)
	}
	if g := o.groups[groupOf(c.Edge)]; g != nil && g.other == nil && t.cells+need > t.options.MaxCells {
		t.foldGroup(g)
		e = o.find(c.Edge)
		need = e.missing(c)
	}
	if t.cells+need > t.options.MaxCells {
		return nil
	}
	if e == nil {
		e = t.attach(o, c.Edge)
	}
	t.prepare(e, c)
	return e
}

// fold makes room for need cells and some more: entrances first, then the
// other edges, of each the groups with the most operations first.
func (t *Table) fold(need int) {
	if t.exhausted {
		return
	}
	enough := min(t.options.MaxCells-need, t.options.MaxCells/8*7)
	for _, g := range t.foldable() {
		if t.cells <= enough {
			return
		}
		t.foldGroup(g)
	}
	t.exhausted = true
}

func (t *Table) foldable() []*tableGroup {
	var groups []*tableGroup
	for _, list := range t.openings {
		for _, o := range list {
			for _, g := range o.groups {
				if len(g.edges) > 1 {
					groups = append(groups, g)
				}
			}
		}
	}
	slices.SortFunc(groups, func(a, b *tableGroup) int {
		if a.entrance() != b.entrance() {
			if a.entrance() {
				return -1
			}
			return 1
		}
		return cmp.Compare(len(b.edges), len(a.edges))
	})
	return groups
}

// foldGroup moves what the group's edges count to the one that stands for all.
func (t *Table) foldGroup(g *tableGroup) {
	edges := g.edges
	o := edges[0].opening
	other := edges[0].edge.other()
	g.edges = nil
	if g.other = o.edges[other]; g.other == nil {
		g.other = t.attach(o, other)
	} else {
		g.edges = append(g.edges, g.other)
	}
	g.other.folded = true
	for _, e := range edges {
		if e != g.other {
			t.foldEdge(e, g.other)
		}
	}
}

func (t *Table) foldEdge(e, into *tableEdge) {
	delete(e.opening.edges, e.edge)
	e.detached = true
	for _, c := range e.cells {
		if c != nil {
			t.foldCell(c, t.slot(into, c.outcome))
		}
	}
}

// foldCell leaves an empty cell behind where somebody saw it.
func (t *Table) foldCell(c, into *tableCell) {
	t.cells--
	t.stats.Folded++
	into.merge(c)
	t.touch(into)
	c.clear()
	if c.seen {
		t.touch(c)
	}
}
