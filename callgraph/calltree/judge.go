package calltree

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// patience is how long a call whose halves are both in waits for its caller's
// entry span before it is yielded with what is known.
const patience = time.Second

// judge yields the calls that a span tells of. Before its window is over
// (final) it leaves open what only absence would decide. again asks to be
// judged once more: its caller's operation may still change.
func (j *Joiner) judge(r ref, final bool) (again bool) {
	n := j.nodes.at(r)
	switch {
	case n.is(isProvisional):
		j.judgeLate(r)
		return false
	case n.is(isSettled):
		return false
	case n.entrySpan():
		return j.judgeEntry(r, final)
	case n.is(isRoot) && !n.is(isEntrance):
		n.set(isEntrance)
		j.yield(j.entranceCall(n))
	}
	return n.exitSpan() && j.judgeExit(r, final)
}

func (j *Joiner) judgeExit(r ref, final bool) (again bool) {
	n := j.nodes.at(r)
	if n.is(mustChoose) {
		j.choose(r)
	}
	if n.right == none {
		return false
	}
	operation, resolved := j.caller(r)
	if resolved || final || (n.told == noOperation && j.waited(r, n.right)) {
		j.tellExit(n, operation)
	}
	return !resolved
}

// judgeLate tells the pair of an exit span whose entry span came after its
// window; no other can take its place then.
func (j *Joiner) judgeLate(r ref) {
	n := j.nodes.at(r)
	if n.is(mustChoose) {
		j.choose(r)
	}
	if n.right == none {
		return
	}
	operation, _ := j.caller(r)
	j.tellExit(n, operation)
	n.clear(isProvisional)
	j.seal(r)
}

// waited reports whether both spans have been in for as long as patience.
func (j *Joiner) waited(a, b ref) bool {
	return min(j.age(j.nodes.at(a).arrival), j.age(j.nodes.at(b).arrival)) >= patience
}

func (j *Joiner) judgeEntry(r ref, final bool) (again bool) {
	n := j.nodes.at(r)
	f := j.familyOf(r, final)
	j.eachLink(r, func(item ref) {
		l := j.links.at(item)
		v := j.judgeLink(item, f)
		again = j.tellVerdict(n, &l.told, v) || again
	})
	return j.tellVerdict(n, &n.told, j.judgeParent(r, f)) || again
}

// verdict is the caller of a call that only its callee saw.
type verdict struct {
	caller   operationID // noOperation: there is no such call
	resolved bool
	patient  bool // unresolved, and not yet long enough
}

// tellVerdict yields the call of a verdict, unless it is too early.
func (j *Joiner) tellVerdict(n *node, told *operationID, v verdict) (again bool) {
	if v.resolved || (*told == noOperation && !v.patient) {
		j.tellEntry(n, told, v.caller)
	}
	return !v.resolved
}

// family is where an entry span stands.
type family struct {
	server ref
	parent ref
	final  bool
	// within: the parent is a CONSUMER of the same service, which received the
	// messages that this one processes.
	within bool
	// messages is how many links stand for a message.
	messages int
}

func (j *Joiner) familyOf(r ref, final bool) family {
	f := family{server: r, parent: j.parentOf(r), final: final}
	if f.parent != none {
		n, p := j.nodes.at(r), j.nodes.at(f.parent)
		f.within = ptrace.SpanKind(p.kind) == ptrace.SpanKindConsumer && j.sameService(n, p)
	}
	j.eachLink(r, func(item ref) {
		if j.exitOf(item) != none || j.absent(j.links.at(item).target) {
			f.messages++
		}
	})
	return f
}

// judgeParent: the call that the parent says an entry span is.
func (j *Joiner) judgeParent(r ref, f family) verdict {
	n := j.nodes.at(r)
	if n.told == pairedOperation {
		return verdict{caller: pairedOperation, resolved: true}
	}
	if f.parent == none {
		return j.judgeOrphan(n, f)
	}
	p := j.nodes.at(f.parent)
	switch {
	case p.exitSpan() && p.right == r:
		return verdict{resolved: true}
	case !p.exitSpan() && (j.sameService(n, p) || f.messages > 0):
		return verdict{resolved: true}
	}
	return j.callerVerdict(r, f.parent, f.final)
}

