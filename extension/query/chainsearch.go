package query

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
)

// chainSearch is a search for chains: what the store is asked, and what of its
// candidates is taken.
type chainSearch struct {
	span       storage.Query
	outcomes   []callgraph.Outcome // of the span or the call; none: any
	callee     graphview.Focus     // with a service: the span's operation calls it
	connection string
	window     callgraph.Window
	limit      int
	after      cursor
	sources    []storage.Query // a chain is a candidate where it meets any
}

const (
	candidateBatch = 200  // that the store is asked for at a time
	maxCandidates  = 2000 // that are read for one answer
)

// Attributes that mark soft errors, as stores find them.
var softAttributes = []string{callgraph.AttributeSoftError, "degraded"}

// choose decides what the store is asked: as little as may hold the answer.
func (s *Server) choose(ctx context.Context, x *chainSearch) error {
	q := x.span
	q.Window = x.window
	if x.callee.Service.Name == "" {
		x.sources = narrowed(q, x.outcomes)
		return nil
	}
	// Duration, attributes and the caller's operation are looked at in the call.
	ends := storage.Query{Service: q.Service, Window: q.Window, Limit: 1}
	if failures(x.outcomes) {
		x.sources = narrowed(ends, x.outcomes)
		return nil
	}
	callee := ends
	callee.Service, callee.Operation = x.callee.Service, x.callee.Operation
	if softErrors(x.outcomes) { // either end may have marked it
		x.sources = append(narrowed(callee, x.outcomes), narrowed(ends, x.outcomes)...)
		return nil
	}
	seen, err := s.options.Backend.Search(ctx, callee)
	if err != nil {
		return fmt.Errorf("search callee: %w", err)
	}
	if len(seen) > 0 {
		x.sources = []storage.Query{callee}
	} else { // a peer that only its clients name
		x.sources = []storage.Query{ends}
	}
	return nil
}

func softErrors(outcomes []callgraph.Outcome) bool {
	return slices.Equal(outcomes, outcomeNames[callgraph.SoftError.String()])
}

func failures(outcomes []callgraph.Outcome) bool { return len(outcomes) > 0 && outcomes[0].Failed() }

// narrowed asks for what marks an outcome, where a store knows it.
func narrowed(q storage.Query, outcomes []callgraph.Outcome) []storage.Query {
	with := func(key string) storage.Query {
		n := q
		n.Attributes = maps.Clone(q.Attributes)
		if n.Attributes == nil {
			n.Attributes = map[string]string{}
		}
		n.Attributes[key] = "true"
		return n
	}
	switch {
	case failures(outcomes):
		return []storage.Query{with(errorTag)}
	case softErrors(outcomes):
		var all []storage.Query
		for _, key := range softAttributes {
			all = append(all, with(key))
		}
		return all
	}
	return []storage.Query{q}
}

// chainPage is one answer: what was found, and where the next one begins.
type chainPage struct {
	found []*story
	next  string
	note  string
}

// chainPage looks at candidates, newest first, until there are enough.
func (s *Server) chainPage(ctx context.Context, x chainSearch) (page chainPage, err error) {
	room, looked := s.options.MaxSpans, 0
	for at := x.after; ; {
		matches, err := s.newestOf(ctx, x.sources, at.window(x.window), candidateBatch)
		if err != nil {
			return page, err
		}
		began := at
		for _, m := range matches {
			if at.saw(m) {
				continue
			}
			at = at.past(m)
			looked++
			st, err := s.candidate(ctx, x, m)
			if err != nil {
				return page, err
			}
			if st == nil {
				continue
			}
			page.found = append(page.found, st)
			room -= st.tree.Len()
			if len(page.found) == x.limit || room <= 0 {
				page.next = at.String()
				return page, nil
			}
		}
		switch {
		case len(matches) < candidateBatch:
			return page, nil
		case looked >= maxCandidates:
			page.next, page.note = at.String(), fmt.Sprintf("only the newest %d candidates were looked through: go on, add a condition or narrow the time", looked)
			return page, nil
		case at.equal(began): // more of one instant than are asked for at a time
			at = at.below()
		}
	}
}

