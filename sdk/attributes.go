package sdk

import (
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

// SetAttributes sets attributes; of equal keys the last holds. Beyond the
// limit new keys are dropped and counted.
func (s *span) SetAttributes(attributes ...attribute.KeyValue) {
	if len(attributes) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&flagEnded != 0 {
		return
	}
	if b := s.holdBody(); b != nil {
		b.setAttributes(&s.provider.limits, attributes)
	}
}

// setAttributes keeps duplicates, which are sorted out once the span is
// exported; unless they could meet the limit.
func (r *Record) setAttributes(l *limits, attributes []attribute.KeyValue) {
	if l.AttributeCountLimit == 0 {
		r.droppedAttributes += len(attributes)
		return
	}
	if l.AttributeCountLimit > 0 && len(r.attributes)+r.inlined+len(attributes) > l.AttributeCountLimit {
		r.setOverLimit(l, attributes)
		return
	}
	if r.inlined+len(attributes) > len(r.inline) {
		r.attributes = slices.Grow(r.attributes, r.inlined+len(attributes))
		r.unite()
		for i := range attributes {
			if a := &attributes[i]; r.valid(a) {
				r.attributes = append(r.attributes, l.normal(*a))
			}
		}
		return
	}
	for i := range attributes {
		a := &attributes[i]
		if !r.valid(a) {
			continue
		}
		into := &r.inline[r.inlined]
		r.inlined++
		if *into = *a; l.touches(a) {
			into.Value = l.value(into.Value, l.AttributeValueDepthLimit)
		}
	}
}

func (r *Record) valid(a *attribute.KeyValue) bool {
	if !a.Valid() {
		r.droppedAttributes++
		return false
	}
	return true
}

// startAttributes takes over the slice that the span's start made.
func (r *Record) startAttributes(l *limits, attributes []attribute.KeyValue) {
	for i := range attributes {
		if !attributes[i].Valid() || l.touches(&attributes[i]) {
			r.setAttributes(l, attributes)
			return
		}
	}
	if l.AttributeCountLimit >= 0 && len(attributes) > l.AttributeCountLimit {
		r.setAttributes(l, attributes)
		return
	}
	r.attributes = attributes
}

// setOverLimit sorts duplicates out first: only new keys meet the limit.
func (r *Record) setOverLimit(l *limits, attributes []attribute.KeyValue) {
	r.unite()
	index := make(map[attribute.Key]int, len(r.attributes))
	r.attributes = distinct(r.attributes, index)
	for _, a := range attributes {
		if !r.valid(&a) {
			continue
		}
		if i, known := index[a.Key]; known {
			r.attributes[i] = l.normal(a)
			continue
		}
		if len(r.attributes) >= l.AttributeCountLimit {
			r.droppedAttributes++
			continue
		}
		index[a.Key] = len(r.attributes)
		r.attributes = append(r.attributes, l.normal(a))
	}
}

// unite moves the inline attributes behind the others.
func (r *Record) unite() {
	r.attributes = append(r.attributes, r.inline[:r.inlined]...)
	clear(r.inline[:r.inlined])
	r.inlined = 0
}

// distinct leaves of equal keys the last value, in the first one's place.
func distinct(attributes []attribute.KeyValue, index map[attribute.Key]int) []attribute.KeyValue {
	unique := attributes[:0]
	for _, a := range attributes {
		if i, known := index[a.Key]; known {
			unique[i] = a
			continue
		}
		index[a.Key] = len(unique)
		unique = append(unique, a)
	}
	clear(attributes[len(unique):])
	return unique
}

// fewAttributes are compared with each other; more are hashed.
const fewAttributes = 24

// finishAttributes makes one slice without duplicates: of the inline ones in
// their place, else in a buffer that stays with the record. Either has room for
// a few more.
func (r *Record) finishAttributes() {
	all := r.inline[:r.inlined]
	if len(r.attributes) > 0 {
		n := len(r.attributes) + r.inlined
		r.buffer = slices.Grow(r.buffer[:0], n+ownAttributes)
		all = append(append(r.buffer, r.attributes...), all...)
		r.buffer = all
	}
	switch {
	case differ(all):
	case len(all) > fewAttributes:
		all = distinct(all, make(map[attribute.Key]int, len(all)))
	default:
		all = distinctFew(all)
	}
	r.attributes = all
}

// differ is true where a glance shows that no two keys are equal.
func differ(attributes []attribute.KeyValue) bool {
	seen := uint64(0)
	for i := range attributes {
		k := attributes[i].Key
		bit := uint64(1) << ((uint(len(k))*7 + uint(k[len(k)-1]) + uint(k[len(k)/2])<<3) % 64)
		if seen&bit != 0 {
			return false
		}
		seen |= bit
	}
	return true
}

func distinctFew(attributes []attribute.KeyValue) []attribute.KeyValue {
	unique := attributes[:0]
	for _, a := range attributes {
		if i := slices.IndexFunc(unique, func(u attribute.KeyValue) bool { return u.Key == a.Key }); i >= 0 {
			unique[i] = a
			continue
		}
		unique = append(unique, a)
	}
	return unique
}

// touches reports whether normal may change the attribute.
func (l *limits) touches(a *attribute.KeyValue) bool {
	switch a.Value.Type() {
	case attribute.SLICE, attribute.MAP:
		return true
	}
	return l.AttributeValueLengthLimit >= 0
}

// normal holds the attribute to the limits of values.
func (l *limits) normal(a attribute.KeyValue) attribute.KeyValue {
	if l.touches(&a) {
		a.Value = l.value(a.Value, l.AttributeValueDepthLimit)
	}
	return a
}

// value cuts strings, leaves out what is nested too deep (depth below zero is
// no limit) and of a map's equal keys all but the last.
func (l *limits) value(v attribute.Value, depth int) attribute.Value {
	switch v.Type() {
	case attribute.STRING:
		return attribute.StringValue(l.cut(v.AsString()))
	case attribute.BYTESLICE:
		if b := v.AsByteSlice(); l.AttributeValueLengthLimit >= 0 && len(b) > l.AttributeValueLengthLimit {
			return attribute.ByteSliceValue(b[:l.AttributeValueLengthLimit])
		}
	case attribute.STRINGSLICE:
		list := v.AsStringSlice()
		for i := range list {
			list[i] = l.cut(list[i])
		}
		return attribute.StringSliceValue(list)
	case attribute.SLICE:
		if depth == 0 {
			return attribute.Value{}
		}
		list := v.AsSlice()
		for i := range list {
			list[i] = l.nested(list[i], depth-1)
		}
		return attribute.SliceValue(list...)
	case attribute.MAP:
		if depth == 0 {
			return attribute.Value{}
		}
		list := v.AsMap()
		for i := range list {
			list[i].Value = l.nested(list[i].Value, depth-1)
		}
		return attribute.MapValue(distinct(list, make(map[attribute.Key]int, len(list)))...)
	}
	return v
}

// nested is a value inside of another.
func (l *limits) nested(v attribute.Value, depth int) attribute.Value {
	switch v.Type() {
	case attribute.BOOLSLICE, attribute.INT64SLICE, attribute.FLOAT64SLICE, attribute.STRINGSLICE, attribute.BYTESLICE:
		if depth == 0 {
			return attribute.Value{}
		}
	}
	return l.value(v, depth)
}

// cut leaves as many characters as the limit allows; of a string that is too
// long, bytes that are no UTF-8 are left out.
func (l *limits) cut(s string) string {
	limit := l.AttributeValueLengthLimit
	if limit < 0 || len(s) <= limit {
		return s
	}
	if !utf8.ValidString(s) {
		s = string(slices.DeleteFunc([]rune(s), func(r rune) bool { return r == utf8.RuneError }))
	}
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}
