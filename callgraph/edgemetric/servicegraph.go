package edgemetric

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// ServiceGraphOptions bound a ServiceGraph.
type ServiceGraphOptions struct {
	// Limit is how many edges between services have series of their own, those
	// with the most calls; 0 is 1,000. The others share the series of Remainder.
	Limit int
	// Bounds are the upper bounds of explicit buckets, in seconds and rising,
	// for scrapes that know no native histograms; none asks for exponential ones.
	Bounds []float64
}

// ServiceGraph adds calls up, service by service, as series that Prometheus
// reads: cumulative, and never falling. A provisional call waits until its
// bucket is final, since taking it back would look like a reset.
//
// It has no clock and is not safe for concurrent use.
type ServiceGraph struct {
	options ServiceGraphOptions
	edges   map[serviceEdge]*serviceSeries
	rest    *serviceSeries
	waiting map[callgraph.Bucket]map[serviceEdge]*serviceSeries
	shown   int // edges with series of their own
}

// NewServiceGraph is empty; its time starts at start.
func NewServiceGraph(o ServiceGraphOptions, start time.Time) *ServiceGraph {
	if o.Limit <= 0 {
		o.Limit = 1000
	}
	return &ServiceGraph{
		options: o,
		edges:   map[serviceEdge]*serviceSeries{},
		rest:    &serviceSeries{start: start},
		waiting: map[callgraph.Bucket]map[serviceEdge]*serviceSeries{},
	}
}

// candidates is how many edges are watched for each that is shown, so that
// one with more calls can take its place.
const candidates = 4

// Add counts a call that the Table took, or takes a provisional one back.
func (g *ServiceGraph) Add(c callgraph.Call, now time.Time) {
	w, ok := callgraph.WeightOf(c.Weight)
	if !ok || w == 0 {
		return
	}
	key := serviceEdgeOf(c.Edge)
	switch {
	case c.Provisional && c.Retracted:
		g.drop(callgraph.BucketAt(c.End, callgraph.HotWidth), key, &c, w)
	case c.Provisional:
		g.wait(callgraph.BucketAt(c.End, callgraph.HotWidth), key).add(&c, w)
	case !c.Retracted:
		s := g.series(key, now)
		s.rank += w
		g.own(s).add(&c, w)
	}
}

func (g *ServiceGraph) wait(b callgraph.Bucket, key serviceEdge) *serviceSeries {
	if g.waiting[b] == nil {
		g.waiting[b] = map[serviceEdge]*serviceSeries{}
	}
	s := g.waiting[b][key]
	if s == nil {
		s = &serviceSeries{}
		g.waiting[b][key] = s
	}
	return s
}

func (g *ServiceGraph) drop(b callgraph.Bucket, key serviceEdge, c *callgraph.Call, w callgraph.Weight) {
	s := g.waiting[b][key]
	if s == nil {
		return
	}
	s.add(c, -w)
	if s.calls > 0 {
		return
	}
	delete(g.waiting[b], key)
	if len(g.waiting[b]) == 0 {
		delete(g.waiting, b)
	}
}

// Settle counts the provisional calls of the buckets that the cells are of:
// the cells are final, so none of those is taken back any more.
func (g *ServiceGraph) Settle(final []callgraph.Cell, now time.Time) {
	for i := range final {
		b := final[i].Bucket
		for key, s := range g.waiting[b] {
			into := g.series(key, now)
			into.rank += s.calls
			g.own(into).merge(s)
		}
		delete(g.waiting, b)
	}
}

// series is the edge's, the remainder for one beyond those that are watched.
func (g *ServiceGraph) series(key serviceEdge, now time.Time) *serviceSeries {
	s := g.edges[key]
	switch {
	case s != nil:
		return s
	case len(g.edges) >= g.options.Limit*candidates:
		return g.rest
	}
	s = &serviceSeries{}
	if g.shown < g.options.Limit {
		g.show(s, now)
	}
	g.edges[key] = s
	return s
}

func (g *ServiceGraph) show(s *serviceSeries, now time.Time) {
	*s = serviceSeries{rank: s.rank, shown: true, start: now}
	g.shown++
}

func (g *ServiceGraph) hide(s *serviceSeries) {
	*s = serviceSeries{rank: s.rank}
	g.shown--
}

// own is where the calls of the edge are counted.
func (g *ServiceGraph) own(s *serviceSeries) *serviceSeries {
	if s.shown {
		return s
	}
	return g.rest
}

// Folded is how many of the edges that are watched share the remainder.
func (g *ServiceGraph) Folded() int { return len(g.edges) - g.shown }

// choose gives series of their own to edges that have twice the calls of one
// that is shown: its series ends, theirs begins at zero, and no counter falls.
func (g *ServiceGraph) choose(now time.Time) {
	if len(g.edges) == g.shown {
		return
	}
	ranked := slices.SortedFunc(maps.Keys(g.edges), func(a, b serviceEdge) int {
		return cmp.Compare(g.edges[b].rank, g.edges[a].rank)
	})
	shown := slices.DeleteFunc(slices.Clone(ranked), func(k serviceEdge) bool { return !g.edges[k].shown })
	others := slices.DeleteFunc(ranked, func(k serviceEdge) bool { return g.edges[k].shown })
	for i, last := 0, len(shown)-1; i < len(others) && last >= 0; i, last = i+1, last-1 {
		up, down := g.edges[others[i]], g.edges[shown[last]]
		if up.rank <= 2*down.rank {
			break
		}
		g.hide(down)
		g.show(up, now)
	}
	g.forget(others)
}

// forget makes room for edges that are not watched yet: the half with the
// fewest calls gives way.
func (g *ServiceGraph) forget(others []serviceEdge) {
	if len(g.edges) < g.options.Limit*candidates {
		return
	}
	for _, k := range others[len(others)/2:] {
		if !g.edges[k].shown {
			delete(g.edges, k)
		}
	}
}

// Metrics are all series as they are now. Time starts with each series.
func (g *ServiceGraph) Metrics(now time.Time) pmetric.Metrics {
	g.choose(now)
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(ScopeName)
	v := newServiceView(sm.Metrics(), g.options.Bounds, pcommon.NewTimestampFromTime(now))
	for key, s := range g.edges {
		if s.shown {
			v.add(key, s)
		}
	}
	if g.rest.calls > 0 || g.rest.server.Weight() > 0 {
		v.add(remainder, g.rest)
	}
	v.removeEmpty(sm.Metrics())
	return md
}
