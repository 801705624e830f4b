package main

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// span is what the join needs of a span.
type span struct {
	trace   pcommon.TraceID
	id      pcommon.SpanID
	parent  pcommon.SpanID
	links   []place
	kind    ptrace.SpanKind
	service service
	name    string
	start   pcommon.Timestamp
	end     time.Time
	failed  bool
	peer    string
}

// place is where a span is in its trace.
type place struct {
	trace pcommon.TraceID
	id    pcommon.SpanID
}

// service is environment, namespace and name.
type service struct{ environment, namespace, name string }

func (s *span) exit() bool {
	return s.kind == ptrace.SpanKindClient || s.kind == ptrace.SpanKindProducer
}

func (s *span) entry() bool {
	return s.kind == ptrace.SpanKindServer || s.kind == ptrace.SpanKindConsumer
}

func (s *span) operation() operation { return operation{service: s.service, name: s.name} }

func appendSpans(spans []span, td ptrace.Traces) []span {
	for _, rs := range td.ResourceSpans().All() {
		of := serviceOf(rs.Resource().Attributes().AsRaw())
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if !s.TraceID().IsEmpty() && !s.SpanID().IsEmpty() {
					spans = append(spans, newSpan(s, of))
				}
			}
		}
	}
	return spans
}

func newSpan(s ptrace.Span, of service) span {
	facts := s.Attributes().AsRaw()
	r := span{
		trace: s.TraceID(), id: s.SpanID(), parent: s.ParentSpanID(),
		kind: s.Kind(), service: of, name: s.Name(), start: s.StartTimestamp(), end: s.EndTimestamp().AsTime(),
	}
	r.failed = failed(&r, s, facts)
	if r.exit() {
		r.peer = peerName(r.kind, facts)
	}
	for _, l := range s.Links().All() {
		r.links = append(r.links, place{l.TraceID(), l.SpanID()})
	}
	return r
}

func serviceOf(resource map[string]any) service {
	return service{
		environment: first(resource, "deployment.environment.name", "deployment.environment"),
		namespace:   first(resource, "service.namespace"),
		name:        or(first(resource, "service.name"), "unknown_service"),
	}
}

// first is the first of the attributes that is a string with something in it.
func first(attributes map[string]any, keys ...string) string {
	for _, key := range keys {
		if s, ok := attributes[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
