package query

import (
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// maxEdgeSites of one edge are named.
const maxEdgeSites = 5

// judge tells the strength of each edge of a graph by that of its call sites.
func (g *graph) judge(a graphview.Answer, known verdicts) {
	for i := range a.Links {
		l := &a.Links[i]
		sites := matching(known.between(a.Nodes[l.Caller].Operation, a.Nodes[l.Callee].Operation), l.Connection)
		g.Edges[i].Strength, g.Edges[i].Dependencies = edgeStrength(sites)
	}
}

// between are the sites of an edge between operations or, without names, services.
func (t *verdicts) between(caller, callee callgraph.Operation) []*callSite {
	key := edgeKey{caller, callee}
	if caller.Name == "" && callee.Name == "" {
		return t.services[key]
	}
	return t.edges[key]
}

// edgeStrength is the strength at whose sites most calls are made; unknown only
// where no other is known. The sites, those with the most calls first, come
// after those of that strength.
func edgeStrength(sites []*callSite) (shown string, ids []string) {
	if len(sites) == 0 {
		return "", []string{}
	}
	calls := map[strength.Strength]uint64{}
	for _, d := range sites {
		calls[d.verdict.Strength] += d.evidence.calls + 1
	}
	best := strength.Unknown
	for _, s := range [...]strength.Strength{strength.Strong, strength.Conditional, strength.Weak} {
		if calls[s] > 0 && (best == strength.Unknown || calls[s] > calls[best]) {
			best = s
		}
	}
	for _, own := range [...]bool{true, false} {
		for _, d := range sites {
			if (d.verdict.Strength == best) == own && len(ids) < maxEdgeSites {
				ids = append(ids, d.id.String())
			}
		}
	}
	return best.String(), slices.Clip(ids)
}
