package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Search implements storage.TraceReader. It reads candidates by falling start
// of their newest span and stops when no later one can be among the newest.
func (b *Backend) Search(ctx context.Context, q storage.Query) ([]storage.Match, error) {
	entries, err := b.candidates(ctx, q)
	if err != nil {
		return nil, err
	}
	found := matches{}
	for _, e := range entries {
		if found.enough(q.Limit, e.Newest) {
			break
		}
		td, err := b.frame(e)
		if err != nil {
			return nil, err
		}
		found.add(td, q)
	}
	return found.newest(q.Limit), b.ready(ctx)
}

func (b *Backend) candidates(ctx context.Context, q storage.Query) ([]located, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	if q.Limit < 1 {
		return nil, fmt.Errorf("search with limit %d: it must be at least 1", q.Limit)
	}
	entries, err := b.journal(time.Time{})
	entries = slices.DeleteFunc(entries, func(e located) bool { return outside(e, q.Window) })
	slices.SortFunc(entries, func(x, y located) int { return cmp.Compare(y.Newest, x.Newest) })
	return entries, err
}

// outside says that no span of the entry can start in the window.
func outside(e located, w callgraph.Window) bool {
	return w != callgraph.Window{} && (e.Newest < nanos(w.From) || e.Oldest > nanos(w.To))
}

func inWindow(w callgraph.Window, t time.Time) bool { return w == callgraph.Window{} || w.Contains(t) }

// matches are the start of each trace's newest span that met the query.
type matches map[pcommon.TraceID]time.Time

// enough says whether the limit is met by traces that no span which starts at
// or before next can displace.
func (m matches) enough(limit int, next int64) bool {
	n := 0
	for _, start := range m {
		if start.UnixNano() >= next {
			n++
		}
	}
	return n >= limit
}

func (m matches) add(td ptrace.Traces, q storage.Query) {
	for _, rs := range td.ResourceSpans().All() {
		if !serviceMatches(q.Service, calltree.ServiceOf(rs.Resource())) {
			continue
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if spanMatches(q, s) && attributesMatch(q, s.Attributes(), ss.Scope().Attributes(), rs.Resource().Attributes()) {
					m.note(s.TraceID(), s.StartTimestamp().AsTime())
				}
			}
		}
	}
}

func (m matches) note(id pcommon.TraceID, start time.Time) {
	if known, ok := m[id]; !ok || start.After(known) {
		m[id] = start
	}
}

func (m matches) newest(limit int) []storage.Match {
	all := make([]storage.Match, 0, len(m))
	for id, start := range m {
		all = append(all, storage.Match{TraceID: id, Start: start})
	}
	slices.SortFunc(all, func(x, y storage.Match) int {
		return cmp.Or(y.Start.Compare(x.Start), slices.Compare(x.TraceID[:], y.TraceID[:]))
	})
	return all[:min(limit, len(all))]
}

func serviceMatches(q, s callgraph.Service) bool {
	return (q.Name == "" || q.Name == s.Name) &&
		(q.Environment == "" || q.Environment == s.Environment) &&
		(q.Namespace == "" || q.Namespace == s.Namespace)
}

func spanMatches(q storage.Query, s ptrace.Span) bool {
	d := s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime())
	return inWindow(q.Window, s.StartTimestamp().AsTime()) &&
		(q.Operation == "" || q.Operation == s.Name()) &&
		(!q.Failed || s.Status().Code() == ptrace.StatusCodeError) &&
		(q.MinDuration == 0 || d >= q.MinDuration) &&
		(q.MaxDuration == 0 || d <= q.MaxDuration)
}

func attributesMatch(q storage.Query, places ...pcommon.Map) bool {
	for key, want := range q.Attributes {
		if !slices.ContainsFunc(places, func(m pcommon.Map) bool {
			v, ok := m.Get(key)
			return ok && v.AsString() == want
		}) {
			return false
		}
	}
	return true
}
