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
	// Hold and HoldProvisional are for how long after its arrival a call, or a
	// provisional one, may be taken back; 0 is 12 s and 62 s.
	Hold, HoldProvisional time.Duration
	// Bounds are the upper bounds of explicit buckets, in seconds and rising,
	// for scrapes that know no native histograms; none asks for exponential ones.
	Bounds []float64
	// Joined says that halves which name their caller by static IDs come by
	// Count: Add leaves those of spans out.
	Joined bool
}

// ServiceGraph adds calls up, service by service, as series that Prometheus
// reads: cumulative, and never falling. A call waits for as long as it may be
// taken back, since that would look like a reset.
//
// It has no clock and is not safe for concurrent use.
type ServiceGraph struct {
	options ServiceGraphOptions
	edges   map[serviceEdge]*serviceSeries
	rest    *serviceSeries
	waiting map[arrivals]map[serviceEdge]*serviceSeries
	shown   int       // edges with series of their own
	last    time.Time // of Settle: series that come up now start there
}

// arrivals are the calls that came within some seconds and wait together.
type arrivals struct {
	start       int64 // Unix seconds
	provisional bool
}

// arrivalSeconds is how many.
const arrivalSeconds = 2

// NewServiceGraph is empty; its time starts at start.
func NewServiceGraph(o ServiceGraphOptions, start time.Time) *ServiceGraph {
	o.Limit = cmp.Or(max(o.Limit, 0), 1000)
	o.Hold = cmp.Or(max(o.Hold, 0), 12*time.Second)
	o.HoldProvisional = cmp.Or(max(o.HoldProvisional, 0), 62*time.Second)
	return &ServiceGraph{
		options: o,
		edges:   map[serviceEdge]*serviceSeries{},
		rest:    &serviceSeries{start: start},
		last:    start,
		waiting: map[arrivals]map[serviceEdge]*serviceSeries{},
	}
}

// candidates is how many edges are watched for each that is shown, so that
// one with more calls can take its place.
const candidates = 4

// Add takes a call that the Table took, or takes one back that still waits.
func (g *ServiceGraph) Add(c *callgraph.Call) {
	w, ok := callgraph.WeightOf(c.Weight)
	client, server := c.Uncounted()
	if !ok || w == 0 || !client && !server || g.options.Joined && c.Site != 0 {
		return
	}
	at := arrivals{start: c.Arrival.Unix() / arrivalSeconds * arrivalSeconds, provisional: c.Provisional}
	if c.Retracted {
		g.drop(at, serviceEdgeOf(&c.Edge), c, w)
		return
	}
	g.wait(at, serviceEdgeOf(&c.Edge)).add(c, w)
}

// Joined is calls between services that are known to stay as they are.
type Joined struct {
	Edge           callgraph.Edge // between services
	Calls, Failed  uint64
	Client, Server callgraph.Sketch
}

// Count counts them at once.
func (g *ServiceGraph) Count(j *Joined) {
	calls := callgraph.Weight(j.Calls) * callgraph.One
	s := serviceSeries{calls: calls, failed: callgraph.Weight(j.Failed) * callgraph.One}
	s.client.AddSketch(&j.Client)
	s.server.AddSketch(&j.Server)
	into := g.series(serviceEdgeOf(&j.Edge))
	into.rank += calls
	g.own(into).merge(&s)
}

func (g *ServiceGraph) wait(at arrivals, key serviceEdge) *serviceSeries {
	if g.waiting[at] == nil {
		g.waiting[at] = map[serviceEdge]*serviceSeries{}
	}
	s := g.waiting[at][key]
	if s == nil {
		s = &serviceSeries{}
		g.waiting[at][key] = s
	}
	return s
}

func (g *ServiceGraph) drop(at arrivals, key serviceEdge, c *callgraph.Call, w callgraph.Weight) {
	if s := g.waiting[at][key]; s != nil {
		s.add(c, -w)
	}
}

// Settle counts the calls that can't be taken back any more.
func (g *ServiceGraph) Settle(now time.Time) {
	g.release(now, func(key serviceEdge, s *serviceSeries) {
		into := g.series(key)
		into.rank += s.calls
		g.own(into).merge(s)
	})
	g.choose()
	g.last = now
}

// Skip forgets the calls that Settle would count: an earlier run did so.
func (g *ServiceGraph) Skip(now time.Time) {
	g.release(now, func(serviceEdge, *serviceSeries) {})
}

func (g *ServiceGraph) release(now time.Time, each func(serviceEdge, *serviceSeries)) {
	for at, edges := range g.waiting {
		hold := g.options.Hold
		if at.provisional {
			hold = g.options.HoldProvisional
		}
		if now.Before(time.Unix(at.start+arrivalSeconds, 0).Add(hold)) {
			continue
		}
		for key, s := range edges {
			each(key, s)
		}
		delete(g.waiting, at)
	}
}

// series is the edge's, the remainder for one beyond those that are watched.
func (g *ServiceGraph) series(key serviceEdge) *serviceSeries {
	s := g.edges[key]
	switch {
	case s != nil:
		return s
	case len(g.edges) >= g.options.Limit*candidates:
		return g.rest
	}
	s = &serviceSeries{}
	if g.shown < g.options.Limit {
		g.show(s)
	}
	g.edges[key] = s
	return s
}

func (g *ServiceGraph) show(s *serviceSeries) {
	*s = serviceSeries{rank: s.rank, shown: true, start: g.last}
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
func (g *ServiceGraph) choose() {
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
		g.show(up)
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
	g.Settle(now)
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
