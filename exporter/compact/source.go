package compact

import (
	"math"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/wire"
)

// Source shows finished spans as the encoder reads them: what OTLP's exporter
// would send of each. Nothing is copied before.
type Source struct {
	spans  []sdktrace.ReadOnlySpan
	of     []int // each span's scope
	scopes []scope
	known  map[scope]int
}

// scope is an instrumentation scope with its resource.
type scope struct {
	resource        *resource.Resource
	instrumentation instrumentation.Scope
}

var _ wire.Source = (*Source)(nil)

// Read begins with other spans. They are the caller's, and must stay as they
// are as long as the Source is read.
func (s *Source) Read(spans []sdktrace.ReadOnlySpan) {
	s.Forget()
	for _, span := range spans {
		if span != nil {
			s.spans = append(s.spans, span)
			s.of = append(s.of, s.scopeOf(span))
		}
	}
}

// Forget lets go of the spans.
func (s *Source) Forget() {
	clear(s.spans)
	clear(s.scopes)
	clear(s.known)
	s.spans, s.of, s.scopes = s.spans[:0], s.of[:0], s.scopes[:0]
}

// scopeOf is mostly that of the span before.
func (s *Source) scopeOf(span sdktrace.ReadOnlySpan) int {
	now := scope{span.Resource(), span.InstrumentationScope()}
	if n := len(s.of); n > 0 && s.scopes[s.of[n-1]] == now {
		return s.of[n-1]
	}
	if at, ok := s.known[now]; ok {
		return at
	}
	if s.known == nil {
		s.known = map[scope]int{}
	}
	s.known[now] = len(s.scopes)
	s.scopes = append(s.scopes, now)
	return s.known[now]
}

// Len implements wire.Source.
func (s *Source) Len() int { return len(s.spans) }

// Place implements wire.Source.
func (s *Source) Place(i int) (traceID [16]byte, start, end uint64) {
	span := s.spans[i]
	return span.SpanContext().TraceID(), nanos(span.StartTime()), nanos(span.EndTime())
}

// Scope implements wire.Source.
func (s *Source) Scope(i int, into *wire.SourceScope) {
	r, is := s.scopes[i].resource, &s.scopes[i].instrumentation
	into.ResourceFields[wire.ResourceSchemaURL] = wire.StringValue(valid(r.SchemaURL()))
	into.ResourceFields[wire.ResourceDroppedAttributes] = wire.IntValue(0)
	into.ResourceAttributes = attributesOfSet(into.ResourceAttributes[:0], r.Set())
	into.Fields[wire.ScopeName] = wire.StringValue(valid(is.Name))
	into.Fields[wire.ScopeVersion] = wire.StringValue(valid(is.Version))
	into.Fields[wire.ScopeSchemaURL] = wire.StringValue(valid(is.SchemaURL))
	into.Fields[wire.ScopeDroppedAttributes] = wire.IntValue(0)
	into.Attributes = attributesOfSet(into.Attributes[:0], &is.Attributes)
}

// Span implements wire.Source.
func (s *Source) Span(i int, into *wire.SourceSpan) {
	span := s.spans[i]
	sc, parent, status := span.SpanContext(), span.Parent(), span.Status()
	into.TraceID, into.SpanID, into.ParentID = sc.TraceID(), sc.SpanID(), parent.SpanID()
	into.Start, into.End, into.Scope = nanos(span.StartTime()), nanos(span.EndTime()), s.of[i]
	f := &into.Fields
	f[wire.SpanName] = wire.StringValue(valid(span.Name()))
	f[wire.SpanKind] = wire.IntValue(kindOf(span.SpanKind()))
	f[wire.SpanFlags] = wire.IntValue(flagsOf(sc, parent))
	f[wire.SpanTraceState] = wire.StringValue(valid(stateOf(span, sc)))
	f[wire.SpanStatusCode] = wire.IntValue(codeOf(status.Code))
	f[wire.SpanStatusMessage] = wire.StringValue(valid(status.Description))
	f[wire.SpanDroppedAttributes] = wire.IntValue(dropped(span.DroppedAttributes()))
	f[wire.SpanDroppedEvents] = wire.IntValue(dropped(span.DroppedEvents()))
	f[wire.SpanDroppedLinks] = wire.IntValue(dropped(span.DroppedLinks()))
	into.Attributes = attributesOf(into.Attributes, span.Attributes())
	into.Parts = into.Parts[:0]
	for _, e := range span.Events() {
		readEvent(&e, into.AddPart(wire.ClassEvent))
	}
	for _, l := range span.Links() {
		readLink(&l, into.AddPart(wire.ClassLink))
	}
}

func readEvent(e *sdktrace.Event, into *wire.SourcePart) {
	into.Time = nanos(e.Time)
	into.Fields[wire.EventName] = wire.StringValue(valid(e.Name))
	into.Fields[wire.EventDroppedAttributes] = wire.IntValue(dropped(e.DroppedAttributeCount))
	into.Attributes = attributesOf(into.Attributes, e.Attributes)
}

// readLink leaves the link's tracestate out, as OTLP's exporter does.
func readLink(l *sdktrace.Link, into *wire.SourcePart) {
	into.TraceID, into.SpanID = l.SpanContext.TraceID(), l.SpanContext.SpanID()
	into.Fields[wire.LinkTraceState] = wire.StringValue("")
	into.Fields[wire.LinkFlags] = wire.IntValue(flagsOf(l.SpanContext, l.SpanContext))
	into.Fields[wire.LinkDroppedAttributes] = wire.IntValue(dropped(l.DroppedAttributeCount))
	into.Attributes = attributesOf(into.Attributes, l.Attributes)
}

// stateOf takes the text where the span has it, as those of package sdk do.
func stateOf(span sdktrace.ReadOnlySpan, sc trace.SpanContext) string {
	if s, ok := span.(interface{ TraceState() string }); ok {
		return s.TraceState()
	}
	return sc.TraceState().String()
}

// Bits of OTLP's flags beside those of W3C: whether the parent, or the linked
// span, is of another process, and that it is known.
const (
	flagRemoteKnown = 0x100
	flagRemote      = 0x200
)

func flagsOf(sc, parent trace.SpanContext) int64 {
	flags := int64(sc.TraceFlags()) | flagRemoteKnown
	if parent.IsRemote() {
		flags |= flagRemote
	}
	return flags
}

// kindOf: OTLP has the same numbers.
func kindOf(k trace.SpanKind) int64 {
	if k < trace.SpanKindInternal || k > trace.SpanKindConsumer {
		return 0
	}
	return int64(k)
}

// codeOf is OTLP's number.
func codeOf(c codes.Code) int64 {
	switch c {
	case codes.Ok:
		return 1
	case codes.Error:
		return 2
	}
	return 0
}

func nanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

func dropped(n int) int64 { return min(max(int64(n), 0), math.MaxUint32) }
