package wire

import (
	"hash/maphash"
	"slices"
	"strings"
)

// order is one order in which a record's attributes come: records of the same
// keys share a shape, whatever the order.
type order struct {
	*keySet
	keys []string // as they come
	from []int32  // the attribute of each slot that is not a field
}

// sourceRecord is a record as the encoder has it.
type sourceRecord struct {
	class      Class
	of         *Template
	fields     []Value
	attributes []Attribute
}

// at is the value of a slot.
func (r *sourceRecord) at(o *order, slot int32) *Value {
	if int(slot) < len(r.fields) {
		return &r.fields[slot]
	}
	return &r.attributes[o.from[int(slot)-len(r.fields)]].Value
}

const golden = 0x9e3779b97f4a7c15 // 2^64 / φ

var seed = maphash.MakeSeed()

// resolve implements resolver.
func (e *Encoder) resolve(part int, likely *successors) (*Template, *draft, []*Value) {
	if part >= len(e.span.Parts) {
		return nil, nil, nil
	}
	r := sourceRecord{ClassSpan, e.of, e.span.Fields[:], e.span.Attributes}
	if part >= 0 {
		p := &e.span.Parts[part]
		r = sourceRecord{p.Class, nil, p.Fields[:p.Class.Fields()], p.Attributes}
	}
	o := e.orderOf(&r, likely)
	if t := likely.fitting(&r, o); t != nil {
		return t, nil, e.openOf(t, &r)
	}
	e.values = append(e.values[:0], r.fields...)
	for _, at := range o.from {
		e.values = append(e.values, r.attributes[at].Value)
	}
	if t := e.templateOf(o); t != nil {
		t.order = o
		return t, nil, e.openOf(t, &r)
	}
	e.record, e.draft = r, draft{o, e.values}
	return nil, &e.draft, nil
}

// openOf are the template's open values in the record.
func (e *Encoder) openOf(t *Template, r *sourceRecord) []*Value {
	e.open = e.open[:0]
	for _, slot := range t.variable {
		e.open = append(e.open, r.at(t.order, slot))
	}
	return e.open
}

// settle implements resolver.
func (e *Encoder) settle(t *Template) []*Value {
	s := t.shape
	if s.byHash == nil {
		s.byHash = map[uint64]*Template{}
	}
	s.byHash[hashOf(s, e.values)] = t
	t.fixed = fixedOf(t)
	t.order = e.draft.order
	for i := range s.slots {
		s.slots[i].sees(e.values[i])
	}
	return e.openOf(t, &e.record)
}

func fixedOf(t *Template) (slots []fixed) {
	for i := range t.values {
		if !slices.Contains(t.variable, int32(i)) {
			slots = append(slots, fixed{int32(i), *t.values[i]})
		}
	}
	return slots
}

// fitting is the likely template that has the record's values.
func (s *successors) fitting(r *sourceRecord, o *order) *Template {
	for i := range s.n {
		if t := s.of[i].t; t != nil && t.order != nil && t.shape == o.shape && t.fits(r, o) {
			t.order = o
			return t
		}
	}
	return nil
}

// templateOf is any template that has the values. If there is none, slots that
// had too many values become variable.
func (e *Encoder) templateOf(o *order) *Template {
	if o.shape == nil {
		return nil
	}
	t := o.shape.byHash[hashOf(o.shape, e.values)]
	if t == nil && o.shape.opens(e.values) {
		t = o.shape.byHash[hashOf(o.shape, e.values)]
	}
	if t == nil || !t.equals(e.values) {
		return nil
	}
	return t
}

// fits reports whether the record has the values of the slots that are fixed.
func (t *Template) fits(r *sourceRecord, o *order) bool {
	if len(t.fixed) == 0 {
		return true
	}
	if p := &t.fixed[t.probe]; p.value != *r.at(o, p.slot) {
		return false
	}
	for at := range t.fixed {
		if f := &t.fixed[at]; f.value != *r.at(o, f.slot) {
			t.probe = int32(at)
			return false
		}
	}
	return true
}

// equals is fits of all slots' values.
func (t *Template) equals(values []Value) bool {
	for i := range t.fixed {
		if f := &t.fixed[i]; f.value != values[f.slot] {
			return false
		}
	}
	return true
}

// opens reports whether one more of the slots becomes variable.
func (s *shape) opens(values []Value) (opened bool) {
	for i := range s.slots {
		if t := &s.slots[i]; !t.open && !t.saw(values[i]) && len(t.seen) >= distinct {
			t.open, opened = true, true
			t.seen = nil
		}
	}
	return opened
}

func (s *slot) saw(v Value) bool { return slices.Contains(s.seen, shortHash(v)) }

func (s *slot) sees(v Value) {
	if !s.open && !s.saw(v) {
		s.seen = append(s.seen, shortHash(v))
	}
}

func shortHash(v Value) uint32 { return uint32(v.hash()) }

func (v *Value) hash() uint64 {
	h := (v.Bits + uint64(v.Kind)<<56) * golden
	if v.Text != "" {
		h ^= maphash.String(seed, v.Text)
	}
	return h ^ h>>32
}

func hashOf(s *shape, values []Value) uint64 {
	var h uint64
	for i := range s.slots {
		if !s.slots[i].open {
			h = h*golden ^ values[i].hash()
		}
	}
	return h
}

func (e *Encoder) orderOf(r *sourceRecord, likely *successors) *order {
	for i := range likely.n {
		if t := likely.of[i].t; t != nil && t.order.is(r) {
			return t.order
		}
	}
	h := uint64(r.class)
	if r.of != nil {
		h ^= maphash.Comparable(seed, r.of)
	}
	for i := range r.attributes {
		h = h*golden ^ maphash.String(seed, r.attributes[i].Key)
	}
	o := e.orders[h]
	if o == nil || !o.is(r) {
		o = e.newOrder(r.class, r.of, r.attributes)
		if len(e.orders) >= maxOrders {
			clear(e.orders)
		}
		e.orders[h] = o
	}
	return o
}

func (o *order) is(r *sourceRecord) bool {
	if o.class != r.class || o.of != r.of || len(o.keys) != len(r.attributes) {
		return false
	}
	for i, key := range o.keys {
		if key != r.attributes[i].Key {
			return false
		}
	}
	return true
}

func (e *Encoder) newOrder(class Class, of *Template, attributes []Attribute) *order {
	o := &order{from: make([]int32, len(attributes))}
	sorted := make([]int, len(attributes))
	for i := range attributes {
		o.keys = append(o.keys, attributes[i].Key)
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return strings.Compare(o.keys[a], o.keys[b]) })
	names := make([]string, len(sorted))
	for slot, i := range sorted {
		o.from[slot] = int32(i)
		names[slot] = o.keys[i]
	}
	o.keySet = e.keySetOf(class, of, names)
	return o
}

func (e *Encoder) keySetOf(class Class, of *Template, names []string) *keySet {
	h := maphash.Comparable(seed, of) ^ uint64(class)
	for _, name := range names {
		h = h*golden ^ maphash.String(seed, name)
	}
	for _, k := range e.keySets[h] {
		if k.class == class && k.of == of && slices.Equal(k.names, names) {
			return k
		}
	}
	k := &keySet{class: class, of: of, names: names}
	e.keySets[h] = append(e.keySets[h], k)
	return k
}
