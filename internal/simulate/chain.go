package simulate

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// execution is an operation that is run once: a local trace. Times are
// nanoseconds since the chain's start, by true clocks.
type execution struct {
	operation  int32
	parent     int32 // call; -1: the entrance
	first      int32 // call; -1: none
	last       int32
	cause      int32 // call or, below -1, an operation's own fault: why it failed
	process    int32
	start, end int64
	stages     int32 // where its internal spans begin in chain.stages
	ending     ending
	dead       bool
	kept       bool
}

// call is one attempt.
type call struct {
	next       int32 // of the same execution; -1: none
	caller     int32 // execution
	callee     int32 // execution; -1: none
	cause      int32 // of the failure
	stage      int32 // the internal span that it is in; -1: none
	step       *step
	start, end int64
	ending     ending
	final      bool // no attempt follows it
	dead       bool
}

// stage is a span that is neither an execution's nor a call's own: an internal
// one around some calls, or a client library's exit span around one (of).
type stage struct {
	owner      int32 // execution
	parent     int32 // stage; -1: the execution's own span
	of         int32 // call; -1: it is internal
	name       string
	start, end int64
}

const noCause = -1

// chain simulates one chain after the other in the same memory.
type chain struct {
	random
	system     *System
	down       int32 // the peer that answers nobody during this chain; -1: none
	executions []execution
	calls      []call
	stages     []stage
}

func (c *chain) run(number uint64, entrance int32) {
	c.again(c.system.Seed, number)
	c.executions, c.calls, c.stages = c.executions[:0], c.calls[:0], c.stages[:0]
	c.down = -1
	if n := len(c.system.peers); n > 0 && c.chance(c.system.FaultRate) {
		c.down = int32(c.IntN(n))
	}
	c.execute(entrance, -1, 0, fine, 0)
}

// execute runs an operation; given is an ending that is no doing of its plan,
// and delay how much longer it takes.
func (c *chain) execute(o, parent int32, at int64, given ending, delay int64) int32 {
	op := &c.system.operations[o]
	processes := c.system.services[op.service].processes
	e := int32(len(c.executions))
	c.executions = append(c.executions, execution{
		operation: o, parent: parent, first: -1, last: -1, cause: noCause, start: at,
		process: processes[c.IntN(len(processes))], ending: given, stages: int32(len(c.stages)),
	})
	t := at + op.work.draw(c.random) + delay
	if given == fine {
		t = c.follow(e, op, t)
	}
	c.executions[e].end = t
	return e
}

// follow runs the plan and returns when it is done.
func (c *chain) follow(e int32, op *operation, t int64) int64 {
	plan := plan{execution: e, own: -1, kind: 1}
	if c.chance(op.secondKind) {
		plan.kind = 2
	}
	if c.chance(op.ownFaults) {
		plan.own = c.IntN(len(op.groups) + 1)
	}
	for i := range op.groups {
		if plan.own == i {
			c.fails(e, broken, -2-e)
			return t
		}
		t = c.group(&plan, &op.groups[i], t) + op.work.draw(c.random)
		if plan.stopped {
			c.fails(e, plan.answer, plan.cause)
			return t
		}
	}
	switch {
	case plan.own >= 0:
		c.fails(e, broken, -2-e)
	case plan.later:
		c.fails(e, broken, plan.cause)
	case plan.degraded:
		c.fails(e, soft, plan.lacking)
	}
	return t
}

func (c *chain) fails(e int32, as ending, cause int32) {
	c.executions[e].ending, c.executions[e].cause = as, cause
}

// plan is where an execution is.
type plan struct {
	execution int32
	own       int   // the group before which its own code fails; -1: none
	kind      uint8 // of the request, as a bit
	skips     uint64
	stage     int32
	stopped   bool
	later     bool
	answer    ending
	cause     int32
	degraded  bool  // an answer was put together from what was known before
	lacking   int32 // for want of this call's
}

