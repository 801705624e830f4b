package wire

// draft is a record that has no template yet.
type draft struct {
	*order // or only a key set, of a scope or resource
	values []Value
}

// keySet is what makes a shape.
type keySet struct {
	class Class
	of    *Template
	names []string // sorted
	shape *shape   // nil until it is told
}

// define codes a template.
func (m *model) define(class Class, d *draft) *Template {
	if d == nil {
		d = &draft{order: &order{keySet: &keySet{class: class}}}
	}
	s := m.shapeOf(class, d)
	if m.failed() {
		return nil
	}
	if !m.hold(templateHeld + slotHeld*uint64(len(s.slots))) {
		return nil
	}
	t := &Template{id: len(m.templates), shape: s, values: make([]*Value, len(s.slots)), size: 128}
	for i := range s.slots {
		m.defineSlot(t, i, d)
		if m.failed() {
			return nil
		}
	}
	s.newest = t
	m.templates = append(m.templates, t)
	return t
}

func (m *model) defineSlot(t *Template, i int, d *draft) {
	s := &t.shape.slots[i]
	base := t.shape.newest
	t.size += 48 + uint64(len(s.key.name))
	if m.flag(&s.variable, s.open) {
		t.variable = append(t.variable, int32(i))
		t.values[i] = &nothing
		return
	}
	var want Value
	if !m.decoding {
		want = d.values[i]
	}
	if base != nil && m.flag(&s.same, want == *base.values[i]) {
		t.values[i] = base.values[i]
	} else {
		v := s.key.value(m, &want).Value
		t.values[i] = &v
	}
	m.hold(t.values[i].cost())
	t.size += t.values[i].cost()
}

func (m *model) shapeOf(class Class, d *draft) *shape {
	if !m.flag(&m.newShape[class], d.shape == nil) {
		back := uint64(0)
		if !m.decoding {
			back = uint64(len(m.shapes) - 1 - d.shape.id)
		}
		back = m.number(&m.shapeBack, back)
		if back >= uint64(len(m.shapes)) || m.shapes[len(m.shapes)-1-int(back)].class != class {
			m.fail(CodeReference, "shape that was never told")
			return nil
		}
		return m.shapes[len(m.shapes)-1-int(back)]
	}
	s := &shape{class: class}
	switch class {
	case ClassSpan:
		s.of = m.scope(d.of)
	case ClassScope:
		s.of = m.resource(d.of)
	}
	n := m.number(&m.keyCount, uint64(len(d.names)))
	if m.failed() || n > MaxSlots-uint64(class.Fields()) {
		m.fail(CodeLimit, "too many attributes")
		return nil
	}
	if !m.hold(shapeHeld + shapeSlotHeld*(n+uint64(class.Fields()))) {
		return nil
	}
	for i := range class.Fields() {
		s.slots = append(s.slots, slot{key: m.fields[class][i], id: m.slotID()})
	}
	for i := range int(n) {
		var name string
		if !m.decoding {
			name = d.names[i]
		}
		k := m.key(name)
		if k == nil {
			return nil
		}
		if !m.hold(uint64(len(k.name))) { // pdata may copy it
			return nil
		}
		s.slots = append(s.slots, slot{key: k, id: m.slotID()})
	}
	s.id = len(m.shapes)
	m.shapes = append(m.shapes, s)
	d.shape = s
	return s
}

func (m *model) slotID() uint32 {
	m.slotIDs++
	return m.slotIDs
}

// key codes a key: a new one by its name.
func (m *model) key(name string) *key {
	var k *key
	if !m.decoding {
		k = m.keyOf[name]
	}
	if !m.flag(&m.newKey, k == nil) {
		back := uint64(0)
		if !m.decoding {
			back = uint64(len(m.keys) - 1 - k.id)
		}
		back = m.number(&m.keyBack, back)
		if back >= uint64(len(m.keys)) {
			m.fail(CodeReference, "key that was never told")
			return nil
		}
		return m.keys[len(m.keys)-1-int(back)]
	}
	name = m.texts.code(m, name)
	if m.failed() || !m.hold(keyHeld+uint64(len(name))) {
		return nil
	}
	k = &key{name: name, id: len(m.keys)}
	m.keys = append(m.keys, k)
	if !m.decoding {
		m.keyOf[name] = k
	}
	return k
}

// scope codes a span's scope: an encoder's has a template or is a draft.
func (m *model) scope(t *Template) *Template { return m.whole(&m.scopes, ClassScope, t) }

func (m *model) resource(t *Template) *Template { return m.whole(&m.resources, ClassResource, t) }

// whole codes a template without variable slots, from a list of them.
func (m *model) whole(list *[]*Template, class Class, t *Template) *Template {
	var d *draft
	back := uint64(0)
	if !m.decoding {
		if d = m.drafts[t]; d == nil {
			for (*list)[len(*list)-1-int(back)] != t {
				back++
			}
		}
	}
	if !m.flag(&m.isNew[class], d != nil) {
		back = m.number(&m.wholeBack[class], back)
		if back >= uint64(len(*list)) {
			m.fail(CodeReference, "scope or resource that was never told")
			return nil
		}
		return (*list)[len(*list)-1-int(back)]
	}
	made := m.define(class, d)
	if made == nil {
		return nil
	}
	if len(made.variable) > 0 {
		m.fail(CodeMalformed, "scope or resource with open values")
		return nil
	}
	if !m.decoding { // what the encoder holds becomes the template
		delete(m.drafts, t)
		made.number = t.number
		*t = *made
		made = t
		m.templates[t.id] = t
		t.shape.newest = t
	}
	*list = append(*list, made)
	return made
}
