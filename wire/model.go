package wire

// model is what encoder and decoder know of a stream's epoch; both sides' are
// equal after each frame.
type model struct {
	coder
	err     *Error
	decoded uint64 // of this frame, as SPEC.md counts
	held    uint64 // by dictionaries, as SPEC.md counts
	serial  uint32 // of the newest kept value
	slotIDs uint32

	texts     texts
	keys      []*key
	fields    [classes][]*key
	shapes    []*shape
	templates []*Template
	scopes    []*Template
	resources []*Template
	contexts  contexts
	given     given
	traces    traces
	unnamed   trace // a new one, until its ID is known
	bases     bases
	intervals *intervals // once there was one
	lastTrace uint64     // start of the last new trace

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
	keyOf      map[string]*key
	drafts     map[*Template]*draft
	source     resolver
	placesMade int

	// The record being coded.
	vars   []Value
	anchor uint32
	group  uint64
	loose  entry  // the last value that was not kept
	unkept []*key // of the group, with such a value
}

// resolver is how the model asks an encoder for the next record.
type resolver interface {
	// resolve finds the template of a span (part -1) or of its part, or makes a
	// draft; open are the template's open values. Beyond the last part it finds
	// nothing.
	resolve(part int, likely *successors) (t *Template, d *draft, open []*Value)
	// settle tells the template that a draft became.
	settle(t *Template) (open []*Value)
}

func newModel() *model {
	m := &model{}
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

// hold counts what stays in a dictionary.
func (m *model) hold(n uint64) bool {
	if m.held += n; m.held > MaxHeld {
		m.fail(CodeLimit, "dictionaries hold too much")
		return false
	}
	return true
}

// join makes a text, which is counted before.
func (m *model) join(a, b, c string) string {
	if !m.charge(uint64(len(a) + len(b) + len(c))) {
		return ""
	}
	return a + b + c
}

// leave lets go of what belongs to the frame.
func (m *model) leave() {
	m.forgetUnkept()
	m.loose = entry{}
	clear(m.vars[:cap(m.vars)])
	if cap(m.vars) > maxOpen {
		m.vars = nil
	}
	if cap(m.unkept) > maxOpen {
		m.unkept = nil
	}
	if m.decoding {
		m.coded, m.raw = nil, rawBits{}
	}
}

// record codes the open values of a record, which are appended to m.vars.
func (m *model) record(t *Template, open []*Value) []Value {
	from := len(m.vars)
	for at, i := range t.variable {
		want := &invalid.Value
		if !m.decoding {
			want = open[at]
		}
		v := &m.slot(&t.shape.slots[i], want).Value
		if m.failed() || !m.charge(v.cost()) {
			return nil
		}
		if m.decoding {
			m.vars = append(m.vars, *v)
		}
	}
	return m.vars[from:len(m.vars):len(m.vars)]
}

// slot codes an open value: as what was given with the value before it, what
// the group had last, what the slot had last, or without regard to those.
func (m *model) slot(s *slot, v *Value) *entry {
	cell := m.given.at(s.id, m.anchor)
	given := cell.of(s.id, m.anchor)
	e := m.predicted(s, given, v)
	if len(e.Text) > maxRingText {
		return e
	}
	s.key.sees(m, e)
	if e.serial == unkept {
		return e
	}
	if m.anchor != 0 && given != e {
		m.given.put(cell, s.id, m.anchor, e)
	}
	s.last = e
	m.anchor = e.serial
	return e
}

func (m *model) predicted(s *slot, given *entry, v *Value) *entry {
	if !given.live() {
		given = nil
	}
	if given != nil && m.flag(&s.miss[0], !m.decoding && *v == given.Value) {
		return given
	}
	var last *entry
	if s.key.group == m.group {
		last = s.key.inTrace
	}
	if last.live() && last != given && m.flag(&s.miss[1], !m.decoding && *v == last.Value) {
		return last
	}
	if s.last.live() && s.last != given && s.last != last && m.flag(&s.miss[2], !m.decoding && *v == s.last.Value) {
		return s.last
	}
	return s.key.value(m, v)
}
