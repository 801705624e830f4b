package sdk

import (
	"fmt"
	"reflect"
	"runtime"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// limits are the span limits of OTel's SDK.
type limits struct{ sdktrace.SpanLimits }

// AddEvent adds an event; beyond the limit the oldest goes.
func (s *span) AddEvent(name string, options ...trace.EventOption) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&flagEnded == 0 {
		s.addEvent(name, options)
	}
}

func (s *span) addEvent(name string, options []trace.EventOption) {
	b := s.holdBody()
	if b == nil {
		return
	}
	c := trace.NewEventConfig(options...)
	e := sdktrace.Event{Name: name, Time: c.Timestamp()}
	e.Attributes, e.DroppedAttributeCount = s.provider.limits.few(c.Attributes(), s.provider.limits.AttributePerEventCountLimit)
	b.events, b.droppedEvents = appendBounded(b.events, e, s.provider.limits.EventCountLimit, b.droppedEvents)
}

// few holds an event's or a link's attributes to a limit.
func (l *limits) few(attributes []attribute.KeyValue, limit int) (kept []attribute.KeyValue, dropped int) {
	if limit == 0 {
		return nil, len(attributes)
	}
	if limit > 0 && len(attributes) > limit {
		attributes, dropped = attributes[:limit], len(attributes)-limit
	}
	for i, a := range attributes {
		switch a.Value.Type() {
		case attribute.SLICE, attribute.MAP:
			if kept == nil {
				kept = append(kept, attributes...)
			}
			deep := limits{l.SpanLimits}
			deep.AttributeValueLengthLimit = -1
			kept[i] = deep.normal(a)
		}
	}
	if kept != nil {
		return kept, dropped
	}
	return attributes, dropped
}

// appendBounded drops the oldest beyond the limit; a negative one is none.
func appendBounded[E any](list []E, e E, limit, dropped int) ([]E, int) {
	switch {
	case limit == 0:
		return list, dropped + 1
	case limit > 0 && len(list) >= limit:
		copy(list, list[1:])
		list[len(list)-1] = e
		return list, dropped + 1
	}
	return append(list, e), dropped
}

// AddLink adds a link, unless it says nothing.
func (s *span) AddLink(link trace.Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&flagEnded == 0 {
		s.addLink(link)
	}
}

func (s *span) addLink(link trace.Link) {
	if !link.SpanContext.IsValid() && len(link.Attributes) == 0 && link.SpanContext.TraceState().Len() == 0 {
		return
	}
	b := s.holdBody()
	if b == nil {
		return
	}
	l := sdktrace.Link{SpanContext: link.SpanContext}
	l.Attributes, l.DroppedAttributeCount = s.provider.limits.few(link.Attributes, s.provider.limits.AttributePerLinkCountLimit)
	b.links, b.droppedLinks = appendBounded(b.links, l, s.provider.limits.LinkCountLimit, b.droppedLinks)
}

// RecordError adds an exception event; it sets no status.
func (s *span) RecordError(err error, options ...trace.EventOption) {
	if err == nil || !s.IsRecording() {
		return
	}
	s.AddEvent(semconv.ExceptionEventName, exception(typeName(err), err.Error(), options)...)
}

// exception is what an exception event says, with the stack where it is asked
// for.
func exception(kind, message string, options []trace.EventOption) []trace.EventOption {
	c := trace.NewEventConfig(options...)
	attributes := []attribute.KeyValue{semconv.ExceptionType(kind), semconv.ExceptionMessage(message)}
	if c.StackTrace() {
		attributes = append(attributes, semconv.ExceptionStacktrace(stack()))
	}
	return append(options[:len(options):len(options)], trace.WithAttributes(attributes...))
}

func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.PkgPath() == "" && t.Name() == "" {
		return t.String()
	}
	return fmt.Sprintf("%s.%s", t.PkgPath(), t.Name())
}

// stackBytes is how much of a stack is recorded: enough for the frames that
// belong to the application.
const stackBytes = 8 << 10

func stack() string {
	b := make([]byte, stackBytes)
	return string(b[:runtime.Stack(b, false)])
}
