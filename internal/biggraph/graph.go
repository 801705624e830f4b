// Package biggraph decides what a large company's call graph looks like in
// tests and benchmarks: degrees by a power law, one hub with thousands of
// neighbours, the same cells for the same seed.
package biggraph

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Options of a graph; the zero value is one of 34,000 services and 200,000
// edges in the hour from the Unix epoch.
type Options struct {
	Seed     uint64
	Services int
	Edges    int // between distinct pairs of services
	// HubNeighbours is how many services the hub is linked to.
	HubNeighbours int
	// CellsPerEdge is in how many buckets of the hour an edge has calls.
	CellsPerEdge int
	Hour         time.Time // start
}

func (o Options) withDefaults() Options {
	o.Services = or(o.Services, 34_000)
	o.Edges = or(o.Edges, 200_000)
	o.HubNeighbours = min(or(o.HubNeighbours, 5_000), o.Services-1)
	o.CellsPerEdge = or(o.CellsPerEdge, 2)
	if o.Hour.IsZero() {
		o.Hour = time.Unix(0, 0)
	}
	return o
}

func or(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// Hub is the service that most others are linked to.
var Hub = service(0)

// Service is the i-th service of any graph, from 0, the hub.
func Service(i int) callgraph.Service { return service(i) }

func service(i int) callgraph.Service {
	return callgraph.Service{Environment: "production", Namespace: fmt.Sprintf("domain-%02d", i%90), Name: fmt.Sprintf("service-%05d", i)}
}

// Cells yields the graph's cells in batches that belong to the callee, and
// returns yield's error.
func Cells(o Options, yield func([]callgraph.Cell) error) error {
	g := newGenerator(o.withDefaults())
	batch := make([]callgraph.Cell, 0, 1024)
	for _, pair := range g.pairs() {
		batch = g.appendCells(batch, g.edge(pair))
		if len(batch) < 1000 {
			continue
		}
		if err := yield(batch); err != nil {
			return err
		}
		batch = make([]callgraph.Cell, 0, 1024)
	}
	return yield(batch)
}

type generator struct {
	Options
	random  *rand.Rand
	popular *rand.Zipf // services by how often they are called
	busy    *rand.Zipf // and by how many they call
}

func newGenerator(o Options) *generator {
	random := rand.New(rand.NewPCG(o.Seed, 20260101))
	last := uint64(o.Services - 2)
	return &generator{
		Options: o, random: random,
		popular: rand.NewZipf(random, 1.1, 40, last), busy: rand.NewZipf(random, 1.05, 400, last),
	}
}

type pair struct{ caller, callee int }

// pairs is the hub's links, four in five of them to its callers, and the rest.
func (g *generator) pairs() []pair {
	pairs := make([]pair, 0, g.Edges)
	seen := make(map[pair]bool, g.Edges)
	add := func(p pair) {
		if p.caller != p.callee && !seen[p] && len(pairs) < g.Edges {
			seen[p] = true
			pairs = append(pairs, p)
		}
	}
	for i := range g.HubNeighbours {
		if i%5 == 0 {
			add(pair{0, 1 + i})
		} else {
			add(pair{1 + i, 0})
		}
	}
	for i := 1; i < g.Services-1; i++ { // everyone has a neighbour
		add(pair{i, i + 1})
	}
	for tries := 0; len(pairs) < g.Edges && tries < 50*g.Edges; tries++ {
		add(pair{1 + int(g.busy.Uint64()), 1 + int(g.popular.Uint64())})
	}
	return pairs
}

func (g *generator) edge(p pair) callgraph.Edge {
	return callgraph.Edge{
		Caller:     g.operation(p.caller),
		Callee:     g.operation(p.callee),
		Connection: callgraph.Connection(1 + g.random.IntN(2)),
	}
}

func (g *generator) operation(of int) callgraph.Operation {
	verbs := [...]string{"GET", "POST", "PUT"}
	n := g.random.IntN(3)
	return callgraph.Operation{Service: service(of), Name: fmt.Sprintf("%s /api/v1/resource-%d/{id}", verbs[n], n)}
}

func (g *generator) appendCells(to []callgraph.Cell, e callgraph.Edge) []callgraph.Cell {
	for i := range g.CellsPerEdge {
		c := callgraph.Cell{CellKey: callgraph.CellKey{Edge: e, Writer: callgraph.Writer{ID: 1}}, Sequence: 1, Closed: 1}
		at := g.Hour.Unix() + int64(g.random.IntN(callgraph.HourWidth/callgraph.HotWidth))*callgraph.HotWidth
		c.Bucket = callgraph.Bucket{Start: at, Width: callgraph.HotWidth}
		c.Opened = at + int64(i) // two cells of one bucket are two openings
		if g.random.IntN(20) == 0 {
			c.Outcome = callgraph.Error
		}
		g.count(&c)
		to = append(to, c)
	}
	return to
}

// count adds calls of about the same latency, a power law of them.
func (g *generator) count(c *callgraph.Cell) {
	middle := time.Duration(1+g.random.IntN(200)) * time.Millisecond
	for range 1 + g.random.IntN(5) {
		n := uint64(1 / (0.001 + g.random.Float64()))
		d := middle + time.Duration(g.random.Int64N(int64(middle)))
		c.Client.Add(d+time.Millisecond, n)
		c.Server.Add(d, n)
	}
}
