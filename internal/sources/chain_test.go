package sources

import (
	"encoding/hex"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// chain is a trace's spans.
type chain []span

type span struct {
	ptrace.Span
	service string
}

func chainOf(td ptrace.Traces) (c chain) {
	for _, rs := range td.ResourceSpans().All() {
		service, _ := rs.Resource().Attributes().Get("service.name")
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				c = append(c, span{s, service.AsString()})
			}
		}
	}
	return c
}

// one is the only span of a service and kind, or nil.
func (c chain) one(service string, kind ptrace.SpanKind) (found *span) {
	for i := range c {
		if c[i].service != service || c[i].Kind() != kind {
			continue
		}
		if found != nil {
			return nil
		}
		found = &c[i]
	}
	return found
}

// below reports whether s descends from ancestor within its service.
func (c chain) below(s, ancestor *span) bool {
	for range c {
		if s.ParentSpanID() == ancestor.SpanID() {
			return true
		}
		if s = c.parent(s); s == nil {
			return false
		}
	}
	return false
}

func (c chain) parent(s *span) *span {
	for i := range c {
		if c[i].SpanID() == s.ParentSpanID() && c[i].service == s.service {
			return &c[i]
		}
	}
	return nil
}

func (s *span) failed() bool { return s.Status().Code() == ptrace.StatusCodeError }

// traceID reads one as Jaeger's API writes it, with 16 or 32 digits.
func traceID(digits string) (id pcommon.TraceID) {
	b, _ := hex.DecodeString(digits) // a wrong one is not found
	copy(id[len(id)-min(len(b), len(id)):], b)
	return id
}