// stop has the plan end after the group; the first that says so holds.
func (p *plan) stop(answer ending, cause int32) {
	if !p.stopped {
		p.stopped, p.answer, p.cause = true, answer, cause
	}
}

func (c *chain) group(p *plan, g *group, at int64) int64 {
	p.stage = -1
	if g.within != "" {
		p.stage = int32(len(c.stages))
		c.stages = append(c.stages, stage{owner: p.execution, parent: -1, of: -1, name: g.within, start: at})
	}
	first, end, stoppedAt := int32(len(c.calls)), at, int64(-1)
	for i := range g.steps {
		st := &g.steps[i]
		if st.kinds&p.kind == 0 || p.skips>>st.index&1 != 0 || !c.chance(st.probability) {
			continue
		}
		done, stops := c.step(p, st, at)
		if !st.async {
			end = max(end, done)
		}
		if stops && (stoppedAt < 0 || done < stoppedAt) {
			stoppedAt = done
		}
	}
	if g.failFast && stoppedAt >= 0 && stoppedAt < end {
		end = stoppedAt
		c.cancel(p.execution, first, end)
	}
	if p.stage >= 0 {
		c.stages[p.stage].end = end
	}
	return end
}

// cancel gives up what an execution's calls from first on still do at that time.
func (c *chain) cancel(e, first int32, at int64) {
	for i := first; i < int32(len(c.calls)); i++ {
		k := &c.calls[i]
		switch {
		case k.caller != e || k.step.async || k.end <= at:
		case k.start >= at:
			k.dead = true
		default:
			k.end, k.ending = at, cancelled
		}
	}
}

// step makes a step's calls from at on. It returns when the last one ended,
// and whether the plan stops there.
func (c *chain) step(p *plan, st *step, at int64) (end int64, stops bool) {
	if st.fanned {
		return c.fan(p, st, at)
	}
	for range st.times {
		last := c.attempts(p, st, at)
		if at, stops = c.decide(p, st, last, c.calls[last].end); stops {
			break
		}
	}
	return at, stops
}

// fan makes all calls of a step at once. One that fails decides.
func (c *chain) fan(p *plan, st *step, at int64) (end int64, stops bool) {
	end, worst := at, int32(-1)
	for range st.times {
		last := c.attempts(p, st, at)
		end = max(end, c.calls[last].end)
		if c.calls[last].ending != fine {
			worst = last
		}
	}
	if worst < 0 {
		return end, false
	}
	return c.decide(p, st, worst, end)
}

// attempts makes one call and, where it fails, repeats it.
func (c *chain) attempts(p *plan, st *step, at int64) (last int32) {
	previous := fine
	for try := 0; ; try++ {
		last = c.call(p, st, at, previous)
		k := &c.calls[last]
		if try >= int(st.retries) || !k.ending.repeatable() {
			k.final = true
			return last
		}
		previous = k.ending
		at = k.end + int64(c.between(0.5e6, 20e6))<<try
	}
}

// call is one attempt from at on.
func (c *chain) call(p *plan, st *step, at int64, previous ending) int32 {
	i := int32(len(c.calls))
	c.calls = append(c.calls, call{next: -1, caller: p.execution, callee: -1, cause: noCause, stage: p.stage, step: st, start: at})
	if st.wrapped {
		c.calls[i].stage = int32(len(c.stages))
		c.stages = append(c.stages, stage{owner: p.execution, parent: p.stage, of: i, start: at})
	}
	e := &c.executions[p.execution]
	if e.last >= 0 {
		c.calls[e.last].next = i
	} else {
		e.first = i
	}
	e.last = i
	fault := c.fault(st, previous)
	end, as := c.answer(i, st, at, fault)
	if end-at > st.patience && as != cancelled {
		end, as = at+st.patience, timedOut
		c.calls[i].cause = i
	}
	k := &c.calls[i]
	k.end, k.ending = end, as
	if as != fine && k.cause == noCause {
		k.cause = i
	}
	return i
}

