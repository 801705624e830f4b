package simulate

import (
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// drawFallback gives a step a store of the caller's own that is asked after a
// failure, for an answer of before. Whoever has one asks it whatever the failure
// was, and does the same if it fails, too.
func (d *drawing) drawFallback(o int32, st *step) {
	op := &d.operations[o]
	f := &step{
		index: uint8(op.steps), callee: -1, kinds: bothKinds, probability: 1, times: 1,
		network: d.latencyAround(2 * time.Millisecond), patience: int64(200 * time.Millisecond),
	}
	op.steps++
	base := d.services[op.service].Name
	f.site = d.addSite(o, strength.Callee{
		Peer: "redis/last-" + base, Operation: fmt.Sprintf("GET last_%s_%d", base, f.index), Connection: callgraph.Database,
	}, true)
	f.peer = d.peerOf(f)
	d.drawFaults(f, 1)
	f.failsAt(d.fallbackFaults())
	f.degrades = d.chance(0.3)
	one := d.strongPolicy()
	if d.chance(0.5) {
		one = d.weakPolicy(st)
	}
	for c := range st.policies {
		st.policies[c] = one
	}
	f.policies = st.policies
	st.fallback = f
}

// fallbackFaults is how often a fallback has no answer: seldom, now and then, or
// mostly. Between them it would be a matter of chance what its caller is found to be.
func (d *drawing) fallbackFaults() float64 {
	switch x := d.Float64(); {
	case x < 0.4:
		return d.between(0.01, 0.05)
	case x < 0.8:
		return d.between(0.15, 0.25)
	}
	return d.between(0.57, 0.73)
}

// failsAt has the step fail that often, in the ways that it has.
func (s *step) failsAt(rate float64) {
	all := s.faultRate()
	for i := range s.faults {
		s.faults[i].sum *= rate / all
	}
}

// faultRate is how often a call of the step fails by itself.
func (s *step) faultRate() float64 {
	if len(s.faults) == 0 {
		return 0
	}
	return s.faults[len(s.faults)-1].sum
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
