// Package wirepdata decides how pdata's traces become compact frames and frames
// pdata again, each without another form between.
package wirepdata

import (
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/wire"
)

// Encoder encodes one stream. It is not safe for concurrent use.
type Encoder struct {
	*wire.Encoder
	source source
}

// NewEncoder begins a stream.
func NewEncoder() *Encoder { return &Encoder{Encoder: wire.NewEncoder()} }

// Encode encodes all spans; what wire.Encoder.Encode says holds.
func (e *Encoder) Encode(td ptrace.Traces) ([]wire.Frame, error) {
	e.source.read(td)
	defer e.source.leave()
	return e.Encoder.Encode(&e.source)
}

// NewSource reads the spans where they are: they must not change meanwhile.
func NewSource(td ptrace.Traces) wire.Source {
	s := &source{}
	s.read(td)
	return s
}

// source is a batch, flattened.
type source struct {
	spans  []sourceSpan
	scopes []sourceScope
}

type sourceSpan struct {
	ptrace.Span
	scope int
}

type sourceScope struct {
	resource ptrace.ResourceSpans
	scope    ptrace.ScopeSpans
}

func (s *source) read(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			s.scopes = append(s.scopes, sourceScope{rs, ss})
			for _, span := range ss.Spans().All() {
				s.spans = append(s.spans, sourceSpan{span, len(s.scopes) - 1})
			}
		}
	}
}

// leave lets go of the batch.
func (s *source) leave() {
	clear(s.spans)
	clear(s.scopes)
	s.spans, s.scopes = s.spans[:0], s.scopes[:0]
}

// Len implements wire.Source.
func (s *source) Len() int { return len(s.spans) }

// Place implements wire.Source.
func (s *source) Place(i int) (traceID [16]byte, start, end uint64) {
	span := s.spans[i].Span
	return span.TraceID(), uint64(span.StartTimestamp()), uint64(span.EndTimestamp())
}

// Scope implements wire.Source.
func (s *source) Scope(i int, into *wire.SourceScope) {
	rs, ss := s.scopes[i].resource, s.scopes[i].scope
	into.ResourceFields[wire.ResourceSchemaURL] = wire.StringValue(rs.SchemaUrl())
	into.ResourceFields[wire.ResourceDroppedAttributes] = wire.IntValue(int64(rs.Resource().DroppedAttributesCount()))
	into.ResourceAttributes = attributesOf(into.ResourceAttributes[:0], rs.Resource().Attributes())
	into.Fields[wire.ScopeName] = wire.StringValue(ss.Scope().Name())
	into.Fields[wire.ScopeVersion] = wire.StringValue(ss.Scope().Version())
	into.Fields[wire.ScopeSchemaURL] = wire.StringValue(ss.SchemaUrl())
	into.Fields[wire.ScopeDroppedAttributes] = wire.IntValue(int64(ss.Scope().DroppedAttributesCount()))
	into.Attributes = attributesOf(into.Attributes[:0], ss.Scope().Attributes())
}

// Span implements wire.Source.
func (s *source) Span(i int, into *wire.SourceSpan) {
	span := s.spans[i].Span
	into.TraceID, into.SpanID, into.ParentID = span.TraceID(), span.SpanID(), span.ParentSpanID()
	into.Start, into.End = uint64(span.StartTimestamp()), uint64(span.EndTimestamp())
	into.Scope = s.spans[i].scope
	f := &into.Fields
	f[wire.SpanName] = wire.StringValue(span.Name())
	f[wire.SpanKind] = wire.IntValue(int64(span.Kind()))
	f[wire.SpanFlags] = wire.IntValue(int64(span.Flags()))
	f[wire.SpanTraceState] = wire.StringValue(span.TraceState().AsRaw())
	f[wire.SpanStatusCode] = wire.IntValue(int64(span.Status().Code()))
	f[wire.SpanStatusMessage] = wire.StringValue(span.Status().Message())
	f[wire.SpanDroppedAttributes] = wire.IntValue(int64(span.DroppedAttributesCount()))
	f[wire.SpanDroppedEvents] = wire.IntValue(int64(span.DroppedEventsCount()))
	f[wire.SpanDroppedLinks] = wire.IntValue(int64(span.DroppedLinksCount()))
	into.Attributes = attributesOf(into.Attributes[:0], span.Attributes())
	into.Parts = into.Parts[:0]
	for _, e := range span.Events().All() {
		readEvent(e, into.AddPart(wire.ClassEvent))
	}
	for _, l := range span.Links().All() {
		readLink(l, into.AddPart(wire.ClassLink))
	}
}

func readEvent(e ptrace.SpanEvent, into *wire.SourcePart) {
	into.Time = uint64(e.Timestamp())
	into.Fields[wire.EventName] = wire.StringValue(e.Name())
	into.Fields[wire.EventDroppedAttributes] = wire.IntValue(int64(e.DroppedAttributesCount()))
	into.Attributes = attributesOf(into.Attributes, e.Attributes())
}

func readLink(l ptrace.SpanLink, into *wire.SourcePart) {
	into.TraceID, into.SpanID = l.TraceID(), l.SpanID()
	into.Fields[wire.LinkTraceState] = wire.StringValue(l.TraceState().AsRaw())
	into.Fields[wire.LinkFlags] = wire.IntValue(int64(l.Flags()))
	into.Fields[wire.LinkDroppedAttributes] = wire.IntValue(int64(l.DroppedAttributesCount()))
	into.Attributes = attributesOf(into.Attributes, l.Attributes())
}

func attributesOf(to []wire.Attribute, m pcommon.Map) []wire.Attribute {
	to = slices.Grow(to, m.Len())[:m.Len()]
	i := 0
	for k, v := range m.All() {
		a := &to[i]
		a.Key = k
		if v.Type() == pcommon.ValueTypeStr { // nearly all
			a.Value.Kind, a.Value.Bits, a.Value.Text = wire.String, 0, v.Str()
		} else {
			a.Value = valueOf(v)
		}
		i++
	}
	return to
}

func valueOf(v pcommon.Value) wire.Value {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return wire.StringValue(v.Str())
	case pcommon.ValueTypeInt:
		return wire.IntValue(v.Int())
	case pcommon.ValueTypeBool:
		return wire.BoolValue(v.Bool())
	case pcommon.ValueTypeDouble:
		return wire.Value{Kind: wire.Double, Bits: math.Float64bits(v.Double())}
	case pcommon.ValueTypeBytes:
		return wire.BytesValue(v.Bytes().AsRaw())
	case pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
		return nested(v)
	}
	return wire.Value{}
}

func nested(v pcommon.Value) wire.Value {
	if v.Type() == pcommon.ValueTypeSlice {
		return wire.Value{Kind: wire.List, Text: string(appendSlice(nil, v.Slice()))}
	}
	return wire.Value{Kind: wire.Map, Text: string(appendMap(nil, v.Map()))}
}

func appendSlice(text []byte, s pcommon.Slice) []byte {
	for _, v := range s.All() {
		text = wire.AppendNested(text, wire.List, "", valueOf(v))
	}
	return text
}

func appendMap(text []byte, m pcommon.Map) []byte {
	for k, v := range m.All() {
		text = wire.AppendNested(text, wire.Map, k, valueOf(v))
	}
	return text
}