func (c *chain) fault(st *step, previous ending) ending {
	if st.peer == c.down {
		return refused
	}
	if previous != fine {
		if c.chance(st.persistence) {
			return previous
		}
		return fine
	}
	x := c.Float64()
	for _, f := range st.faults {
		if x < f.sum {
			return f.ending
		}
	}
	return fine
}

// answer is when and how the call ends that began at that time.
func (c *chain) answer(i int32, st *step, at int64, fault ending) (end int64, as ending) {
	network := st.network.draw(c.random)
	switch {
	case fault == refused || fault == gatewayTime && st.callee < 0:
		return at + network/2, refused
	case st.callee >= 0:
		return c.reach(i, st, at, network, fault)
	case fault == timedOut:
		return at + st.patience + 1, timedOut
	case fault == cancelled:
		return at + network/2, cancelled
	}
	return at + network, fault
}

// reach runs the callee.
func (c *chain) reach(i int32, st *step, at, network int64, fault ending) (end int64, as ending) {
	op := &c.system.operations[st.callee]
	if op.connection == callgraph.Messaging {
		return c.send(i, st, at, network, fault)
	}
	given, delay := fault, int64(0)
	switch fault {
	case timedOut:
		if c.chance(0.3) {
			return at + st.patience + 1, timedOut // the request was lost
		}
		given, delay = fine, int64(float64(st.patience)*c.between(1, 2))
	case cancelled, soft:
		given = fine
	case gatewayTime: // a repeated one's
		given = gatewayTime
	}
	e := c.execute(st.callee, i, at+network, given, delay)
	x := &c.executions[e]
	c.calls[i].callee = e
	end = x.end + network
	switch {
	case fault == cancelled:
		return at + (end-at)/2, cancelled
	case fault == soft && x.ending == fine:
		x.ending, x.cause = soft, i
	}
	if x.ending != fine {
		c.calls[i].cause = x.cause
		if x.cause == noCause {
			c.calls[i].cause = i
		}
	}
	return end, x.ending
}

// send hands a message over; who consumes it does so later.
func (c *chain) send(i int32, st *step, at, network int64, fault ending) (end int64, as ending) {
	if fault != fine {
		return at + st.patience + 1, timedOut
	}
	end = at + network
	wait := int64(c.between(1e6, 300e6))
	e := c.execute(st.callee, i, end+wait, fine, 0)
	c.calls[i].callee = e
	return end, fine
}

// decide is what the caller does after a step's last attempt: when the plan
// goes on, or that it stops.
func (c *chain) decide(p *plan, st *step, i int32, at int64) (end int64, stops bool) {
	as, cause := c.calls[i].ending, c.calls[i].cause
	if as == fine || st.async {
		return at, false
	}
	class, failed := as.class()
	if !failed { // cancelled: some hold that for fatal
		if stops = c.chance(0.5); stops {
			p.stop(broken, cause)
		}
		return at, stops
	}
	if st.fallback != nil {
		var worked bool
		if at, worked = c.fallBack(p, st.fallback, cause, at); worked {
			return at, false
		}
	}
	policy := &st.policies[class]
	if !c.chance(policy.goesOn) {
		p.stop(c.answerOf(p, policy.answer, class), cause)
		return at, true
	}
	p.skips |= policy.skips
	if c.chance(policy.failsLater) {
		p.later, p.cause = true, cause
	}
	return at, false
}

// fallBack asks a fallback, and reports whether it had an answer: then the
// caller goes on as if nothing had failed.
func (c *chain) fallBack(p *plan, f *step, cause int32, at int64) (end int64, worked bool) {
	k := &c.calls[c.attempts(p, f, at)]
	if k.ending != fine {
		return k.end, false
	}
	if f.degrades && !p.degraded {
		p.degraded, p.lacking = true, cause
	}
	return k.end, true
}

// answerOf is what a caller that stops says: some pass a timeout on as one.
func (c *chain) answerOf(p *plan, answer ending, class strength.Class) ending {
	o := &c.system.operations[c.executions[p.execution].operation]
	if answer == broken && class == strength.Timeout && o.relays {
		return gatewayTime
	}
	return answer
}
