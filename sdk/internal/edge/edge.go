package edge

import (
	"sync"
	"sync/atomic"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// side says which half an edge counts and, of server halves, who calls.
type side uint8

const (
	clientSide side = iota
	referredSide
	outsideSide
	unknownSide // a caller that was folded
)

// key is an edge as this process knows it.
type key struct {
	own        *Operation          // caller of client halves, callee of server halves
	site       *Site               // of client halves
	from       callgraph.Reference // of referredSide
	side       side
	counted    bool // by the caller, too: such halves are not ServerOnly
	connection callgraph.Connection
}

// edge counts the halves of a key. Its counts are in lanes, each under a lock
// of its own, which costs no more than the atomic additions that it saves: one
// lane until goroutines meet there too often.
type edge struct {
	key
	at     callgraph.Edge
	folded bool
	first  lane
	lanes  atomic.Pointer[[]*lane] // first and more, a power of two; nil: first alone
	met    atomic.Int32            // how often goroutines met since the last harvest
	active bool                    // counted something since the last sweep; harvest's own
}

type lane struct {
	sync.Mutex
	dead  bool // its edge was forgotten
	last  *cell
	cells []*cell
	_     [16]byte // to fill 64 bytes
}

// cell is what a lane counted of a bucket under an outcome.
type cell struct {
	bucket    int64
	outcome   callgraph.Outcome
	durations histogram
	queue     *histogram // of messages that waited
}

func (x *cell) add(h *half) {
	x.durations.add(h.duration)
	if h.queue <= 0 {
		return
	}
	if x.queue == nil {
		x.queue = &histogram{}
	}
	x.queue.add(h.queue)
}

// fill sets up what was found missing.
func (c *Counters) fill(e *edge, k key) {
	e.key = k
	e.folded = k.own == c.other || k.side == unknownSide || k.site != nil && k.site.name == otherName
	own := c.operation(k.own)
	e.at = callgraph.Edge{Caller: own, Callee: own, Connection: k.connection}
	switch k.side {
	case clientSide:
		e.at.Callee = c.virtual(k.site)
	case referredSide:
		e.at.Caller = k.from.Operation()
		c.callers.Add(1)
	case outsideSide:
		e.at.Caller = callgraph.Operation{Node: callgraph.Outside}
	case unknownSide:
		e.at.Caller = callgraph.Operation{Node: callgraph.Unknown}
	}
}
