package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/failure"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	failingChains  = 1000 // that are read for one answer
	maxGroups      = 200
	defaultGroups  = 50
	groupEntrances = 5
)

// The shapes of failures that are the same.
type (
	failureList struct {
		Window      timeWindow     `json:"window"`
		Failures    []failureGroup `json:"failures"`
		ChainsRead  int            `json:"chainsRead"`
		ChainsLimit int            `json:"chainsLimit"`
		Truncated   bool           `json:"truncated"`
	}
	failureGroup struct {
		Signature string          `json:"signature"`
		Failure   failureShape    `json:"failure"` // the latest
		Chains    int             `json:"chains"`
		First     time.Time       `json:"first"`
		Last      time.Time       `json:"last"`
		Entrances []entranceCount `json:"entrances"`
		Latest    failureLatest   `json:"latest"`
	}
	entranceCount struct {
		operationName
		Chains int `json:"chains"`
	}
	failureLatest struct {
		TraceID string    `json:"traceId"`
		ShortID string    `json:"shortId"`
		SpanID  string    `json:"spanId"`
		Start   time.Time `json:"start"`
	}
)

// failures groups the origins of the newest failing chains.
func (s *Server) failures(r *http.Request) (any, error) {
	p := s.parameters(r)
	window, service := p.window(), p.service()
	limit := int(p.integer("limit", defaultGroups, 1, maxGroups))
	p.oneOf("outcome", "", "failed", "soft", "all")
	if err := p.fault(); err != nil {
		return nil, err
	}
	wanted := p.text("outcome")
	// The origin's service may be another than that of the span which failed, its
	// environment not.
	matches, err := s.newestOf(r.Context(), failing(wanted, callgraph.Service{Environment: service.Environment}), within(window), failingChains)
	if err != nil {
		return nil, err
	}
	if service.Name != "" { // its failures may be older than the newest of all
		own, err := s.newestOf(r.Context(), failing(wanted, service), within(window), failingChains)
		if err != nil {
			return nil, err
		}
		matches = newest(append(matches, own...), 2*failingChains)
	}
	g := grouping{groups: map[failure.Signature]*group{}}
	for _, m := range matches {
		c, err := s.blamed(r.Context(), m.TraceID)
		if err != nil {
			return nil, err
		}
		g.add(c, func(o *origin) bool { return o.wanted(wanted, service) })
	}
	list := failureList{
		Window: timeWindow(window), Failures: g.newest(limit), ChainsRead: len(matches), ChainsLimit: failingChains,
	}
	list.Truncated = len(matches) >= failingChains || len(g.groups) > limit
	return list, nil
}

// within lets a span that begins at the window's very end in.
func within(w callgraph.Window) callgraph.Window {
	w.To = w.To.Add(1)
	return w
}

// failing is what the store is asked for.
func failing(wanted string, service callgraph.Service) (all []storage.Query) {
	q := storage.Query{Service: service}
	if wanted != "soft" {
		all = append(all, narrowed(q, outcomeNames["failed"])...)
	}
	if wanted != "failed" {
		all = append(all, narrowed(q, outcomeNames[callgraph.SoftError.String()])...)
	}
	return all
}

// blamed is a chain with its origins, as lists need them.
type blamed struct {
	id       pcommon.TraceID
	entrance operationName
	origins  []origin
}

type origin struct {
	signature failure.Signature
	shape     failureShape
	start     time.Time
}

// rank: what a caller handled can wait.
func (f *failureShape) rank() int {
	switch {
	case f.Handled:
		return 2
	case f.Outcome == callgraph.SoftError.String():
		return 1
	}
	return 0
}

func (o *origin) wanted(outcome string, s callgraph.Service) bool {
	soft := o.shape.Outcome == callgraph.SoftError.String()
	return (outcome != "soft" || soft) && (outcome != "failed" || !soft) &&
		(s.Name == "" || s.Name == o.shape.Service) && (s.Namespace == "" || s.Namespace == o.shape.Namespace) &&
		(s.Environment == "" || s.Environment == o.shape.Environment)
}

