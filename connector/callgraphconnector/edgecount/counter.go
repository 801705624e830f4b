package edgecount

import (
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
)

// Options bound a Counter. Zero values stand for the defaults of calltree,
// callgraph.Table and edgemetric.
type Options struct {
	Window   time.Duration // for the other half of a call
	Open     time.Duration // of a bucket, and for what was given up in Window; at least three Windows
	MaxSpans int
	MaxCells int
	// Graph asks for the service graph; nil leaves it out.
	Graph *edgemetric.ServiceGraphOptions
}

func (o Options) withDefaults() Options {
	if o.Window <= 0 {
		o.Window = calltree.DefaultWindow
	}
	if o.Open <= 0 {
		o.Open = calltree.DefaultProvisional
	}
	return o
}

// Stats count what a Counter did since it was made.
type Stats struct {
	Joiner  calltree.Stats
	Table   callgraph.TableStats
	Folded  int // edges without series of their own in the service graph
	Recount Recounted
	Strays  uint64 // changed cells of SDKs that came too late, or too early, for the service graph
}

// Counter counts the calls of spans in the cells of one writer. It has no
// clock: whoever calls says what time it is. It is safe for concurrent use.
type Counter struct {
	options Options
	writer  callgraph.Writer

	mu     sync.Mutex
	joiner *calltree.Joiner
	table  *callgraph.Table
	graph  *edgemetric.ServiceGraph // or nil
	done   Recounted
	strays uint64
}

// New is a Counter that has counted nothing.
func New(w callgraph.Writer, o Options, now time.Time) *Counter {
	o = o.withDefaults()
	c := &Counter{
		options: o,
		writer:  w,
		joiner:  calltree.NewJoiner(calltree.Options{Window: o.Window, Provisional: o.Open, MaxSpans: o.MaxSpans}),
		table:   callgraph.NewTable(w, callgraph.TableOptions{MaxCells: o.MaxCells, Quiet: o.Open}),
	}
	if o.Graph != nil {
		graph := *o.Graph
		graph.Hold, graph.HoldProvisional = o.Window+2*time.Second, o.Open+2*time.Second
		c.graph = edgemetric.NewServiceGraph(graph, now)
	}
	return c
}

// Add takes spans that arrived now. td is neither changed nor kept.
func (c *Counter) Add(td ptrace.Traces, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joiner.Add(td, now)
}

// Changed is cells that changed since they were last handed out. Fewer than
// callgraph.ChangedAtOnce are all there are. What could not be delivered comes
// back by Requeue.
func (c *Counter) Changed(now time.Time) []callgraph.Cell {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(now)
	return c.table.Changed(now)
}

// count counts the calls that the joiner has ready.
func (c *Counter) count(now time.Time) {
	calls := c.joiner.Expire(now)
	for i := range calls {
		c.add(&calls[i], now)
	}
}

func (c *Counter) add(call *callgraph.Call, now time.Time) {
	if c.table.Add(*call, now) && c.graph != nil {
		c.graph.Add(call)
	}
}

// Seal is the cells that are final now. It is to be called once all that
// Changed had was delivered.
func (c *Counter) Seal(now time.Time) []callgraph.Cell {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Seal(now)
}

// Requeue takes back cells that could not be delivered.
func (c *Counter) Requeue(cells []callgraph.Cell) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.table.Requeue(cells)
}

// Checkpoint is the arrival before which all calls are in final cells, given
// that all of Seal's were delivered or came back.
func (c *Counter) Checkpoint(now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.table.Oldest(); ok && t.Before(now) {
		now = t
	}
	if t, ok := c.joiner.Pending(); ok && t.Before(now) {
		now = t
	}
	return now
}

// Graph is the service graph as it is now, empty where none was asked for.
func (c *Counter) Graph(now time.Time) pmetric.Metrics {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.graph == nil {
		return pmetric.NewMetrics()
	}
	return c.graph.Metrics(now)
}

// Stats are the counts so far.
func (c *Counter) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{Joiner: c.joiner.Stats(), Table: c.table.Stats(), Recount: c.done, Strays: c.strays}
	if c.graph != nil {
		s.Folded = c.graph.Folded()
	}
	return s
}
