package query

import (
	"net/http"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
)

// Limits of the graph's endpoints.
const (
	defaultWindow = time.Hour
	maxWindow     = 366 * 24 * time.Hour
	maxHops       = 10
	defaultLinks  = 500
	maxLinks      = 5000
)

// neighbourhood looks from a service, or from an operation of it.
func (s *Server) neighbourhood(r *http.Request) (any, error) {
	p := s.parameters(r)
	p.required("service")
	q := graphview.Query{
		Focus:  graphview.Focus{Service: p.service(), Operation: p.text("operation")},
		Up:     int(p.integer("up", 1, 0, maxHops)),
		Down:   int(p.integer("down", 1, 0, maxHops)),
		Window: p.window(),
		Limit:  int(p.integer("limit", defaultLinks, 1, maxLinks)),
	}
	if err := p.fault(); err != nil {
		return nil, err
	}
	asOf := s.AsOf()
	answer, err := s.options.View.Neighbourhood(r.Context(), q)
	return s.shown(answer, asOf, q.Limit), err
}

// serviceMap is all services and the busiest links between them.
func (s *Server) serviceMap(r *http.Request) (any, error) {
	p := s.parameters(r)
	window, limit, environment := p.window(), int(p.integer("limit", defaultLinks, 1, maxLinks)), p.text("environment")
	if err := p.fault(); err != nil {
		return nil, err
	}
	asOf := s.AsOf()
	answer, err := s.options.View.Map(r.Context(), window, environment, limit)
	return s.shown(answer, asOf, limit), err
}

// service is named by service, environment and namespace.
func (p *parameters) service() callgraph.Service {
	return callgraph.Service{Environment: p.text("environment"), Namespace: p.text("namespace"), Name: p.text("service")}
}

// window is from and to, by default the last hour.
func (p *parameters) window() callgraph.Window {
	to := p.instant("to", p.now)
	from := p.instant("from", to.Add(-defaultWindow))
	p.ordered("from", "to", from, to)
	if to.Sub(from) > maxWindow {
		p.refuse("from", p.text("from"), "must not lie more than 366 days before to")
	}
	return callgraph.Window{From: from, To: to}
}

// The shapes of our own API; durations are in seconds, rates in calls a second.
type (
	graph struct {
		AsOf      *time.Time `json:"asOf"` // everything written before is counted; null: nothing was read yet
		Window    timeWindow `json:"window"`
		Nodes     []node     `json:"nodes"`
		Edges     []edge     `json:"edges"`
		Limit     int        `json:"limit"`
		Total     int        `json:"total"` // edges seen; those of nodes beyond the limit are not among them
		Truncated bool       `json:"truncated"`
	}
	timeWindow struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	}
	node struct {
		Environment string  `json:"environment"`
		Namespace   string  `json:"namespace"`
		Service     string  `json:"service"`
		Operation   string  `json:"operation,omitempty"`
		Kind        string  `json:"kind"`
		Hop         int     `json:"hop"`
		Calls       uint64  `json:"calls"` // received in the window, from all callers
		Errors      uint64  `json:"errors"`
		Rate        float64 `json:"rate"`
	}
	edge struct {
		Caller        int               `json:"caller"` // index into nodes
		Callee        int               `json:"callee"`
		Connection    string            `json:"connection"`
		Indirect      bool              `json:"indirect"` // by way of another SDK or a proxy, whose own edges stand beside
		Calls         uint64            `json:"calls"`
		Errors        uint64            `json:"errors"`
		Rate          float64           `json:"rate"`
		Outcomes      map[string]uint64 `json:"outcomes"`
		Seen          map[string]uint64 `json:"serverOutcomes"`
		Client        *latency          `json:"clientSeconds"` // null: no half of that kind was seen
		Server        *latency          `json:"serverSeconds"`
		Queue         *latency          `json:"queueSeconds"`
		Provisional   uint64            `json:"provisional"`
		WeightUnknown uint64            `json:"weightUnknown"`
		Folded        bool              `json:"folded"`
		Strength      string            `json:"strength"`
		Dependencies  []string          `json:"dependencies"` // IDs of its call sites
	}
	latency struct {
		Count uint64  `json:"count"`
		Sum   float64 `json:"sum"`
		P50   float64 `json:"p50"`
		P95   float64 `json:"p95"`
		P99   float64 `json:"p99"`
	}
)

func (s *Server) shown(a graphview.Answer, asOf time.Time, limit int) graph {
	g := graph{
		AsOf:   optional(asOf),
		Window: timeWindow{a.Window.From, a.Window.To},
		Nodes:  make([]node, 0, len(a.Nodes)), Edges: make([]edge, 0, len(a.Links)),
		Limit: limit, Total: a.LinksFound, Truncated: a.Truncated,
	}
	seconds := s.recorded(a.Window)
	for i := range a.Nodes {
		g.Nodes = append(g.Nodes, shownNode(&a.Nodes[i], seconds))
	}
	for i := range a.Links {
		g.Edges = append(g.Edges, shownEdge(&a.Links[i], seconds))
	}
	g.judge(a, s.strengths.snapshot())
	return g
}

// recorded is how many seconds of a window anything was counted in: what began to
// send a minute ago has the rate of that minute.
func (s *Server) recorded(w callgraph.Window) float64 {
	from := w.From
	if first := s.options.View.First(); first.After(from) {
		from = first
	}
	return min(w.To.Sub(w.From), max(w.To.Sub(from), callgraph.HotWidth*time.Second)).Seconds()
}

func shownNode(n *graphview.Node, seconds float64) node {
	return node{
		Environment: n.Service.Environment, Namespace: n.Service.Namespace, Service: n.Service.Name,
		Operation: n.Name, Kind: n.Node.String(), Hop: n.Hop,
		Calls: n.Received.Calls, Errors: n.Received.Errors, Rate: rate(n.Received.Calls, seconds),
	}
}

func shownEdge(l *graphview.Link, seconds float64) edge {
	count := l.Count()
	return edge{
		Caller: l.Caller, Callee: l.Callee, Connection: l.Connection.String(), Indirect: l.Indirect,
		Calls: count.Calls, Errors: count.Errors, Rate: rate(count.Calls, seconds), Outcomes: outcomes(l.Outcomes), Seen: outcomes(l.Server),
		Client: shownLatency(&l.Sum.Client), Server: shownLatency(&l.Sum.Server), Queue: shownLatency(&l.Sum.Queue),
		Provisional: l.Sum.Provisional, WeightUnknown: l.Sum.WeightUnknown, Folded: l.Sum.Folded,
	}
}

func rate(calls uint64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(calls) / seconds
}

func outcomes(counts [callgraph.Outcomes]uint64) map[string]uint64 {
	named := make(map[string]uint64, 2)
	for o, n := range counts {
		if n > 0 {
			named[callgraph.Outcome(o).String()] = n
		}
	}
	return named
}

func shownLatency(s *callgraph.Sketch) *latency {
	if s.Count() == 0 {
		return nil
	}
	quantile := func(q float64) float64 { return s.Quantile(q).Seconds() }
	return &latency{s.Count(), s.Sum().Seconds(), quantile(0.5), quantile(0.95), quantile(0.99)}
}
