package wire

// model is what encoder and decoder know of a stream's epoch; both sides' are
// equal after each frame.
type model struct {
	coder
	err     *Error
	decoded uint64 // of this frame, as SPEC.md counts
	kept    uint64 // text in dictionaries
	ringed  int    // values in rings
	serial  uint32 // of the newest kept value
	slotIDs uint64

	texts     texts
	keys      []*key
	fields    [classes][]*key
	shapes    []*shape
	templates []*Template
	slotTotal int
	scopes    []*Template
	resources []*Template
	contexts  map[uint64]*successors
	given     given
	traces    traces
	unnamed   trace // a new one, until its ID is known
	bases     bases
	intervals intervals
	lastTrace uint64 // start of the last new trace

	nestedFlag prob
	isNew      [classes]prob
	isLink     prob
	otherID    numberModel
	newShape   [classes]prob
	shapeBack  numberModel
	keyCount   numberModel
	newKey     prob
	keyBack    numberModel
	wholeBack  [classes]numberModel

	moreGroups prob
	newTrace   prob
	traceAge   numberModel
	unusual    [3]unusualTime // starts, ends, events
	traceIDs   idModel
	linkIDs    idModel
	first      [2]parentModel // of a known, of a new trace
	pending    prob
	pendingAt  numberModel
	ownIDs     spanIDModel
	otherIDs   spanIDModel

	// An encoder's.
	keyOf  map[string]*key
	drafts map[*Template]*draft
	source resolver

	// The record being coded.
	vars   []Value
	anchor uint32
	group  uint64
}

// resolver is how the model asks an encoder for the next record.
type resolver interface {
	// resolve finds the template of a span (part -1) or of its part, or makes a
	// draft; values are all slots'. Beyond the last part it finds nothing.
	resolve(part int, likely *successors) (*Template, *draft, []Value)
	// settle tells the template that a draft became.
	settle(part int, t *Template)
}

func newModel() *model {
	m := &model{
		contexts: map[uint64]*successors{},
	}
	for c := range m.fields {
		m.fields[c] = make([]*key, Class(c).Fields())
		for i := range m.fields[c] {
			m.fields[c][i] = &key{id: -1}
		}
	}
	return m
}

func (m *model) fail(code Code, why string) {
	if m.err == nil {
		m.err = &Error{code, why}
	}
}

func (m *model) failed() bool {
	if m.err == nil && m.decoding && m.overrun() {
		m.fail(CodeTruncated, "frame ends too early")
	}
	return m.err != nil
}

// charge counts n bytes of what a frame decodes to, before they are made.
func (m *model) charge(n uint64) bool {
	if n > MaxDecoded || m.decoded+n > MaxDecoded {
		m.fail(CodeLimit, "frame decodes to too much")
		return false
	}
	m.decoded += n
	return true
}

// keep counts text that stays in a dictionary.
func (m *model) keep(s string) {
	if m.kept += uint64(len(s)); m.kept > MaxKept {
		m.fail(CodeLimit, "dictionaries hold too much")
	}
}

func (m *model) join(a, b, c string) string {
	if !m.charge(uint64(len(a) + len(b) + len(c))) {
		return ""
	}
	return a + b + c
}

// record codes the open values of a record; values are all slots' of an
// encoder's. They are appended to m.vars.
func (m *model) record(t *Template, values []Value) []Value {
	from := len(m.vars)
	for _, i := range t.variable {
		var want Value
		if !m.decoding {
			want = values[i]
		}
		v := m.slot(&t.shape.slots[i], want)
		if m.failed() || !m.charge(v.cost()) {
			return nil
		}
		if m.decoding {
			m.vars = append(m.vars, v)
		}
	}
	return m.vars[from:len(m.vars):len(m.vars)]
}

// slot codes an open value: as what was given with the value before it, what
// the trace had last, what the slot had last, or without regard to those.
func (m *model) slot(s *slot, v Value) Value {
	cell := m.given.at(s.id, m.anchor)
	e := m.predicted(s, cell, v)
	if len(e.Text) > maxRingText {
		return e.Value
	}
	if m.anchor != 0 {
		m.given.put(cell, s.id, m.anchor, e)
	}
	s.last = e
	s.key.inTrace, s.key.trace = e, m.group
	if e.serial != 0 {
		m.anchor = e.serial
	}
	return e.Value
}

func (m *model) predicted(s *slot, cell *givenCell, v Value) entry {
	haveGiven := cell.is(s.id, m.anchor)
	if haveGiven && m.flag(&s.miss[0], v == cell.entry.Value) {
		return cell.entry
	}
	haveTrace := s.key.trace == m.group
	if haveTrace && haveGiven && s.key.inTrace.Value == cell.entry.Value {
		haveTrace = false
	}
	if haveTrace && m.flag(&s.miss[1], v == s.key.inTrace.Value) {
		return s.key.inTrace
	}
	known := haveGiven && s.last.Value == cell.entry.Value || haveTrace && s.last.Value == s.key.inTrace.Value
	if !known && m.flag(&s.miss[2], v == s.last.Value) {
		return s.last
	}
	return s.key.value(m, v)
}

// context is the list of what followed in the place that a and b name.
func (m *model) context(a, b uint32) *successors {
	at := uint64(a)<<32 | uint64(b)
	s := m.contexts[at]
	if s == nil {
		if len(m.contexts) >= maxContexts {
			clear(m.contexts)
		}
		s = &successors{}
		m.contexts[at] = s
	}
	return s
}