// newestOf are the newest matches of any source, each trace once.
func (s *Server) newestOf(ctx context.Context, sources []storage.Query, w callgraph.Window, limit int) (all []storage.Match, err error) {
	for _, q := range sources {
		q.Window, q.Limit = w, limit
		matches, err := s.matches(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("search chains: %w", err)
		}
		all = append(all, matches...)
	}
	if len(sources) == 1 {
		return all, nil
	}
	return newest(all, limit), nil
}

// candidate is the chain of a match, or nil where it does not meet the search
// or did so before the cursor.
func (s *Server) candidate(ctx context.Context, x chainSearch, m storage.Match) (*story, error) {
	td, err := s.options.Backend.Trace(ctx, m.TraceID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && td.SpanCount() == 0 {
		return nil, nil //nolint:nilnil // its retention ended meanwhile: no chain and no fault
	}
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", m.TraceID, err)
	}
	if x.metLater(td, m.Start) {
		return nil, nil //nolint:nilnil // it was looked at before
	}
	st := newStory(td)
	if !x.meets(st) {
		return nil, nil //nolint:nilnil // not asked for
	}
	return st, nil
}

// metLater: the store goes by a chain's newest span that meets the query and
// lies before the cursor; the chain may have had one after it.
func (x *chainSearch) metLater(td ptrace.Traces, at time.Time) bool {
	for _, q := range x.sources {
		q.Window = callgraph.Window{From: at.Add(1), To: x.window.To}
		if meets(td, q) {
			return true
		}
	}
	return false
}

func (x *chainSearch) meets(st *story) bool {
	switch {
	case x.callee.Service.Name != "":
		return slices.ContainsFunc(st.tree.Calls(), x.meetsCall)
	case x.outcomes == nil:
		return true
	}
	for _, n := range st.tree.Walk() {
		if o, _ := n.Outcome(); slices.Contains(x.outcomes, o) && x.meetsNode(n) {
			return true
		}
	}
	return false
}

func (x *chainSearch) meetsNode(n *calltree.Node) bool {
	q := x.span
	q.Window = x.window
	return sameService(q.Service, n.Service) && meetsFields(n.Span, q) && meetsTags(n.Span, n.Scope, n.Resource, q.Attributes)
}

func (x *chainSearch) meetsCall(c callgraph.Call) bool {
	half := c.Client
	if !half.Seen {
		half = c.Server
	}
	return sameService(x.span.Service, c.Edge.Caller.Service) && (x.span.Operation == "" || x.span.Operation == c.Edge.Caller.Name) &&
		sameService(x.callee.Service, c.Edge.Callee.Service) && (x.callee.Operation == "" || x.callee.Operation == c.Edge.Callee.Name) &&
		(x.connection == "" || x.connection == c.Edge.Connection.String()) &&
		(x.outcomes == nil || slices.Contains(x.outcomes, c.Outcome()) || c.Server.Seen && slices.Contains(x.outcomes, c.Server.Outcome)) &&
		half.Duration >= x.span.MinDuration && (x.span.MaxDuration == 0 || half.Duration <= x.span.MaxDuration)
}

// cursor is how far a search has come: candidates of an instant that were looked
// at, and all that began after it. The zero cursor is before all.
type cursor struct {
	at   time.Time
	seen []pcommon.TraceID // of that instant
}

func (c cursor) window(w callgraph.Window) callgraph.Window {
	if !c.at.IsZero() && c.at.Before(w.To) {
		w.To = c.at.Add(1)
	}
	return w
}

func (c cursor) saw(m storage.Match) bool {
	return !c.at.IsZero() && (m.Start.After(c.at) || m.Start.Equal(c.at) && slices.Contains(c.seen, m.TraceID))
}

func (c cursor) past(m storage.Match) cursor {
	if !m.Start.Equal(c.at) {
		return cursor{m.Start, []pcommon.TraceID{m.TraceID}}
	}
	return cursor{c.at, append(slices.Clip(c.seen), m.TraceID)}
}

func (c cursor) below() cursor { return cursor{at: c.at.Add(-1)} }

func (c cursor) equal(o cursor) bool { return c.at.Equal(o.at) && len(c.seen) == len(o.seen) }
