package query

import (
	"context"
	"fmt"
	"maps"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/storage"
)

// derivedTags are those that Jaeger shows of a span and OTLP keeps in fields: a
// store does not find them as attributes.
var derivedTags = map[string]func(ptrace.Span, pcommon.InstrumentationScope) string{
	"span.kind":               func(s ptrace.Span, _ pcommon.InstrumentationScope) string { return spanKind(s.Kind()) },
	"otel.status_code":        func(s ptrace.Span, _ pcommon.InstrumentationScope) string { return statusCode(s.Status().Code()) },
	"otel.status_description": func(s ptrace.Span, _ pcommon.InstrumentationScope) string { return s.Status().Message() },
	"otel.scope.name":         func(_ ptrace.Span, s pcommon.InstrumentationScope) string { return s.Name() },
	"otel.scope.version":      func(_ ptrace.Span, s pcommon.InstrumentationScope) string { return s.Version() },
	"w3c.tracestate":          func(s ptrace.Span, _ pcommon.InstrumentationScope) string { return s.TraceState().AsRaw() },
}

const (
	candidatePage  = 200 // traces that are asked for at a time
	candidatePages = 20  // and how often, at most
)

// candidates looks through what meets the rest of a search for traces with a
// span that has the derived tags too. It says so where it gave up.
func (s *Server) candidates(ctx context.Context, q storage.Query) (found []ptrace.Traces, note string, err error) {
	asked, seen := q, map[pcommon.TraceID]bool{}
	asked.Limit, asked.Attributes = candidatePage, withoutDerived(q.Attributes)
	for range candidatePages {
		matches, err := s.matches(ctx, asked)
		if err != nil {
			return nil, "", fmt.Errorf("search traces: %w", err)
		}
		fresh := unseen(matches, seen)
		if found, err = s.appendMeeting(ctx, found, fresh, q); err != nil {
			return nil, "", err
		}
		if len(matches) < candidatePage || s.enough(found, q) {
			return found, "", nil
		}
		asked.Window.To = older(matches[len(matches)-1].Start, len(fresh) > 0)
	}
	return found, fmt.Sprintf("only the newest %d traces were looked through: add a condition or narrow the time", candidatePage*candidatePages), nil
}

// appendMeeting adds the traces that meet q until there are enough.
func (s *Server) appendMeeting(ctx context.Context, found []ptrace.Traces, ids []pcommon.TraceID, q storage.Query) ([]ptrace.Traces, error) {
	for i := 0; i < len(ids) && !s.enough(found, q); i++ {
		read, err := s.read(ctx, ids[i:i+1])
		if err != nil {
			return nil, err
		}
		if len(read) > 0 && meets(read[0], q) {
			found = append(found, read[0])
		}
	}
	return found, nil
}

func (s *Server) enough(found []ptrace.Traces, q storage.Query) bool {
	return len(found) >= q.Limit || spans(found) >= s.options.MaxSpans
}

// older is where the next page ends: at the same instant as long as that leads on.
func older(last time.Time, again bool) time.Time {
	if again {
		return last.Add(time.Nanosecond)
	}
	return last
}

func unseen(matches []storage.Match, seen map[pcommon.TraceID]bool) (fresh []pcommon.TraceID) {
	for _, m := range matches {
		if !seen[m.TraceID] {
			seen[m.TraceID] = true
			fresh = append(fresh, m.TraceID)
		}
	}
	return fresh
}

func hasDerived(attributes map[string]string) bool {
	return len(withoutDerived(attributes)) < len(attributes)
}

func withoutDerived(attributes map[string]string) map[string]string {
	rest := maps.Clone(attributes)
	maps.DeleteFunc(rest, func(key, _ string) bool { return derivedTags[key] != nil })
	return rest
}

// meets reports whether one span of td meets all of q, derived tags included.
func meets(td ptrace.Traces, q storage.Query) bool {
	for _, rs := range td.ResourceSpans().All() {
		if !sameService(q.Service, calltree.ServiceOf(rs.Resource())) {
			continue
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if meetsFields(s, q) && meetsTags(s, ss.Scope(), rs.Resource(), q.Attributes) {
					return true
				}
			}
		}
	}
	return false
}

func sameService(asked, s callgraph.Service) bool {
	return (asked.Name == "" || asked.Name == s.Name) && (asked.Environment == "" || asked.Environment == s.Environment) &&
		(asked.Namespace == "" || asked.Namespace == s.Namespace)
}

func meetsFields(s ptrace.Span, q storage.Query) bool {
	took := s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime())
	return (q.Operation == "" || q.Operation == s.Name()) &&
		(!q.Failed || s.Status().Code() == ptrace.StatusCodeError) &&
		took >= q.MinDuration && (q.MaxDuration == 0 || took <= q.MaxDuration) &&
		q.Window.Contains(s.StartTimestamp().AsTime())
}

func meetsTags(s ptrace.Span, scope pcommon.InstrumentationScope, resource pcommon.Resource, tags map[string]string) bool {
	for key, want := range tags {
		if derive := derivedTags[key]; derive != nil && derive(s, scope) == want || failedTag(key, want) && s.Status().Code() == ptrace.StatusCodeError {
			continue
		}
		if !has(s.Attributes(), key, want) && !has(scope.Attributes(), key, want) && !has(resource.Attributes(), key, want) {
			return false
		}
	}
	return true
}

func has(attributes pcommon.Map, key, want string) bool {
	v, ok := attributes.Get(key)
	return ok && v.AsString() == want
}
