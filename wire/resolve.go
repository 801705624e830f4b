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
	to   []int32  // the slot of each
}

const golden = 0x9e3779b97f4a7c15 // 2^64 / φ

var seed = maphash.MakeSeed()

// resolve implements resolver.
func (e *Encoder) resolve(part int, likely *successors) (*Template, *draft, []Value) {
	class, of, fields, attributes := ClassSpan, e.of, e.span.Fields[:], e.span.Attributes
	if part >= len(e.span.Parts) {
		return nil, nil, nil
	}
	if part >= 0 {
		p := &e.span.Parts[part]
		class, of, fields, attributes = p.Class, nil, p.Fields[:p.Class.Fields()], p.Attributes
	}
	o := e.orderOf(class, of, attributes, likely)
	e.values = slices.Grow(e.values[:0], len(fields)+len(attributes))[:len(fields)+len(attributes)]
	copy(e.values, fields)
	for i := range attributes {
		e.values[o.to[i]] = attributes[i].Value
	}
	if t := e.templateOf(o, likely); t != nil {
		return t, nil, e.values
	}
	e.from = o
	e.draft = draft{o.keySet, e.values}
	return nil, &e.draft, e.values
}

// settle implements resolver.
func (e *Encoder) settle(_ int, t *Template) {
	s := t.shape
	if s.byHash == nil {
		s.byHash = map[uint64]*Template{}
	}
	s.byHash[hashOf(s, e.values)] = t
	t.fixed = fixed(t)
	t.order = e.from
	for i := range s.slots {
		s.slots[i].sees(e.values[i])
	}
}

func fixed(t *Template) (slots []int32) {
	for i := range t.values {
		if !slices.Contains(t.variable, int32(i)) {
			slots = append(slots, int32(i))
		}
	}
	return slots
}

// templateOf is the template that has the values, the likely ones first. If
// there is none, slots that had too many values become variable.
func (e *Encoder) templateOf(o *order, likely *successors) *Template {
	if o.shape == nil {
		return nil
	}
	for i := range likely.n {
		if t := likely.of[i].t; t != nil && t.shape == o.shape && t.fits(e.values) {
			t.order = o
			return t
		}
	}
	if t := o.shape.byHash[hashOf(o.shape, e.values)]; t != nil && t.fits(e.values) {
		t.order = o
		return t
	}
	if !o.shape.opens(e.values) {
		return nil
	}
	if t := o.shape.byHash[hashOf(o.shape, e.values)]; t != nil && t.fits(e.values) {
		return t
	}
	return nil
}

func (t *Template) fits(values []Value) bool {
	if len(t.fixed) == 0 {
		return true
	}
	if p := t.fixed[t.probe]; t.values[p] != values[p] {
		return false
	}
	for at, i := range t.fixed {
		if t.values[i] != values[i] {
			t.probe = int32(at)
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

func (e *Encoder) orderOf(class Class, of *Template, attributes []Attribute, likely *successors) *order {
	for i := range likely.n {
		t := likely.of[i].t
		if t == nil {
			continue
		}
		if o := t.order; o.is(class, of, attributes) {
			return o
		}
	}
	h := uint64(class)
	if of != nil {
		h ^= maphash.Comparable(seed, of)
	}
	for i := range attributes {
		h = h*golden ^ maphash.String(seed, attributes[i].Key)
	}
	o := e.orders[h]
	if o == nil || !o.is(class, of, attributes) {
		o = e.newOrder(class, of, attributes)
		if len(e.orders) >= maxOrders {
			clear(e.orders)
		}
		e.orders[h] = o
	}
	return o
}

func (o *order) is(class Class, of *Template, attributes []Attribute) bool {
	if o.class != class || o.of != of || len(o.keys) != len(attributes) {
		return false
	}
	for i := range attributes {
		if o.keys[i] != attributes[i].Key {
			return false
		}
	}
	return true
}

func (e *Encoder) newOrder(class Class, of *Template, attributes []Attribute) *order {
	o := &order{to: make([]int32, len(attributes))}
	sorted := make([]int, len(attributes))
	for i := range attributes {
		o.keys = append(o.keys, attributes[i].Key)
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return strings.Compare(o.keys[a], o.keys[b]) })
	names := make([]string, len(sorted))
	for slot, i := range sorted {
		o.to[i] = int32(class.Fields() + slot)
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
