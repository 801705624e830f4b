package replay

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/freshid"
)

// rewriting is what changes in a record before it is sent.
type rewriting struct {
	ids   freshid.Generation
	shift time.Duration
}

func (w rewriting) apply(td ptrace.Traces) {
	if w == (rewriting{}) {
		return
	}
	for s := range spansOf(td) {
		w.span(s)
	}
}

func (w rewriting) span(s ptrace.Span) {
	s.SetTraceID(w.ids.TraceID(s.TraceID()))
	s.SetSpanID(w.ids.SpanID(s.SpanID()))
	s.SetParentSpanID(w.ids.SpanID(s.ParentSpanID()))
	s.SetStartTimestamp(w.time(s.StartTimestamp()))
	s.SetEndTimestamp(w.time(s.EndTimestamp()))
	for _, e := range s.Events().All() {
		e.SetTimestamp(w.time(e.Timestamp()))
	}
	for _, l := range s.Links().All() {
		l.SetTraceID(w.ids.TraceID(l.TraceID()))
		l.SetSpanID(w.ids.SpanID(l.SpanID()))
	}
}

// time leaves 0, which says that there is none, and never goes below 1.
func (w rewriting) time(t pcommon.Timestamp) pcommon.Timestamp {
	if t == 0 {
		return 0
	}
	if w.shift < 0 && t <= pcommon.Timestamp(-w.shift) {
		return 1
	}
	return t + pcommon.Timestamp(w.shift)
}

func spansOf(td ptrace.Traces) func(yield func(ptrace.Span) bool) {
	return func(yield func(ptrace.Span) bool) {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if !yield(s) {
						return
					}
				}
			}
		}
	}
}

// newest is when the last span of a record ended, which is about when it was
// recorded; the zero time for a record without spans.
func newest(td ptrace.Traces) (t time.Time) {
	for s := range spansOf(td) {
		if end := s.EndTimestamp().AsTime(); s.EndTimestamp() != 0 && end.After(t) {
			t = end
		}
	}
	return t
}
