package graphview

import (
	"container/heap"
	"context"
	"iter"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Map is the services' graph in a window, cut to the limit of links that have
// the most calls. With an environment it has the links of that one only.
func (v *View) Map(ctx context.Context, w callgraph.Window, environment string, limit int) (Answer, error) {
	var a Answer
	err := v.read(ctx, w, func(r *reading) {
		p := newPart(r, &r.topology.services, limit)
		p.links = p.busiest(environment)
		p.addEnds()
		a = p.answer()
	})
	return a, err
}

// busiest is the links with the most calls, up to the limit; only so many are
// held at a time, for a large graph has hundreds of thousands.
func (p *part) busiest(environment string) []counted {
	kept := quietest(make([]counted, 0, p.limit))
	for c := range p.linked(environment) {
		p.found++
		switch {
		case len(kept) < p.limit:
			kept = append(kept, c)
			if len(kept) == p.limit {
				heap.Init(&kept)
			}
		case p.limit > 0 && kept[0].quieter(c):
			kept[0] = c
			heap.Fix(&kept, 0)
		}
	}
	return kept
}

// linked yields every link with calls of which an end is in the environment, if
// one is named.
func (p *part) linked(environment string) iter.Seq[counted] {
	return func(yield func(counted) bool) {
		for id := range p.layer.links {
			l := &p.layer.links[id]
			if environment != "" && p.layer.nodes[l.caller].Service.Environment != environment &&
				p.layer.nodes[l.callee].Service.Environment != environment {
				continue
			}
			if c := p.count(l); c.Calls > 0 && !yield(counted{uint32(id), c}) {
				return
			}
		}
	}
}

func (p *part) addEnds() {
	for _, c := range p.links {
		p.addNode(p.layer.links[c.link].caller, 0)
		p.addNode(p.layer.links[c.link].callee, 0)
	}
}

// Calls is how often a service, or an operation, called another over one
// connection type.
type Calls struct {
	Caller, Callee callgraph.Operation // services have no name
	Connection     callgraph.Connection
	Count
}

// Calls is all calls between services in a window, without latencies and without
// indirect ones.
func (v *View) Calls(ctx context.Context, w callgraph.Window) ([]Calls, error) {
	var calls []Calls
	err := v.read(ctx, w, func(r *reading) {
		layer := &r.topology.services
		for c := range newPart(r, layer, 0).linked("") {
			l := &layer.links[c.link]
			if l.indirect {
				continue
			}
			calls = append(calls, Calls{layer.nodes[l.caller], layer.nodes[l.callee], l.connection, c.Count})
		}
	})
	return calls, err
}

// OperationCalls visits all calls between operations in a window, without
// latencies and without indirect ones. The graph waits meanwhile.
func (v *View) OperationCalls(ctx context.Context, w callgraph.Window, visit func(Calls)) error {
	return v.read(ctx, w, func(r *reading) {
		layer := &r.topology.operations
		for c := range newPart(r, layer, 0).linked("") {
			if l := &layer.links[c.link]; !l.indirect {
				visit(Calls{layer.nodes[l.caller], layer.nodes[l.callee], l.connection, c.Count})
			}
		}
	})
}
