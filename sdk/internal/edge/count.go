package edge

import (
	"math"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// count finds the key's edge and counts there, or at one that stands for it.
func (c *Counters) count(k *key, h *half) {
	for {
		hash := c.hash(k)
		e := c.edges.find(k, hash)
		if e == nil {
			e = c.makeEdge(k, hash)
		}
		if e == nil {
			c.fold(k)
			continue
		}
		switch c.add(e, h) {
		case counted:
			return
		case noRoom:
			c.fold(k)
		case forgotten:
			c.edges.settle()
		}
	}
}

type result uint8

const (
	counted result = iota
	noRoom
	forgotten
)

func (c *Counters) add(e *edge, h *half) result {
	l := e.lock()
	x := l.last
	if x == nil || x.bucket != h.bucket || x.outcome != h.outcome {
		if l.dead {
			l.Unlock()
			return forgotten
		}
		if x = c.cell(e, l, h); x == nil {
			l.Unlock()
			return noRoom
		}
		l.last = x
	}
	x.add(h)
	l.Unlock()
	return counted
}

// cell is the lane's for the half, made where there is room, or nil.
func (c *Counters) cell(e *edge, l *lane, h *half) *cell {
	anyBucket := c.last(&e.key) && c.crammed()
	for _, x := range l.cells {
		if x.outcome == h.outcome && (x.bucket == h.bucket || anyBucket) {
			return x
		}
	}
	if !c.room(&e.key) {
		return nil
	}
	x := &cell{bucket: h.bucket, outcome: h.outcome}
	l.cells = append(l.cells, x)
	c.hold(&e.key, 1)
	return x
}

func (c *Counters) hold(k *key, cells int) {
	c.cells.Add(int64(cells))
	if k.side != clientSide {
		c.serverCells.Add(int64(cells))
	}
}

// room reports whether another cell may be made. Edges that stand for all others
// get theirs beyond the bound.
func (c *Counters) room(k *key) bool {
	if c.last(k) {
		return true
	}
	limit := int64(c.o.MaxCells)
	return c.cells.Load() < limit && (k.side == clientSide || c.serverCells.Load() < limit/2)
}

// crammed reports whether even the edges that stand for all others must not get
// cells for more buckets: they count in one that they have.
func (c *Counters) crammed() bool { return c.cells.Load() >= int64(c.o.MaxCells+c.o.MaxCells/8) }

// makeEdge is nil where the key is to be folded.
func (c *Counters) makeEdge(k *key, hash uint64) *edge {
	limit := c.o.MaxCells
	switch {
	case c.last(k):
		limit = math.MaxInt
	case !c.room(k), k.side == referredSide && c.callers.Load() >= int64(c.o.MaxCallers):
		return nil
	case k.side != clientSide:
		limit /= 2
	}
	return c.edges.findOrMake(k, hash, limit, func(e *edge) { c.fill(e, *k) })
}

// fold makes the key that of the next coarser edge: what requests say of their callers goes first,
// then the operations, at last the names of peers. The service's own
// totals, of each side and connection, stay.
func (c *Counters) fold(k *key) {
	switch {
	case k.side == referredSide:
		k.side, k.from = unknownSide, callgraph.Reference{}
	case k.side == clientSide && k.own == c.other && k.site.name == otherName:
		k.site = c.elsewhere
	case k.side == clientSide:
		k.own, k.site = c.other, c.Site(k.site.peer, otherName)
	default:
		k.own = c.other
	}
}

// last reports whether no edge is coarser.
func (c *Counters) last(k *key) bool {
	if k.side == clientSide {
		return k.own == c.other && k.site == c.elsewhere
	}
	return k.own == c.other && k.side != referredSide
}
