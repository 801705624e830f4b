package graphview

import (
	"context"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Map is the services' graph in a window, cut to the limit of links that have
// the most calls. With an environment it has the links of that one only.
func (v *View) Map(ctx context.Context, w callgraph.Window, environment string, limit int) (Answer, error) {
	var a Answer
	err := v.read(ctx, w, func(v *View, period period) {
		p := newPart(v, &v.topology.services, period, limit)
		p.links = busiest(p.all(environment), limit)
		p.addEnds()
		a = p.answer()
	})
	return a, err
}

// all is every link with calls of which an end is in the environment, if one is
// named.
func (p *part) all(environment string) []counted {
	var links []counted
	for id := range p.layer.links {
		if l := &p.layer.links[id]; environment != "" && p.layer.nodes[l.caller].Service.Environment != environment &&
			p.layer.nodes[l.callee].Service.Environment != environment {
			continue
		}
		if c := p.view.count(&p.layer.links[id], p.period); c.Calls > 0 {
			links = append(links, counted{uint32(id), c})
		}
	}
	p.found = len(links)
	return links
}

func (p *part) addEnds() {
	for _, c := range p.links {
		p.addNode(p.layer.links[c.link].caller, 0)
		p.addNode(p.layer.links[c.link].callee, 0)
	}
}

// Calls is how often a service called another over one connection type.
type Calls struct {
	Caller, Callee callgraph.Operation // without names
	Connection     callgraph.Connection
	Count
}

// Calls is all calls between services in a window, without latencies.
func (v *View) Calls(ctx context.Context, w callgraph.Window) ([]Calls, error) {
	var calls []Calls
	err := v.read(ctx, w, func(v *View, period period) {
		layer := &v.topology.services
		for _, c := range newPart(v, layer, period, 0).all("") {
			l := &layer.links[c.link]
			calls = append(calls, Calls{layer.nodes[l.caller], layer.nodes[l.callee], l.connection, c.Count})
		}
	})
	return calls, err
}
