package graphview

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Called is an operation with the calls it received in a window.
type Called struct {
	callgraph.Operation
	Figures
}

// Entrances are the operations that Outside calls, with those calls only, the
// busiest first: in one environment, or in all where it is empty. Found is how
// many there are before the limit.
func (v *View) Entrances(ctx context.Context, w callgraph.Window, environment string, limit int) (called []Called, found int, err error) {
	err = v.read(ctx, w, func(r *reading) {
		l := &r.topology.operations
		var links []uint32
		for id, o := range l.nodes {
			if o.Node == callgraph.Outside {
				links = append(links, l.out[id]...)
			}
		}
		called, found = r.called(links, environment, limit)
	})
	return called, found, err
}

// Operations are those of the services that a focus names, with all calls they
// received, the busiest first. It fails with ErrUnknown for an unknown service.
func (v *View) Operations(ctx context.Context, w callgraph.Window, f Focus, limit int) (called []Called, found int, err error) {
	known := true
	err = v.read(ctx, w, func(r *reading) {
		services := r.topology.matching(f)
		known = len(services) > 0
		var links []uint32
		for _, s := range services {
			for _, o := range r.topology.members[s] {
				links = append(links, r.topology.operations.in[o]...)
			}
		}
		called, found = r.called(links, "", limit)
	})
	if err == nil && !known {
		err = fmt.Errorf("%s: %w", f, ErrUnknown)
	}
	return called, found, err
}

// called adds links up by their callee.
func (r *reading) called(links []uint32, environment string, limit int) ([]Called, int) {
	l := &r.topology.operations
	calls, by := map[uint32]uint64{}, map[uint32][]uint32{}
	for _, id := range links {
		callee := l.links[id].callee
		if environment != "" && l.nodes[callee].Service.Environment != environment {
			continue
		}
		if c := r.count(&l.links[id]); c.Calls > 0 || r.answers(&l.links[id]) > 0 {
			calls[callee] += c.Calls
			by[callee] = append(by[callee], id)
		}
	}
	order := make([]uint32, 0, len(calls))
	for id, n := range calls {
		if n > 0 {
			order = append(order, id)
		}
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(calls[b], calls[a]), compare(l.nodes[a], l.nodes[b]))
	})
	all := make([]Called, 0, min(limit, len(order)))
	for _, id := range order[:min(limit, len(order))] {
		all = append(all, Called{l.nodes[id], r.sum(by[id])})
	}
	return all, len(order)
}

// sum adds the figures of several links of the operations' layer up.
func (r *reading) sum(links []uint32) (f Figures) {
	var u unpacker
	for _, id := range links {
		for e := range r.topology.operations.links[id].edges {
			r.addFigures(&f, &u, e)
		}
	}
	return f
}
