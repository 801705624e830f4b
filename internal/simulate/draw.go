package simulate

import (
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// Environment is that of all simulated services.
const Environment = "simulated"

var (
	businesses = []string{
		"order", "payment", "stock", "delivery", "catalogue", "price", "customer", "invoice", "warehouse", "loyalty",
		"search", "review", "shipping", "refund", "coupon", "basket", "tax", "fraud", "message", "account",
	}
	actions = []string{"get", "list", "create", "check", "reserve", "update", "cancel", "quote"}
	stores  = []string{"mysql", "postgresql", "redis", "mongodb"}
	outside = []string{"bank", "carrier", "maps", "mail", "scoring"}
)

// drawing makes a System's world.
type drawing struct {
	*System
	random
	layers    int
	byLayer   [][]int32 // operations
	uncalled  [][]int32 // of them, those that nobody calls yet
	processes int32
}

// maxLayers is how deep chains are at most.
const maxLayers = 4

func draw(s *System) {
	s.peers = map[string]int32{}
	d := &drawing{System: s, random: newRandom(s.Seed, 1), layers: min(maxLayers, s.Services)}
	d.byLayer, d.uncalled = make([][]int32, d.layers), make([][]int32, d.layers)
	d.drawServices()
	d.drawEntrances()
	for layer := range d.layers {
		for _, o := range d.byLayer[layer] {
			d.drawPlan(o)
		}
		d.callTheRest(layer + 1)
	}
	d.collectSites()
}

// layerOf spreads the services over the layers, most of them in the middle.
func (d *drawing) layerOf(service int) int {
	widths := [maxLayers]int{1, 2, 3, 2}
	total := 0
	for _, w := range widths[:d.layers] {
		total += w
	}
	place := service * total / d.Services
	for layer, w := range widths[:d.layers] {
		if place -= w; place < 0 {
			return layer
		}
	}
	return d.layers - 1
}

func (d *drawing) drawServices() {
	for i := range d.Services {
		name := businesses[i%len(businesses)]
		if i >= len(businesses) {
			name = fmt.Sprintf("%s-%d", name, i/len(businesses))
		}
		v := service{
			Service: callgraph.Service{Environment: Environment, Namespace: fmt.Sprintf("domain-%02d", i%90), Name: name},
			stock:   d.chance(d.StockShare),
		}
		for range d.number(1, 3) {
			v.processes = append(v.processes, d.processes)
			d.processes++
		}
		d.services = append(d.services, v)
		layer := d.layerOf(i)
		for n := 0; layer > 0 && n < d.number(1, 3); n++ {
			d.addOperation(int32(i), layer)
		}
	}
}

func (d *drawing) addOperation(service int32, layer int) int32 {
	i := int32(len(d.operations))
	o := operation{
		service: service, entrance: -1, layer: layer,
		work:      d.latencyAround(2 * time.Millisecond),
		ownFaults: d.FaultRate * d.between(0, 0.3),
		relays:    d.chance(0.3),
	}
	d.nameOperation(&o, i)
	d.operations = append(d.operations, o)
	d.byLayer[layer] = append(d.byLayer[layer], i)
	if layer > 0 {
		d.uncalled[layer] = append(d.uncalled[layer], i)
	}
	return i
}

func (d *drawing) nameOperation(o *operation, number int32) {
	business, action := d.services[max(int(o.service), 0)].Name, actions[d.IntN(len(actions))]
	switch x := d.Float64(); {
	case o.layer == 0 || x < 0.55:
		o.connection = callgraph.HTTP
		o.target = fmt.Sprintf("/%s/%s/%d", business, action, number)
		o.name = "POST " + o.target
		o.exit = o.name
	case x < 0.9:
		o.connection = callgraph.RPC
		o.target = fmt.Sprintf("%s.v1/%s%d", business, action, number)
		o.name, o.exit = o.target, o.target
	default:
		o.connection = callgraph.Messaging
		o.target = fmt.Sprintf("%s.%s.%d", business, action, number)
		o.name, o.exit = "process "+o.target, "send "+o.target
	}
}

func (d *drawing) drawEntrances() {
	first := 0
	for first < d.Services && d.layerOf(first) == 0 {
		first++
	}
	for i := range d.Entrances {
		o := d.addOperation(int32(i%first), 0)
		d.operations[o].entrance = int32(i)
		if i < len(orderEntrances) {
			d.operations[o].target = orderEntrances[i]
			d.operations[o].name = "POST " + orderEntrances[i]
		}
		d.entrances = append(d.entrances, o)
	}
}

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
	if !st.async && d.chance(0.15) {
		st.fallback = d.drawFallback(o)
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

// drawFallback is a store of the caller's own that is asked after a failure.
func (d *drawing) drawFallback(o int32) *step {
	op := &d.operations[o]
	f := &step{
		index: uint8(op.steps), callee: -1, kinds: bothKinds, probability: 1, times: 1,
		network: d.latencyAround(2 * time.Millisecond), patience: int64(200 * time.Millisecond),
	}
	op.steps++
	base := d.services[op.service].Name
	f.site = d.addSite(o, strength.Callee{
		Peer: "redis/" + base, Operation: fmt.Sprintf("GET last_%s_%d", base, f.index), Connection: callgraph.Database,
	}, true)
	f.peer = d.peerOf(f)
	d.drawFaults(f, min(0.05, 5*d.FaultRate))
	d.drawPolicies(f)
	return f
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

// drawFaults gives a site one to three ways to fail, those that its connection
// has.
func (d *drawing) drawFaults(st *step, rate float64) {
	ways := faultsOf(d.sites[st.site].Callee.Connection, st.callee >= 0)
	sum := 0.0
	for _, i := range d.Perm(len(ways))[:min(len(ways), d.number(1, 3))] {
		sum += rate * d.between(0.15, 1.2)
		st.faults = append(st.faults, fault{ways[i], sum})
	}
}

func faultsOf(c callgraph.Connection, observed bool) []ending {
	switch {
	case c == callgraph.Database:
		return []ending{refused, timedOut, broken, cancelled}
	case c == callgraph.Messaging:
		return []ending{refused, timedOut}
	case !observed:
		return []ending{refused, timedOut, broken, overloaded, turnedDown, soft}
	}
	return []ending{refused, timedOut, broken, overloaded, turnedDown, soft, cancelled}
}

func (d *drawing) drawPolicies(st *step) {
	kind := d.Float64()
	strong := d.strongPolicy()
	weak := d.weakPolicy(st)
	share := policy{goesOn: d.between(0.27, 0.43), answer: broken}
	for _, p := range []*policy{&strong, &weak, &share} {
		p.goesOn = st.perCall(p.goesOn)
	}
	for c := range strength.Classes {
		switch {
		case strength.Class(c) == strength.Rejected && d.chance(0.5):
			st.policies[c] = weak
		case kind < 0.47:
			st.policies[c] = strong
		case kind < 0.83:
			st.policies[c] = weak
		case kind < 0.95:
			st.policies[c] = []policy{strong, weak}[d.IntN(2)]
		default:
			st.policies[c] = share
		}
	}
	if st.async { // nobody waits for it
		st.policies = [strength.Classes]policy{}
		for c := range st.policies {
			st.policies[c].goesOn = 1
		}
	}
}

// perCall is how often each of a step's calls must go on so that the site does
// that often (classTruth, solved for goesOn).
func (s *step) perCall(share float64) float64 {
	n := float64(s.inTurn())
	return share * n / (1 + share*(n-1))
}

func (d *drawing) strongPolicy() policy {
	p := policy{answer: broken}
	if d.chance(0.2) {
		p.goesOn = d.between(0, 0.06)
	}
	switch x := d.Float64(); {
	case x < 0.15:
		p.answer = fine
	case x < 0.2:
		p.answer = soft
	}
	return p
}

func (d *drawing) weakPolicy(st *step) policy {
	p := policy{goesOn: 1, answer: broken}
	switch x := d.Float64(); {
	case x < 0.2:
		p.goesOn = d.between(0.75, 1)
	case x < 0.35:
		p.failsLater = 0.3
	case x < 0.4:
		p.failsLater = 1
	}
	if d.chance(0.2) {
		p.skips = d.Uint64() &^ (1<<(st.index+1) - 1)
	}
	return p
}

// collectSites notes the steps where they will stay.
func (d *drawing) collectSites() {
	for o := range d.operations {
		for g := range d.operations[o].groups {
			steps := d.operations[o].groups[g].steps
			for i := range steps {
				d.sites[steps[i].site].step = &steps[i]
				if f := steps[i].fallback; f != nil {
					d.sites[f.site].step = f
				}
			}
		}
	}
	for i := range d.sites {
		d.skipAsync(&d.sites[i])
	}
}

// skipAsync has who leaves out all that follows leave out what would run in the
// background, too: whether that follows is a matter of how long it takes.
func (d *drawing) skipAsync(of *site) {
	if of.step == nil {
		return
	}
	following := d.successors(of)
	for c := range of.step.policies {
		if p := &of.step.policies[c]; p.skips != 0 && len(following) > 0 && allSkipped(following, p.skips) {
			p.skips |= d.asyncSteps(of.operation)
		}
	}
}

func (d *drawing) asyncSteps(o int32) (bits uint64) {
	for _, g := range d.operations[o].groups {
		for i := range g.steps {
			if g.steps[i].async {
				bits |= 1 << g.steps[i].index
			}
		}
	}
	return bits
}
