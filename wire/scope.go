package wire

import (
	"encoding/binary"
	"slices"
	"strings"
)

// scopeOf is the template of one of the batch's scopes, or what becomes one
// when the model first meets it; false says that it is too large for any.
func (e *Encoder) scopeOf(i int) (t *Template, fits bool) {
	for len(e.scopes) <= i {
		e.scopes = append(e.scopes, nil)
	}
	if e.scopes[i] == nil {
		s := &e.scope
		e.source.Scope(i, s)
		if s.tooLarge() {
			return nil, false
		}
		resource := e.whole(ClassResource, nil, s.ResourceFields[:], s.ResourceAttributes)
		e.scopes[i] = e.whole(ClassScope, resource, s.Fields[:], s.Attributes)
	}
	return e.scopes[i], true
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

// tooLarge reports what no epoch and frame of its own would have room for, as
// far as a glance tells: to find out by trying costs an epoch.
func (s *SourceSpan) tooLarge() bool {
	text, ok := demandOf(s.Fields[:], s.Attributes)
	for i := range s.Parts {
		t, fits := demandOf(s.Parts[i].Fields[:], s.Parts[i].Attributes)
		text += t
		ok = ok && fits
	}
	return !ok || text > maxSpanText || len(s.Parts) > MaxParts
}

func (s *SourceScope) tooLarge() bool {
	text, ok := demandOf(s.Fields[:], s.Attributes)
	more, fits := demandOf(s.ResourceFields[:], s.ResourceAttributes)
	return !ok || !fits || text+more > maxSpanText
}

// demandOf is how much text a record has, and whether its shape is allowed.
func demandOf(fields []Value, attributes []Attribute) (text uint64, ok bool) {
	ok = len(fields)+len(attributes) <= MaxSlots
	for i := range fields {
		text += uint64(len(fields[i].Text))
	}
	for i := range attributes {
		v := &attributes[i].Value
		text += uint64(len(attributes[i].Key)) + v.cost()
		if v.Kind == List || v.Kind == Map {
			ok = ok && shallow(*v, MaxDepth)
		}
	}
	return text, ok
}
