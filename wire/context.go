package wire

// contexts are the lists of which span follows which: below a parent of one
// template, after a child of another. What was once found by its number hangs
// at what leads there.
type contexts struct {
	of   map[uint64]*successors
	more successors // for all, once there are too many

	root, awaited *successors // what begins a group, and what an awaited span's first child is
}

// at is the list for (a, b).
func (c *contexts) at(a, b uint32) *successors {
	at := uint64(a)<<32 | uint64(b)
	if s := c.of[at]; s != nil {
		return s
	}
	if len(c.of) >= maxContexts {
		return &c.more
	}
	if c.of == nil {
		c.of = map[uint64]*successors{}
	}
	s := &successors{}
	c.of[at] = s
	return s
}

// Parents by which lists are told apart: none, one that is awaited, or those
// of a template from here on.
const (
	noParentContext = iota
	awaitedContext
	templateContext
)

// likely is the list that stands for what follows: below the parent, or among
// spans without one.
func (m *model) likely(g *group, parent int) *successors {
	if parent < 0 {
		return m.roots(g.last)
	}
	p := &g.t.spans[parent]
	if p.children == nil {
		p.children = m.children(p.t)
	}
	return p.children
}

// roots is what follows a span of the template in its group, without a parent.
func (m *model) roots(last *Template) *successors {
	at, b := &m.contexts.root, uint32(0)
	if last != nil {
		at, b = &last.roots, uint32(last.id)+1
	}
	if *at == nil {
		*at = m.contexts.at(noParentContext, b)
	}
	return *at
}

// children is what the first child of a span of the template is.
func (m *model) children(parent *Template) *successors {
	at, a := &m.contexts.awaited, uint32(awaitedContext)
	if parent != nil {
		at, a = &parent.children, parent.context()
	}
	if *at == nil {
		*at = m.contexts.at(a, 0)
	}
	return *at
}

func (t *Template) context() uint32 { return uint32(t.id) + templateContext }

// followed notes that the parent has another child, the newest of its list.
func (m *model) followed(p *known) {
	s := p.children
	if then := s.of[0].then; then != nil && s != &m.contexts.more {
		p.children = then
		return
	}
	a := uint32(awaitedContext)
	if p.t != nil {
		a = p.t.context()
	}
	p.children = m.contexts.at(a, uint32(s.of[0].t.id)+1)
	s.of[0].then = p.children
}