// judgeOrphan: an entry span under none that has come.
func (j *Joiner) judgeOrphan(n *node, f family) verdict {
	switch {
	case f.messages > 0:
		return verdict{resolved: true}
	case n.is(isRoot):
		return verdict{caller: outsideOperation, resolved: true}
	case f.final:
		return verdict{caller: unknownOperation, resolved: true}
	}
	return verdict{resolved: true}
}

// judgeLink: the call that a link says a consumer is.
func (j *Joiner) judgeLink(item ref, f family) verdict {
	l := j.links.at(item)
	exit := j.exitOf(item)
	switch {
	case l.told == pairedOperation:
		return verdict{caller: pairedOperation, resolved: true}
	case exit != none && (j.nodes.at(exit).right == f.server || f.within):
		return verdict{resolved: true}
	case exit != none:
		return j.callerVerdict(f.server, exit, f.final)
	case f.final && j.absent(l.target) && !f.within && !j.isExitRef(f.parent):
		return verdict{caller: unknownOperation, resolved: true}
	}
	return verdict{resolved: true}
}

func (j *Joiner) isExitRef(r ref) bool { return r != none && j.nodes.at(r).exitSpan() }

func (j *Joiner) callerVerdict(server, span ref, final bool) verdict {
	operation, resolved := j.caller(span)
	return verdict{caller: operation, resolved: resolved || final, patient: !j.waited(server, span)}
}

// absent reports whether no span of a head has come.
func (j *Joiner) absent(head ref) bool { return j.nodes.at(head).is(isPlaceholder) }

// settle decides a span's calls for good at the end of its window. What others
// may still ask of it, its caller's operation, stays with it.
func (j *Joiner) settle(r ref) {
	n := j.nodes.at(r)
	j.judge(r, true)
	if n.entrySpan() {
		n.entry = j.names.hold(n.operation)
	} else {
		operation, _ := j.caller(r)
		n.entry = j.names.hold(operation)
	}
	if n.exitSpan() {
		j.settleExit(r)
	}
	n.set(isSettled)
	j.leave(r)
	if n.is(isProvisional) {
		j.late.push(r)
		return
	}
	n.clear(isHeld)
	j.free(r)
}

func (j *Joiner) settleExit(r ref) {
	n := j.nodes.at(r)
	j.markOuter(r)
	switch {
	case n.right != none:
		j.seal(r)
	case !n.is(hasInner):
		n.set(isProvisional)
		j.tellExit(n, n.entry)
	}
}

// seal makes the pair of an exit span final.
func (j *Joiner) seal(exit ref) {
	n := j.nodes.at(exit)
	server := n.right
	if s := j.nodes.at(server); !s.is(isSettled) {
		j.sealLinks(server, exit)
		if j.exitOf(server) == exit {
			j.tellEntry(s, &s.told, noOperation)
			s.told = pairedOperation
		}
	}
	n.right = none
	j.unref(server)
}

func (j *Joiner) sealLinks(server, exit ref) {
	j.eachLink(server, func(item ref) {
		if l := j.links.at(item); j.exitOf(item) == exit {
			j.tellEntry(j.nodes.at(server), &l.told, noOperation)
			l.told = pairedOperation
		}
	})
}

// leave cuts a settled span's ties to its parent and its links.
func (j *Joiner) leave(r ref) {
	n := j.nodes.at(r)
	j.dropLinks(r)
	parent := n.parent
	if parent == none {
		return
	}
	n.parent = none
	if n.entrySpan() {
		j.disown(parent, r)
		return
	}
	j.unref(parent)
}

// giveUp lets an exit span go whose entry span did not come.
func (j *Joiner) giveUp(r ref) {
	n := j.nodes.at(r)
	j.judge(r, true)
	n.clear(isProvisional | isHeld)
	j.free(r)
}