// blamed reads a chain's origins, or remembers them.
func (s *Server) blamed(ctx context.Context, id pcommon.TraceID) (*blamed, error) {
	now := s.options.Now()
	if b := s.blames.get(id, now); b != nil {
		return b, nil
	}
	td, err := s.options.Backend.Trace(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && td.SpanCount() == 0 {
		return &blamed{id: id}, nil // its retention ended meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", id, err)
	}
	st := newStory(td)
	if st.unsettled(now) {
		return &blamed{id: id}, nil
	}
	b := &blamed{id: id, entrance: operationName{nameOf(st.entrance.Service), st.entrance.Span.Name()}}
	for i := range st.origins {
		f := &st.origins[i]
		b.origins = append(b.origins, origin{f.Signature(), shownFailure(f), f.Node.Span.StartTimestamp().AsTime()})
	}
	s.blames.put(b, st.end.AsTime(), now)
	return b, nil
}

// settles is how long after its end a chain's spans have mostly come: SDKs send
// every five seconds.
const settles = 6 * time.Second

// unsettled chains speak of spans that may still come, and would blame the wrong
// one until then.
func (st *story) unsettled(now time.Time) bool {
	if now.Sub(st.end.AsTime()) >= settles {
		return false
	}
	return slices.ContainsFunc(st.tree.Problems(), func(p calltree.Problem) bool {
		return p.Oddity == calltree.Orphan || p.Oddity == calltree.NoServer
	})
}

// grouping gathers origins by signature.
type grouping struct {
	groups map[failure.Signature]*group
}

type group struct {
	failureGroup
	entrances map[operationName]int
}

// add takes each kind of failure of a chain once.
func (g *grouping) add(c *blamed, wanted func(*origin) bool) {
	seen := map[failure.Signature]bool{}
	for i := range c.origins {
		o := &c.origins[i]
		if seen[o.signature] || !wanted(o) {
			continue
		}
		seen[o.signature] = true
		to := g.groups[o.signature]
		if to == nil {
			to = &group{entrances: map[operationName]int{}}
			to.Signature, to.First = o.signature.String(), o.start
			g.groups[o.signature] = to
		}
		to.add(c, o)
	}
}

func (g *group) add(c *blamed, o *origin) {
	g.Chains++
	g.entrances[c.entrance]++
	if o.start.Before(g.First) {
		g.First = o.start
	}
	if !o.start.Before(g.Last) {
		g.Last, g.Failure = o.start, o.shape
		g.Latest = failureLatest{c.id.String(), callgraph.ShortIDOf(c.id).String(), o.shape.SpanID, o.start}
	}
}

// newest are the groups with what reached an entrance first, then the latest.
func (g *grouping) newest(limit int) []failureGroup {
	all := make([]failureGroup, 0, len(g.groups))
	for _, one := range g.groups {
		one.Entrances = one.mostFrequent()
		all = append(all, one.failureGroup)
	}
	slices.SortFunc(all, func(a, b failureGroup) int {
		return cmp.Or(cmp.Compare(a.Failure.rank(), b.Failure.rank()), b.Last.Compare(a.Last), cmp.Compare(a.Signature, b.Signature))
	})
	return all[:min(limit, len(all))]
}

func (g *group) mostFrequent() []entranceCount {
	all := make([]entranceCount, 0, len(g.entrances))
	for _, name := range slices.SortedFunc(maps.Keys(g.entrances), func(a, b operationName) int {
		return cmp.Or(cmp.Compare(g.entrances[b], g.entrances[a]), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation),
			cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Namespace, b.Namespace))
	}) {
		all = append(all, entranceCount{name, g.entrances[name]})
	}
	return all[:min(groupEntrances, len(all))]
}
