package wire

import (
	"encoding/binary"
	"slices"
	"strings"
)

// scopeOf is the template of one of the batch's scopes, or what becomes one
// when the model first meets it.
func (e *Encoder) scopeOf(i int) *Template {
	for len(e.scopes) <= i {
		e.scopes = append(e.scopes, nil)
	}
	if e.scopes[i] == nil {
		s := &e.scope
		e.source.Scope(i, s)
		resource := e.whole(ClassResource, nil, s.ResourceFields[:], s.ResourceAttributes)
		e.scopes[i] = e.whole(ClassScope, resource, s.Fields[:], s.Attributes)
	}
	return e.scopes[i]
}

// whole is the one template of a scope or resource.
func (e *Encoder) whole(class Class, of *Template, fields []Value, attributes []Attribute) *Template {
	slices.SortStableFunc(attributes, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	e.name = appendName(e.name[:0], of, fields, attributes)
	if t := e.wholes[string(e.name)]; t != nil {
		return t
	}
	var names []string
	values := slices.Clone(fields)
	for _, a := range attributes {
		names = append(names, a.Key)
		values = append(values, a.Value)
	}
	t := &Template{number: len(e.wholes) + 1}
	e.m.drafts[t] = &draft{&order{keySet: e.keySetOf(class, of, names)}, values}
	e.wholes[string(e.name)] = t
	return t
}

// appendName appends what tells scopes and resources apart.
func appendName(name []byte, of *Template, fields []Value, attributes []Attribute) []byte {
	number := 0
	if of != nil {
		number = of.number
	}
	name = binary.AppendUvarint(name, uint64(number))
	for _, v := range fields {
		name = AppendNested(name, List, "", v)
	}
	for _, a := range attributes {
		name = AppendNested(name, Map, a.Key, a.Value)
	}
	return name
}

// room reports whether the dictionaries have room for whatever the span brings.
func (e *Encoder) room(n demand) bool {
	m := e.m
	return m.kept+2*n.text <= MaxKept && len(m.keys)+n.slots <= MaxKeys && m.slotTotal+2*n.slots <= MaxSlotTotal &&
		len(m.shapes)+n.records <= MaxShapes && len(m.templates)+n.records <= MaxTemplates
}

// possible reports whether an epoch and a frame of its own have room.
func (d demand) possible() bool {
	return d.ok && d.text <= maxSpanText && d.slots <= MaxSlotTotal/2 && d.slots <= MaxKeys && d.records <= MaxShapes
}

// demand is what the span may need at most.
func (e *Encoder) demand() demand {
	n := demandOf(e.span.Fields[:], e.span.Attributes)
	for i := range e.span.Parts {
		n = n.plus(demandOf(e.span.Parts[i].Fields[:], e.span.Parts[i].Attributes))
	}
	if e.span.Scope >= len(e.scopes) || e.scopes[e.span.Scope] == nil || e.m.drafts[e.scopes[e.span.Scope]] != nil {
		e.source.Scope(e.span.Scope, &e.scope)
		n = n.plus(demandOf(e.scope.Fields[:], e.scope.Attributes))
		n = n.plus(demandOf(e.scope.ResourceFields[:], e.scope.ResourceAttributes))
	}
	return n
}

// demand is what records may need of the dictionaries at most.
type demand struct {
	ok             bool
	records, slots int
	text           uint64
}

func demandOf(fields []Value, attributes []Attribute) demand {
	tooDeep := false
	d := demand{records: 1, slots: len(fields) + len(attributes)}
	for i := range fields {
		d.text += uint64(len(fields[i].Text))
	}
	for i := range attributes {
		v := &attributes[i].Value
		d.text += uint64(len(attributes[i].Key) + len(v.Text))
		tooDeep = tooDeep || (v.Kind == List || v.Kind == Map) && !shallow(*v, MaxDepth)
	}
	d.ok = d.slots <= MaxSlots && !tooDeep
	return d
}

func (d demand) plus(o demand) demand {
	return demand{d.ok && o.ok, d.records + o.records, d.slots + o.slots, d.text + o.text}
}
