package graphview

import (
	"context"
	"fmt"
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Query asks for the neighbourhood of a focus.
type Query struct {
	Focus
	Up, Down int // hops against and along the calls
	Window   callgraph.Window
	Limit    int // links returned
}

// Neighbourhood is the nodes that are reached from the focus in so many hops up
// and down, and the links with calls in the window on the way. Nearer links go
// before farther ones, then those with more calls. It fails with ErrUnknown
// where nothing has the name of the focus, and with a TooMuchError.
func (v *View) Neighbourhood(ctx context.Context, q Query) (Answer, error) {
	var a Answer
	known := true
	err := v.read(ctx, q.Window, func(r *reading) {
		layer, focus := r.topology.find(q.Focus)
		if known = len(focus) > 0; known {
			a = newPart(r, layer, q.Limit).neighbourhood(focus, q)
		}
	})
	if err == nil && !known {
		err = fmt.Errorf("%s: %w", q.Focus, ErrUnknown)
	}
	return a, err
}

func (p *part) neighbourhood(focus []uint32, q Query) Answer {
	for _, id := range focus {
		p.addNode(id, 0)
	}
	up, down := focus, focus
	for hop := 1; hop <= max(q.Up, q.Down) && len(up)+len(down) > 0; hop++ {
		if len(p.links) >= p.limit {
			p.cut = true
			break
		}
		var callers, callees []counted
		if hop <= q.Up {
			callers = p.candidates(up, p.layer.in)
		}
		if hop <= q.Down {
			callees = p.candidates(down, p.layer.out)
		}
		callers, callees = share(callers, callees, p.limit-len(p.links))
		up = p.take(callers, -hop)
		down = p.take(callees, hop)
	}
	p.dropNames()
	return p.answer()
}

// dropNames leaves out of the focus what only callers name and nobody called in
// the window, where something that sends spans has the name as well: the calls
// of that peer are shown at whoever answered them.
func (p *part) dropNames() {
	kind := func(id uint32) callgraph.Node { return p.layer.nodes[id].Node }
	focus := func(id uint32) bool { return p.hops[id] == 0 }
	if !slices.ContainsFunc(p.nodes, func(id uint32) bool { return focus(id) && kind(id) == callgraph.Observed }) {
		return
	}
	p.nodes = slices.DeleteFunc(p.nodes, func(id uint32) bool {
		return focus(id) && kind(id) == callgraph.Virtual && p.received(id).Calls == 0
	})
}

// candidates is the links of the given nodes that have calls and are not yet
// taken.
func (p *part) candidates(nodes []uint32, links [][]uint32) (found []counted) {
	for _, n := range nodes {
		for _, id := range links[n] {
			if p.taken[id] {
				continue
			}
			if c := p.count(&p.layer.links[id]); c.Calls > 0 {
				found = append(found, counted{id, c})
				p.see(id)
			}
		}
	}
	return found
}

func (p *part) see(link uint32) {
	if !p.seen[link] {
		p.seen[link] = true
		p.found++
	}
}

// share cuts two lists to room links together; each may have half, and what the
// other leaves.
func share(a, b []counted, room int) (x, y []counted) {
	x = busiest(a, max(room/2, room-len(b)))
	return x, busiest(b, room-len(x))
}

// take adds links and returns the nodes that are new and lead on.
func (p *part) take(links []counted, hop int) (next []uint32) {
	for _, c := range links {
		if p.taken[c.link] {
			continue // both ways lead over it
		}
		p.taken[c.link] = true
		p.links = append(p.links, c)
		if far := p.far(c.link, hop); p.leadsOn(far) {
			next = append(next, far)
		}
		p.addNode(p.far(c.link, hop), hop)
	}
	return next
}

func (p *part) far(link uint32, hop int) uint32 {
	if hop < 0 {
		return p.layer.links[link].caller
	}
	return p.layer.links[link].callee
}

// leadsOn: nodes that were reached before do not, nor do those that stand for
// many callers at once.
func (p *part) leadsOn(node uint32) bool {
	_, reached := p.hops[node]
	kind := p.layer.nodes[node].Node
	return !reached && kind != callgraph.Unknown && kind != callgraph.Outside
}
