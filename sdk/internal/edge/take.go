package edge

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
)

// maxIntervalCells keeps a request below the 4 MiB that gRPC servers accept.
const maxIntervalCells = 3_000

// sweepEvery is how many harvests there are between two sweeps: what was not used
// between them is forgotten and makes room.
const sweepEvery = 300

// Take hands out what was counted since the last Take, as one interval. More
// says that it is not all of it: then the next Take hands out the rest.
func (c *Counters) Take() (i callgraph.Interval, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rest) == 0 {
		c.harvest()
	}
	n := min(len(c.rest), maxIntervalCells)
	if n == 0 {
		return callgraph.Interval{Instance: c.o.Instance}, false
	}
	c.number++
	i = callgraph.Interval{Instance: c.o.Instance, Number: c.number, Cells: c.rest[:n:n]}
	c.rest = c.rest[n:]
	c.cells.Add(-int64(n))
	return i, len(c.rest) > 0
}

// Question is an interval without cells, to learn whether a receiver takes any.
func (c *Counters) Question() callgraph.Interval {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	return callgraph.Interval{Instance: c.o.Instance, Number: c.number}
}

// harvest moves all counts to rest.
func (c *Counters) harvest() {
	h := harvest{index: map[callgraph.CellKey]int{}}
	for _, e := range c.edges.entries() {
		c.reap(&e.value, &h)
	}
	for _, k := range c.names {
		h.cell(k)
	}
	c.names, c.rest = nil, h.cells
	c.cells.Add(int64(len(c.rest)))
	if c.takes++; c.takes%c.sweepEvery == 0 {
		c.sweep()
	}
}

// harvest is cells with distinct keys.
type harvest struct {
	cells []callgraph.Cell
	index map[callgraph.CellKey]int
}

func (h *harvest) cell(k callgraph.CellKey) *callgraph.Cell {
	i, ok := h.index[k]
	if !ok {
		i = len(h.cells)
		h.index[k] = i
		h.cells = append(h.cells, callgraph.Cell{CellKey: k})
	}
	return &h.cells[i]
}

// reap takes the edge's counts. Whoever counts meanwhile counts before or after,
// lane by lane.
func (c *Counters) reap(e *edge, h *harvest) {
	for _, l := range e.all() {
		l.Lock()
		cells := l.cells
		l.cells, l.last = nil, nil
		l.Unlock()
		c.hold(&e.key, -len(cells))
		for _, x := range cells {
			e.active = true
			c.note(e, e.tell(x, h))
		}
	}
	e.widen(c.maxLanes)
}

// tell adds the cell's counts to the harvest and returns how many calls it had.
func (e *edge) tell(x *cell, h *harvest) uint64 {
	to := h.cell(callgraph.CellKey{
		Edge: e.at, Outcome: x.outcome, Bucket: callgraph.Bucket{Start: x.bucket, Width: callgraph.HotWidth},
	})
	to.Folded = to.Folded || e.folded
	durations := x.durations.sketch()
	n := durations.Count()
	if e.side == clientSide {
		to.Client.Merge(durations)
		return n
	}
	to.Server.Merge(durations)
	if !e.counted {
		to.ServerOnly += n
	}
	if x.queue != nil {
		to.Queue.Merge(x.queue.sketch())
	}
	return n
}

// note counts what was folded.
func (c *Counters) note(e *edge, n uint64) {
	if !e.folded {
		return
	}
	switch {
	case e.side == unknownSide:
		c.folded.Callers += n
	case e.side == outsideSide:
		c.folded.Entrances += n
	case e.site == c.elsewhere:
		c.folded.Peers += n
	default:
		c.folded.Operations += n
	}
}

// sweep forgets what was not used since the last sweep.
func (c *Counters) sweep() {
	c.edges.retain(c.retain)
	unused := func(used interface{ Swap(bool) bool }) bool { return !used.Swap(false) }
	for i := range c.recent {
		c.recent[i].Store(nil)
	}
	c.operations.retain(func(o *Operation) bool { return !unused(&o.used) })
	c.sites.retain(func(s *Site) bool { return !unused(&s.used) })
	c.peers.retain(func(**Site) bool { return false })
}

// retain keeps in use what the edge is between.
func (c *Counters) retain(e *edge) bool {
	if !e.active && e.forget() {
		if e.side == referredSide {
			c.callers.Add(-1)
		}
		return false
	}
	e.active = false
	touch(&e.own.used)
	if e.site != nil {
		touch(&e.site.used)
	}
	return true
}
