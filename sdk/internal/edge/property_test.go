package edge

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// model counts as plainly as can be.
type model map[callgraph.CellKey]*callgraph.Cell

func (m model) cell(k callgraph.CellKey) *callgraph.Cell {
	if m[k] == nil {
		m[k] = &callgraph.Cell{CellKey: k}
	}
	return m[k]
}

func (m model) merge(cells []callgraph.Cell) {
	for _, c := range cells {
		to := m.cell(c.CellKey)
		to.Client.Merge(c.Client)
		to.Server.Merge(c.Server)
		to.Queue.Merge(c.Queue)
		to.ServerOnly += c.ServerOnly
		to.Folded = to.Folded || c.Folded
	}
}

func (m model) cells() (cells []callgraph.Cell) {
	for _, c := range m {
		cells = append(cells, *c)
	}
	return cells
}

// totals are what folding never changes.
type total struct {
	client     bool
	connection callgraph.Connection
	outcome    callgraph.Outcome
}

type sums struct {
	only   uint64
	sketch callgraph.Sketch
	queue  callgraph.Sketch
}

func (m model) totals() map[total]*sums {
	all := map[total]*sums{}
	for _, c := range m {
		k := total{c.Client.Count() > 0, c.Edge.Connection, c.Outcome}
		if all[k] == nil {
			all[k] = &sums{}
		}
		all[k].only += c.ServerOnly
		all[k].sketch.Merge(c.Client)
		all[k].sketch.Merge(c.Server)
		all[k].queue.Merge(c.Queue)
	}
	return all
}

// caller makes calls up and counts them twice: in the counters and in a model.
type caller struct {
	*rand.Rand
	c     *Counters
	names int
	model
}

func (g *caller) call() {
	own := fmt.Sprint("op", g.IntN(g.names))
	edge := callgraph.Edge{Caller: callgraph.Operation{Service: shop, Name: own}, Connection: callgraph.Connection(g.IntN(5))}
	edge.Callee = edge.Caller
	outcome, end := callgraph.Outcome(g.IntN(callgraph.Outcomes)), nanos(g.Int64N(30))
	d, queue := time.Duration(g.Int64N(1<<g.IntN(50))), max(time.Duration(g.Int64N(1e10))-5e9, 0)
	key := func() callgraph.CellKey {
		return callgraph.CellKey{Edge: edge, Outcome: outcome, Bucket: callgraph.BucketAt(time.Unix(0, end), callgraph.HotWidth)}
	}
	if g.IntN(2) == 0 {
		edge.Callee = callgraph.Operation{Service: callgraph.Service{Environment: shop.Environment, Name: "p" + own}, Name: own, Node: callgraph.Virtual}
		g.c.Client(g.c.Operation(own), g.c.Site("p"+own, own), edge.Connection, outcome, end, d)
		g.cell(key()).Client.Add(d, 1)
		return
	}
	from := Caller{Outside: g.IntN(4) == 0, Counts: g.IntN(2) == 0}
	edge.Caller = callgraph.Operation{Node: callgraph.Outside}
	if !from.Outside {
		from.From = callgraph.Reference{Caller: callgraph.StaticID(g.IntN(g.names)), Site: 7, Indirect: g.IntN(2) == 0}
		edge.Caller = from.From.Operation()
	}
	g.c.Server(g.c.Operation(own), from, edge.Connection, outcome, end, d, queue)
	cell := g.cell(key())
	cell.Server.Add(d, 1)
	if from.Outside || !from.Counts {
		cell.ServerOnly++
	}
	if queue > 0 {
		cell.Queue.Add(queue, 1)
	}
}

// run has goroutines call while everything is taken over and over.
func run(c *Counters, goroutines, calls, names int, seed uint64) (want, got model) {
	want, got = model{}, model{}
	var callers sync.WaitGroup
	counted := make(chan model, goroutines)
	for i := range goroutines {
		callers.Go(func() {
			g := caller{rand.New(rand.NewPCG(seed, uint64(i))), c, names, model{}}
			for range calls {
				g.call()
			}
			counted <- g.model
		})
	}
	done := make(chan struct{})
	go func() { callers.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		got.merge(takeAll(c))
	}
	for range goroutines {
		want.merge((<-counted).cells())
	}
	return want, got
}

func TestCountsAreThoseOfTheModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := counters()
		c.sweepEvery = rapid.Uint64Range(1, 4).Draw(r, "sweep")
		c.maxLanes = rapid.SampledFrom([]int{1, 4}).Draw(r, "lanes")
		want, got := run(c, 4, 200, rapid.IntRange(1, 20).Draw(r, "names"), rapid.Uint64().Draw(r, "seed"))
		require.Equal(r, want, got)
		require.Equal(r, Folded{}, c.Stats().Folded)
		require.Zero(r, c.Stats().Cells)
	})
}

func TestFoldingKeepsTheTotals(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		bound := func(name string) int { return rapid.IntRange(1, 30).Draw(r, name) }
		c := New(Options{Service: shop, MaxCells: bound("cells"), MaxOperations: bound("operations"), MaxSites: bound("sites"), MaxCallers: bound("callers")})
		c.sweepEvery = rapid.Uint64Range(1, 4).Draw(r, "sweep")
		want, got := run(c, 4, 150, 40, rapid.Uint64().Draw(r, "seed"))
		require.Equal(r, want.totals(), got.totals())
		require.Zero(r, c.Stats().Cells)
		require.Zero(r, c.serverCells.Load())
	})
}
