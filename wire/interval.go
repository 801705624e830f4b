package wire

import (
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// intervals codes what processes counted: edges by a dictionary, in the order
// in which they came the last time; counts as they are.
type intervals struct {
	names      [4]key // environment, namespace, service, operation or instance
	operations []callgraph.Operation
	edges      []*edge

	newOperation, newEdge, isNext prob
	operationBack, edgeBack       numberModel
	node, connection, outcome     [8]prob
	cells, number, bucket, width  numberModel
	folded                        prob
	other                         [3]numberModel // server only, provisional, weight unknown
	sketches                      [3]sketchModel // client, server, queue
	lastNumber                    uint64
	lastBucket                    callgraph.Bucket

	// An encoder's.
	operationOf map[callgraph.Operation]int
	edgeOf      map[callgraph.Edge]*edge
}

type edge struct {
	callgraph.Edge
	id   int
	next *edge // that followed it
	bin  int32 // the first of its last sketch
}

type sketchModel struct {
	empty                                prob
	zero, nanos, bins, first, gap, count numberModel
}

// interval codes one.
func (m *model) interval(i *callgraph.Interval) {
	if m.intervals == nil {
		m.intervals = &intervals{}
		if !m.decoding {
			m.intervals.operationOf, m.intervals.edgeOf = map[callgraph.Operation]int{}, map[callgraph.Edge]*edge{}
		}
	}
	s := m.intervals
	i.Instance = s.name(m, 3, i.Instance)
	i.Number = s.lastNumber + uint64(m.signed(&s.number, int64(i.Number-s.lastNumber)))
	s.lastNumber = i.Number
	n := m.number(&s.cells, uint64(len(i.Cells)))
	if n > MaxCells {
		m.fail(CodeLimit, "too many cells")
	}
	var last *edge
	for at := 0; at < int(n) && !m.failed(); at++ {
		if m.decoding {
			i.Cells = append(i.Cells, callgraph.Cell{})
		}
		if !m.charge(cellCost) {
			return
		}
		last = m.cell(&i.Cells[at], last)
	}
}

func (s *intervals) name(m *model, key int, name string) string {
	v := StringValue(name)
	return s.names[key].value(m, &v).Text
}

func (m *model) cell(c *callgraph.Cell, last *edge) *edge {
	s := m.intervals
	e := m.edge(c.Edge, last)
	if m.failed() {
		return nil
	}
	c.Edge = e.Edge
	c.Outcome = callgraph.Outcome(m.tree(s.outcome[:], 3, uint32(c.Outcome)))
	b := &s.lastBucket
	b.Start += m.signed(&s.bucket, c.Bucket.Start-b.Start)
	b.Width = uint32(m.number(&s.width, uint64(c.Bucket.Width)))
	c.Bucket = *b
	for at, sketch := range [...]*callgraph.Sketch{&c.Client, &c.Server, &c.Queue} {
		m.sketch(&s.sketches[at], sketch, e)
	}
	for at, n := range [...]*uint64{&c.ServerOnly, &c.Provisional, &c.WeightUnknown} {
		*n = m.number(&s.other[at], *n)
	}
	c.Folded = m.flag(&s.folded, c.Folded)
	return e
}

func (m *model) edge(want callgraph.Edge, last *edge) *edge {
	s := m.intervals
	e := s.edgeOf[want]
	if last != nil && last.next != nil && m.flag(&s.isNext, e == last.next) {
		return last.next
	}
	if m.flag(&s.newEdge, e == nil) {
		e = m.defineEdge(want)
	} else {
		back := uint64(0)
		if !m.decoding {
			back = uint64(len(s.edges) - 1 - e.id)
		}
		if back = m.number(&s.edgeBack, back); back >= uint64(len(s.edges)) {
			m.fail(CodeReference, "edge that was never told")
			return nil
		}
		e = s.edges[len(s.edges)-1-int(back)]
	}
	if last != nil {
		last.next = e
	}
	return e
}

func (m *model) defineEdge(want callgraph.Edge) *edge {
	s := m.intervals
	e := &edge{id: len(s.edges)}
	e.Caller = m.operation(want.Caller)
	e.Callee = m.operation(want.Callee)
	e.Connection = callgraph.Connection(m.tree(s.connection[:], 3, uint32(want.Connection)))
	m.hold(edgeHeld)
	s.edges = append(s.edges, e)
	if !m.decoding {
		s.edgeOf[want] = e
	}
	return e
}

func (m *model) operation(want callgraph.Operation) (o callgraph.Operation) {
	s := m.intervals
	at, known := s.operationOf[want]
	if !m.flag(&s.newOperation, !known) {
		back := m.number(&s.operationBack, uint64(len(s.operations)-1-at))
		if back >= uint64(len(s.operations)) {
			m.fail(CodeReference, "operation that was never told")
			return o
		}
		return s.operations[len(s.operations)-1-int(back)]
	}
	o = want
	for i, name := range [...]*string{&o.Service.Environment, &o.Service.Namespace, &o.Service.Name, &o.Name} {
		*name = s.name(m, i, *name)
		m.hold(uint64(len(*name)))
	}
	o.Node = callgraph.Node(m.tree(s.node[:], 3, uint32(o.Node)))
	m.hold(operationHeld)
	s.operations = append(s.operations, o)
	if !m.decoding {
		s.operationOf[o] = len(s.operations) - 1
	}
	return o
}

func (m *model) sketch(sm *sketchModel, s *callgraph.Sketch, e *edge) {
	if m.flag(&sm.empty, s.Zero == 0 && s.Nanos == 0 && len(s.Bins) == 0) {
		return
	}
	s.Zero = m.number(&sm.zero, s.Zero)
	s.Nanos = m.number(&sm.nanos, s.Nanos)
	n := m.number(&sm.bins, uint64(len(s.Bins)))
	if n > MaxBins || !m.charge(16*n) {
		m.fail(CodeLimit, "too many bins")
		return
	}
	if m.decoding && n > 0 {
		s.Bins = make([]callgraph.Bin, n)
	}
	index := e.bin
	for i := range s.Bins {
		b := &s.Bins[i]
		if i == 0 {
			index += int32(m.signed(&sm.first, int64(b.Index)-int64(index)))
			e.bin = index
		} else {
			index += int32(m.signed(&sm.gap, int64(b.Index)-int64(index)))
		}
		b.Index, b.Count = index, m.number(&sm.count, b.Count)
	}
}

// EncodeInterval encodes what a process counted. Writer, Opened, Sequence and
// Closed of its cells do not travel.
func (e *Encoder) EncodeInterval(i callgraph.Interval) (f Frame, err error) {
	if len(i.Cells) > MaxCells {
		return f, ErrIntervalTooLarge
	}
	for range 2 { // as it is, then as an epoch's first
		e.m.beginEncoding()
		e.m.decoded = 0
		told := i
		told.Cells = slices.Clone(i.Cells)
		e.m.interval(&told)
		if !e.overflown() {
			e.m.endEncoding()
			e.close(&f, kindInterval)
			return f, nil
		}
		e.reset()
	}
	return f, ErrIntervalTooLarge
}
