package logicalchain

import (
	"context"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Namer is what holds names of operations beside the spans.
type Namer interface {
	storage.CellReader
	storage.EvidenceReader
}

// Left is what still names a key once it is erased: counts of calls, and evidence
// at call sites, whose operation or service is called so. They go with their age.
type Left struct {
	Edges int
	Sites int
}

// MaxLeft bounds both numbers: there are as many, or more.
const MaxLeft = 10_000

// everywhen is all time that a store may have something of.
var everywhen = callgraph.Window{From: time.Unix(-1<<40, 0), To: time.Unix(1<<40, 0)}

func (n *needles) leftIn(ctx context.Context, names Namer) (Left, error) {
	if len(n.texts) == 0 {
		return Left{}, nil
	}
	edges, sites := map[callgraph.Edge]bool{}, map[callgraph.StaticID]bool{}
	err := names.Cells(ctx, everywhen, func(cells []callgraph.Cell) error {
		for i := range cells {
			if e := cells[i].Edge; len(edges) < MaxLeft && (n.inOperation(e.Caller) || n.inOperation(e.Callee)) {
				edges[e] = true
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return Left{}, err
	}
	q := storage.EvidenceQuery{FromDay: strength.DayOf(everywhen.From), ToDay: strength.DayOf(everywhen.To)}
	err = names.Evidence(ctx, q, func(records []strength.Record) error {
		for i := range records {
			if r := &records[i]; len(sites) < MaxLeft && n.inRecord(r) {
				sites[r.Key.Site] = true
			}
		}
		return ctx.Err()
	})
	return Left{Edges: len(edges), Sites: len(sites)}, err
}

func (n *needles) inOperation(o callgraph.Operation) bool {
	return n.in(o.Name) || n.in(o.Service.Name)
}

func (n *needles) inCallee(c strength.Callee) bool { return n.in(c.Operation) || n.in(c.Peer) }

func (n *needles) inRecord(r *strength.Record) bool {
	if n.inOperation(r.Site.Caller) || n.inCallee(r.Site.Callee) {
		return true
	}
	for _, o := range r.Evidence.Others {
		if n.inCallee(o.Callee) {
			return true
		}
	}
	for _, c := range r.Evidence.Callees {
		if n.inOperation(c.Operation) {
			return true
		}
	}
	for _, e := range r.Evidence.Entrances {
		if n.inOperation(e.Operation) {
			return true
		}
	}
	return false
}
