package callgraph

import (
	"slices"
	"time"
)

// opening is the time between a bucket's first call and its becoming final.
type opening struct {
	bucket  Bucket
	opened  int64 // arrival, Unix seconds
	last    int64 // latest arrival
	touched time.Time
	final   bool
	edges   map[Edge]*tableEdge
	groups  map[group]*tableGroup
}

// tableEdge holds an edge's cells by outcome. Its edge is detached once it was
// folded: its cells are then empty and only to be handed out as such.
type tableEdge struct {
	edge     Edge
	opening  *opening
	group    *tableGroup
	cells    [Outcomes]*tableCell
	folded   bool
	detached bool
}

// tableCell is a cell in the making.
type tableCell struct {
	at                                *tableEdge
	outcome                           Outcome
	dirty                             bool
	seen                              bool // handed out before, here or in an earlier run
	client, server, queue             Tally
	serverOnly, provisional, wUnknown Weight
}

// opening is the one that the call's bucket and arrival ask for. Where there
// is none it is made, or nil.
func (t *Table) opening(c *Call, create bool) *opening {
	start, arrival := BucketAt(c.End, HotWidth).Start, c.Arrival.Unix()
	if t.latest.takes(start, arrival, t.options.MaxOpen) {
		return t.latest
	}
	o := t.search(t.openings[start], arrival)
	if o == nil && create {
		o = t.open(start, arrival)
	}
	if o != nil {
		t.latest = o
	}
	return o
}

func (o *opening) takes(start, arrival int64, maxOpen time.Duration) bool {
	return o != nil && o.bucket.Start == start && arrival >= o.opened && arrival < o.end(maxOpen)
}

func (o *opening) end(maxOpen time.Duration) int64 { return o.opened + int64(maxOpen/time.Second) }

// search finds the newest opening that had begun at the arrival; calls that
// came a little before the one that opened it belong to it too, unless the
// opening before it takes them.
func (t *Table) search(list []*opening, arrival int64) *opening {
	for i, o := range slices.Backward(list) {
		switch {
		case arrival >= o.end(t.options.MaxOpen):
			return nil
		case arrival >= o.opened, i == 0, arrival >= list[i-1].end(t.options.MaxOpen):
			return o
		}
	}
	return nil
}

// open begins an opening: at the end of the one before it where that has not
// been quiet since, so that no arrival lies between the two.
func (t *Table) open(start, arrival int64) *opening {
	opened := arrival
	if list := t.openings[start]; len(list) > 0 {
		if end := list[len(list)-1].end(t.options.MaxOpen); arrival < end+int64(t.options.MaxOpen/time.Second) {
			opened = end
		}
	}
	return t.reopen(Bucket{start, HotWidth}, opened)
}

// reopen finds or makes the opening of that very name.
func (t *Table) reopen(b Bucket, opened int64) *opening {
	list := t.openings[b.Start]
	i, found := slices.BinarySearchFunc(list, opened, func(o *opening, opened int64) int { return int(o.opened - opened) })
	if found {
		return list[i]
	}
	o := &opening{
		bucket: b, opened: opened, last: opened, touched: time.Unix(opened, 0),
		edges: map[Edge]*tableEdge{}, groups: map[group]*tableGroup{},
	}
	t.openings[b.Start] = slices.Insert(list, i, o)
	return o
}

func (o *opening) touch(arrival, now time.Time) {
	o.last = max(o.last, arrival.Unix())
	if now.After(o.touched) {
		o.touched = now
	}
}

// find is the edge's entry, or that which it was folded into, or nil.
func (o *opening) find(e Edge) *tableEdge {
	if found := o.edges[e]; found != nil {
		return found
	}
	if g := o.groups[groupOf(e)]; g != nil {
		return g.other
	}
	return nil
}

// attach makes the edge's entry.
func (t *Table) attach(o *opening, e Edge) *tableEdge {
	key := groupOf(e)
	g := o.groups[key]
	if g == nil {
		g = &tableGroup{}
		o.groups[key] = g
	}
	made := &tableEdge{edge: e, opening: o, group: g}
	o.edges[e] = made
	g.edges = append(g.edges, made)
	t.exhausted = t.exhausted && len(g.edges) == 1
	return made
}

// slot is the edge's cell of that outcome, made where there is none.
func (t *Table) slot(e *tableEdge, outcome Outcome) *tableCell {
	if e.cells[outcome] == nil {
		e.cells[outcome] = &tableCell{at: e, outcome: outcome}
		if !e.detached {
			t.cells++
		}
	}
	return e.cells[outcome]
}

// forget drops a cell that counts nothing, and its edge with its last cell.
func (t *Table) forget(c *tableCell) {
	e := c.at
	e.cells[c.outcome] = nil
	if e.detached {
		return
	}
	t.cells--
	if e.cells != [Outcomes]*tableCell{} {
		return
	}
	delete(e.opening.edges, e.edge)
	e.detached = true
	if e.group.drop(e) {
		delete(e.opening.groups, groupOf(e.edge))
	}
}

// touch has the cell handed out by the next Changed.
func (t *Table) touch(c *tableCell) {
	if !c.dirty {
		c.dirty = true
		t.dirty = append(t.dirty, c)
	}
}

// held is the cell of that very key, made where there is none; one whose
// operations were folded since is made apart, only to be handed out empty.
func (t *Table) held(o *opening, c *Cell) *tableCell {
	e := o.edges[c.Edge]
	if e == nil {
		if g := o.groups[groupOf(c.Edge)]; g != nil && g.other != nil {
			e = &tableEdge{edge: c.Edge, opening: o, group: g, detached: true}
		} else {
			e = t.attach(o, c.Edge)
		}
		e.folded = c.Folded
	}
	return t.slot(e, c.Outcome)
}
