package sdk

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// Methods of sdktrace.ReadOnlySpan on a live span, for processors. Once the
// span was exported its attributes, events and links are gone from here.

// Name is the span's name as it is now.
func (s *span) Name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.name
}

// Parent is invalid for a root.
func (s *span) Parent() trace.SpanContext { return s.parentContext() }

// SpanKind is the span's kind.
func (s *span) SpanKind() trace.SpanKind { return s.traits.kind() }

// StartTime is when the span started.
func (s *span) StartTime() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Unix(0, s.start())
}

// EndTime is zero while the span lives.
func (s *span) EndTime() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&flagEnded == 0 {
		return time.Time{}
	}
	return time.Unix(0, s.end())
}

// Attributes are a copy of what was set so far.
func (s *span) Attributes() []attribute.KeyValue {
	var r Record
	s.copyBody(&r)
	return r.attributes
}

// Events are a copy of what was added so far.
func (s *span) Events() []sdktrace.Event {
	var r Record
	s.copyBody(&r)
	return r.events
}

// Links are a copy of what was added so far.
func (s *span) Links() []sdktrace.Link {
	var r Record
	s.copyBody(&r)
	return r.links
}

// Status is the status as it is now.
func (s *span) Status() sdktrace.Status {
	var r Record
	s.copyBody(&r)
	return sdktrace.Status{Code: r.statusCode, Description: r.description}
}

// InstrumentationScope is the tracer's.
func (s *span) InstrumentationScope() instrumentation.Scope { return s.instrumentation }

// InstrumentationLibrary is the older name of InstrumentationScope.
func (s *span) InstrumentationLibrary() instrumentation.Library { //nolint:staticcheck // OTel's interface has it
	return s.instrumentation
}

// Resource is the provider's.
func (s *span) Resource() *resource.Resource { return s.provider.resource }

// DroppedAttributes is how many attributes the limits refused so far.
func (s *span) DroppedAttributes() int {
	var r Record
	s.copyBody(&r)
	return r.droppedAttributes
}

// DroppedLinks is how many links the limits refused so far.
func (s *span) DroppedLinks() int {
	var r Record
	s.copyBody(&r)
	return r.droppedLinks
}

// DroppedEvents is how many events the limits refused so far.
func (s *span) DroppedEvents() int {
	var r Record
	s.copyBody(&r)
	return r.droppedEvents
}

// ChildSpanCount is how many children were started so far.
func (s *span) ChildSpanCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.children)
}

// copyBody copies what the body holds.
func (s *span) copyBody(r *Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.statusCode = codes.Code(s.statusCode)
	r.attributes, r.events, r.links = []attribute.KeyValue{}, []sdktrace.Event{}, []sdktrace.Link{}
	b := s.body
	if b == nil {
		return
	}
	r.attributes = append(append(r.attributes, b.attributes...), b.inline[:b.inlined]...)
	r.finishAttributes()
	r.events = append(r.events, b.events...)
	r.links = append(r.links, b.links...)
	r.description = b.description
	r.droppedAttributes, r.droppedEvents, r.droppedLinks = b.droppedAttributes, b.droppedEvents, b.droppedLinks
}

// snapshot is the ended span as processors get it: with the flag of the local
// trace's successes, or as one that is kept whatever the rate.
func (s *span) snapshot(kept bool) *Record {
	r := &Record{}
	s.copyBody(r)
	head := s.root.head()
	v := sampler.Verdict{Export: head.Sampled, Weighted: head.Sampled && head.Weighted, Threshold: head.Threshold}
	if kept {
		v = sampler.Verdict{Export: true, Weighted: true}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.describe(r, v)
	return r
}

// silentSpan hands a trace on of which nothing is recorded.
type silentSpan struct {
	noop.Span
	scope       *scope
	spanContext trace.SpanContext
}

func (s silentSpan) SpanContext() trace.SpanContext       { return s.spanContext }
func (s silentSpan) TracerProvider() trace.TracerProvider { return s.scope.provider }
