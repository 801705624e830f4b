package wire

// Record is a span, event or link: a template, and the values that it leaves
// open. Both are valid until the next span.
type Record struct {
	Template *Template
	Open     []Value
	// Time is an event's.
	Time uint64
	// TraceID and SpanID are a link's.
	TraceID [16]byte
	SpanID  [8]byte
}

// Span is a span with its events and links, in their order.
type Span struct {
	Record
	TraceID          [16]byte
	SpanID, ParentID [8]byte
	Start, End       uint64 // Unix nanoseconds
	Parts            []Record
}

// parentModel codes which span is the parent.
type parentModel struct {
	form [4]prob
	back numberModel
}

// Forms of a parent.
const (
	previousParent = iota // the span coded before
	sameParent            // as the span coded before
	noParent
	knownParent // another of the trace
	otherParent
)

// group is a run of spans of one trace.
type group struct {
	t        *trace
	isNew    bool
	previous int // in t.spans: the span coded before
	parent   int // its parent, or -1
	last     *Template
	start    uint64
}

func (m *model) beginGroup(g *group, id [16]byte) {
	m.traces.forget()
	m.forgetUnkept()
	m.anchor = 0
	m.group++
	t := m.traces.byID[id]
	*g = group{t: t, previous: -1, parent: -1}
	if m.flag(&m.newTrace, t == nil) {
		g.isNew, g.start = true, m.lastTrace
		m.unnamed.spans, m.unnamed.waits = m.unnamed.spans[:0], 0
		g.t = &m.unnamed
		return
	}
	age := uint64(0)
	if !m.decoding {
		age = m.traces.serial - t.serial
	}
	if g.t = m.traceOf(m.number(&m.traceAge, age)); g.t != nil {
		g.start = g.t.last
	}
}

// traceOf is the trace that came so many before the newest.
func (m *model) traceOf(age uint64) *trace {
	if age >= uint64(len(m.traces.list)) {
		m.fail(CodeReference, "trace that was never told")
		return nil
	}
	return m.traces.list[len(m.traces.list)-1-int(age)]
}

// span codes one span of a group.
func (m *model) span(g *group, s *Span) {
	parent := m.parentOf(g, s)
	if m.failed() {
		return
	}
	near, likely := g.start, m.likely(g, parent)
	if parent >= 0 {
		near = g.t.spans[parent].start
	}
	var values []*Value
	s.Record, values = m.choice(likely, -1)
	t := s.Template
	if m.failed() {
		return
	}
	if parent >= 0 {
		m.followed(&g.t.spans[parent])
	}
	s.Start = m.time(&t.shape.start, &m.unusual[0], near, s.Start)
	s.End = m.time(&t.shape.end, &m.unusual[1], s.Start, s.End)
	m.identify(g, s)
	g.parent = parent
	at := m.remember(g, s)
	s.Open = m.record(t, values)
	m.parts(s)
	g.previous, g.last, g.start = at, t, s.Start
	g.t.last = s.Start
	m.charge(t.size)
}

// choice codes a template, and has it resolved first.
func (m *model) choice(likely *successors, part int) (Record, []*Value) {
	var t *Template
	var d *draft
	var values []*Value
	if !m.decoding {
		t, d, values = m.source.resolve(part, likely)
	}
	made := m.choose(likely, part >= 0, t, d)
	if d != nil && made != nil {
		values = m.source.settle(made)
	}
	return Record{Template: made}, values
}

// parentOf codes the parent: its place in the trace, or -1.
func (m *model) parentOf(g *group, s *Span) int {
	pm := &m.first[0]
	switch {
	case g.last != nil:
		pm = &g.last.shape.parent
	case g.isNew:
		pm = &m.first[1]
	}
	form, at := uint32(0), -1
	if !m.decoding {
		form, at = g.find(s.ParentID)
	}
	switch m.unary(pm.form[:], form) {
	case noParent:
		s.ParentID = [8]byte{}
		return -1
	case previousParent:
		at = g.previous
	case sameParent:
		at = g.parent
	case knownParent:
		at = len(g.t.spans) - 1 - int(m.number(&pm.back, uint64(len(g.t.spans)-1-at)))
	case otherParent:
		s.ParentID, _ = m.spanID(&m.otherIDs, -1, s.ParentID)
		return m.addKnown(g, known{id: s.ParentID, start: g.start})
	}
	if at < 0 || at >= len(g.t.spans) {
		m.fail(CodeReference, "parent that was never told")
		return -1
	}
	s.ParentID = g.t.spans[at].id
	return at
}

func (g *group) find(id [8]byte) (form uint32, at int) {
	switch {
	case id == [8]byte{}:
		return noParent, -1
	case g.previous >= 0 && g.t.spans[g.previous].id == id:
		return previousParent, g.previous
	case g.parent >= 0 && g.t.spans[g.parent].id == id:
		return sameParent, g.parent
	}
	for i := len(g.t.spans) - 1; i >= 0; i-- {
		if g.t.spans[i].id == id {
			return knownParent, i
		}
	}
	return otherParent, -1
}

// addKnown adds to the trace's spans, which may move the group's.
func (m *model) addKnown(g *group, k known) int {
	before := len(g.t.spans)
	at := m.traces.addSpan(g.t, k)
	if moved := before - at; moved > 0 {
		g.previous, g.parent = max(g.previous-moved, -1), max(g.parent-moved, -1)
	}
	return at
}

// identify codes the IDs: the trace's with its first span, then the span's.
func (m *model) identify(g *group, s *Span) {
	if !g.isNew {
		s.TraceID = g.t.id
		return
	}
	g.isNew = false
	s.TraceID = m.traceID(&m.traceIDs, s.TraceID, s.Start)
	m.lastTrace = s.Start
	spans := g.t.spans // an unknown parent
	m.traces.spans -= len(spans)
	g.t = m.traces.add(m, s.TraceID)
	for _, k := range spans {
		m.traces.addSpan(g.t, k)
	}
}

// remember codes the span's ID and adds it to the trace, in the place of a
// parent that was awaited where it is one.
func (m *model) remember(g *group, s *Span) int {
	at := -1
	if !m.decoding && g.t.waits > 0 {
		at = g.awaited(s.SpanID)
	}
	if g.t.waits > 0 && m.flag(&m.pending, at >= 0) {
		at = int(m.number(&m.pendingAt, uint64(at)))
		if uint(at) >= uint(len(g.t.spans)) || g.t.spans[at].t != nil {
			m.fail(CodeReference, "span that was not awaited")
			return 0
		}
		s.SpanID = g.t.spans[at].id
		k := &g.t.spans[at]
		k.t, k.start, k.children = s.Template, s.Start, nil
		g.t.waits--
		return at
	}
	resource := s.Template.shape.of.shape.of
	var process int
	s.SpanID, process = m.spanID(&m.ownIDs, resource.process-1, s.SpanID)
	resource.process = process + 1
	return m.addKnown(g, known{id: s.SpanID, start: s.Start, t: s.Template})
}

func (g *group) awaited(id [8]byte) int {
	for i := range g.t.spans {
		if g.t.spans[i].t == nil && g.t.spans[i].id == id {
			return i
		}
	}
	return -1
}
