package calltree

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

// Facts is what a span's attributes and exceptions say, and its status. Its
// strings point into pdata.
func Facts(span ptrace.Span) (*spanfact.Facts, spanfact.Status) {
	f := factsOf(span)
	NoteExceptions(f, span)
	return f, StatusOf(span)
}

// factsOf looks at every attribute once. Its strings point into pdata.
func factsOf(span ptrace.Span) *spanfact.Facts {
	f := spanfact.New(spanfact.Kind(kindOf(span)))
	for key, value := range span.Attributes().All() {
		Note(&f, key, value)
	}
	return &f
}

// Note gives Facts an attribute.
func Note(f *spanfact.Facts, key string, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		f.NoteString(key, v.Str())
	case pcommon.ValueTypeInt:
		f.NoteInt(key, v.Int())
	case pcommon.ValueTypeDouble:
		f.NoteFloat(key, v.Double())
	case pcommon.ValueTypeBool:
		f.NoteBool(key, v.Bool())
	default:
		f.NoteName(key)
	}
}

// NoteExceptions looks at the events too, which only the outcome depends on.
func NoteExceptions(f *spanfact.Facts, span ptrace.Span) {
	for _, event := range span.Events().All() {
		if event.Name() != spanfact.ExceptionEvent {
			continue
		}
		var kind string
		if v, ok := event.Attributes().Get(spanfact.ExceptionType); ok {
			kind = v.Str()
		}
		v, ok := event.Attributes().Get(spanfact.ExceptionEscaped)
		f.NoteException(kind, ok && truth(v))
	}
}

// truth takes what exporters write for true.
func truth(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeBool:
		return v.Bool()
	case pcommon.ValueTypeStr:
		return v.Str() == "true" || v.Str() == "1"
	default:
		return false
	}
}
