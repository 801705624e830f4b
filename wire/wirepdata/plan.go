package wirepdata

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/wire"
)

// plan is a template as pdata: attributes to be copied at once, and where the
// open values go.
type plan struct {
	fields     []field // whose value is not zero
	openFields []int32 // the first open values are these fields
	attributes pcommon.Map
	open       []int // the next are these attributes

	of    *plan // a span's scope, a scope's resource
	place place
}

type field struct {
	of    int
	value wire.Value
}

// place is where a sink has spans of the scope, or the resource.
type place struct {
	sink     *sink
	spans    ptrace.SpanSlice
	resource ptrace.ResourceSpans
}

func planOf(t *wire.Template) *plan {
	if p, ok := t.Cache.(*plan); ok {
		return p
	}
	p := newPlan(t)
	if t.Cache != nil || t.Class() == wire.ClassScope || t.Class() == wire.ClassResource {
		t.Cache = p
	} else {
		t.Cache = usedOnce
	}
	return p
}

// usedOnce marks a template whose plan is kept if it comes again: many do not.
const usedOnce = "once"

func newPlan(t *wire.Template) *plan {
	n := t.Class().Fields()
	p := &plan{}
	if t.Scope() != nil {
		p.of = planOf(t.Scope())
	}
	for i := range n {
		if v := t.Value(i); v.Bits != 0 || v.Text != "" {
			p.fields = append(p.fields, field{i, v})
		}
	}
	for _, i := range t.Variable() {
		if int(i) < n {
			p.openFields = append(p.openFields, i)
		} else {
			p.open = append(p.open, int(i)-n)
		}
	}
	p.attributes = attributesFrom(t, n)
	return p
}

func attributesFrom(t *wire.Template, from int) pcommon.Map {
	m := pcommon.NewMap()
	keysOf(t, from).CopyTo(m)
	at := from
	for _, v := range m.All() {
		setValue(t.Value(at), v)
		at++
	}
	return m
}

// keysOf are the shape's keys, which all its templates share.
func keysOf(t *wire.Template, from int) pcommon.Map {
	cache := t.ShapeCache()
	if m, ok := (*cache).(pcommon.Map); ok {
		return m
	}
	keys := make([]string, 0, t.Len()-from)
	for i := from; i < t.Len(); i++ {
		keys = append(keys, t.Key(i))
	}
	m := emptyMap(keys)
	*cache = m
	return m
}

// field is a field's value.
func (p *plan) field(i int, open []wire.Value) (v wire.Value) {
	for at, f := range p.openFields {
		if int(f) == i {
			return open[at]
		}
	}
	for at := range p.fields {
		if p.fields[at].of == i {
			return p.fields[at].value
		}
	}
	return v
}

func (p *plan) setAttributes(open []wire.Value, to pcommon.Map) {
	p.attributes.CopyTo(to)
	if len(p.open) == 0 {
		return
	}
	open = open[len(p.openFields):]
	at, next := 0, 0
	for _, v := range to.All() {
		if at == p.open[next] {
			setValue(open[next], v)
			if next++; next == len(p.open) {
				return
			}
		}
		at++
	}
}

func (p *plan) setSpan(open []wire.Value, to ptrace.Span) {
	for i := range p.fields {
		setSpanField(p.fields[i].of, &p.fields[i].value, to)
	}
	for at, i := range p.openFields {
		setSpanField(int(i), &open[at], to)
	}
}

func setSpanField(field int, v *wire.Value, to ptrace.Span) {
	switch field {
	case wire.SpanName:
		to.SetName(v.Text)
	case wire.SpanKind:
		to.SetKind(ptrace.SpanKind(int32(v.Bits)))
	case wire.SpanFlags:
		to.SetFlags(uint32(v.Bits))
	case wire.SpanTraceState:
		to.TraceState().FromRaw(v.Text)
	case wire.SpanStatusCode:
		to.Status().SetCode(ptrace.StatusCode(int32(v.Bits)))
	case wire.SpanStatusMessage:
		to.Status().SetMessage(v.Text)
	case wire.SpanDroppedAttributes:
		to.SetDroppedAttributesCount(uint32(v.Bits))
	case wire.SpanDroppedEvents:
		to.SetDroppedEventsCount(uint32(v.Bits))
	case wire.SpanDroppedLinks:
		to.SetDroppedLinksCount(uint32(v.Bits))
	}
}

func (p *plan) setEvent(open []wire.Value, to ptrace.SpanEvent) {
	to.SetName(p.field(wire.EventName, open).Text)
	to.SetDroppedAttributesCount(uint32(p.field(wire.EventDroppedAttributes, open).Bits))
}

func (p *plan) setLink(open []wire.Value, to ptrace.SpanLink) {
	to.TraceState().FromRaw(p.field(wire.LinkTraceState, open).Text)
	to.SetFlags(uint32(p.field(wire.LinkFlags, open).Bits))
	to.SetDroppedAttributesCount(uint32(p.field(wire.LinkDroppedAttributes, open).Bits))
}
