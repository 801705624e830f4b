package simulate

import (
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// Bounds of one operation.
const (
	maxSteps = 12
	maxTimes = 4
)

func (d *drawing) drawPlan(o int32) {
	layer := d.operations[o].layer
	if d.chance(0.3) {
		d.operations[o].secondKind = d.between(0.1, 0.5)
	}
	least, most := []int{2, 1, 1, 0}[layer], []int{6, 5, 4, 2}[layer]
	for left := d.number(least, most); left > 0; {
		n := 1
		if left > 1 && d.chance(0.2) {
			n = d.number(2, min(3, left))
		}
		d.drawGroup(o, n)
		left -= n
	}
}

func (d *drawing) drawGroup(o int32, n int) {
	g := group{failFast: d.chance(0.3)}
	if d.chance(0.25) {
		g.within = fmt.Sprintf("stage %d", len(d.operations[o].groups)+1)
	}
	for range n {
		if st, ok := d.drawStep(o, &g); ok {
			g.steps = append(g.steps, st)
		}
	}
	if len(g.steps) > 0 {
		d.operations[o].groups = append(d.operations[o].groups, g)
	}
}

func (d *drawing) drawStep(o int32, beside *group) (step, bool) {
	op := &d.operations[o]
	layer := op.layer
	callee := int32(-1)
	if layer+1 < d.layers && d.chance(0.65) {
		callee = d.pickCallee(layer)
		if d.calls(o, callee) || beside.calls(callee) {
			return step{}, false
		}
	}
	return d.stepTo(o, callee), true
}

// pickCallee prefers operations that nobody calls yet.
func (d *drawing) pickCallee(layer int) int32 {
	if next := d.uncalled[layer+1]; len(next) > 0 {
		d.uncalled[layer+1] = next[1:]
		return next[0]
	}
	below := layer + 1
	if d.chance(0.2) {
		below = d.number(layer+1, d.layers-1)
	}
	if all := d.byLayer[below]; len(all) > 0 {
		return all[d.IntN(len(all))]
	}
	return -1
}

// calls reports whether the operation calls the callee already: a second step
// would be the same site.
func (d *drawing) calls(o, callee int32) bool {
	for i := range d.operations[o].groups {
		if d.operations[o].groups[i].calls(callee) {
			return true
		}
	}
	return false
}

func (g *group) calls(callee int32) bool {
	for i := range g.steps {
		if callee >= 0 && g.steps[i].callee == callee {
			return true
		}
	}
	return false
}

// callTheRest has operations of the layer above call what nobody called; where
// they have no room it stays without traffic.
func (d *drawing) callTheRest(layer int) {
	if layer >= d.layers {
		return
	}
	callers := d.byLayer[layer-1]
	for _, callee := range d.uncalled[layer] {
		o := callers[d.IntN(len(callers))]
		if d.operations[o].steps < maxSteps {
			d.operations[o].groups = append(d.operations[o].groups, group{steps: []step{d.stepTo(o, callee)}})
		}
	}
	d.uncalled[layer] = nil
}

func (d *drawing) stepTo(o, callee int32) step {
	op := &d.operations[o]
	st := step{index: uint8(op.steps), callee: callee, probability: 1, times: 1, network: d.latencyAround(time.Millisecond)}
	op.steps++
	st.kinds = bothKinds
	if op.secondKind > 0 && d.chance(0.5) {
		st.kinds = uint8(d.number(1, 2))
	}
	st.wrapped = d.chance(0.1)
	if d.chance(0.5) {
		st.probability = d.between(0.2, 1)
	}
	if d.chance(0.12) {
		st.times, st.fanned = uint8(d.number(2, maxTimes)), d.chance(0.4)
	}
	st.async = d.chance(0.06)
	st.patience = int64(d.between(0.6, 1.6) * float64([...]time.Duration{6 * time.Second, 3 * time.Second, time.Second, 400 * time.Millisecond}[op.layer]))
	if callee < 0 {
		st.network = d.latencyAround(4 * time.Millisecond)
	}
	if d.chance(0.3) {
		st.retries, st.persistence = uint8(d.number(1, 3)), d.between(0.3, 0.95)
	}
	st.site = d.addSite(o, d.calleeOf(o, &st), false)
	st.peer = d.peerOf(&st)
	d.drawFaults(&st, d.FaultRate)
	d.drawPolicies(&st)
	if !st.async && st.times == 1 && d.chance(0.18) {
		d.drawFallback(o, &st)
	}
	return st
}

func (d *drawing) addSite(o int32, callee strength.Callee, fallback bool) int32 {
	op := &d.operations[o]
	caller := callgraph.Operation{Service: d.services[op.service].Service, Name: op.name}
	d.sites = append(d.sites, site{Site: strength.Site{Caller: caller, Callee: callee}, operation: o, fallback: fallback})
	return int32(len(d.sites) - 1)
}

func (d *drawing) calleeOf(o int32, st *step) strength.Callee {
	if st.callee >= 0 {
		to := &d.operations[st.callee]
		c := strength.Callee{Peer: d.services[to.service].Name, Operation: to.exit, Connection: to.connection}
		if to.connection == callgraph.Messaging {
			c.Peer = to.target
		}
		return c
	}
	if d.chance(0.7) {
		store, base := stores[d.IntN(len(stores))], d.services[d.operations[o].service].Name
		return strength.Callee{
			Peer:       store + "/" + base,
			Operation:  fmt.Sprintf("%s %s_%d", []string{"SELECT", "UPDATE", "INSERT"}[d.IntN(3)], base, st.index),
			Connection: callgraph.Database,
		}
	}
	return strength.Callee{
		Peer:       outside[d.IntN(len(outside))] + ".example",
		Operation:  fmt.Sprintf("POST /v1/%s/%d", actions[d.IntN(len(actions))], st.index),
		Connection: callgraph.HTTP,
	}
}

// peerOf numbers what may be down: services, stores, other companies.
func (d *drawing) peerOf(st *step) int32 {
	name := d.sites[st.site].Callee.Peer
	if st.callee >= 0 {
		name = d.services[d.operations[st.callee].service].Name
	}
	n, known := d.peers[name]
	if !known {
		n = int32(len(d.peers))
		d.peers[name] = n
	}
	return n
}
