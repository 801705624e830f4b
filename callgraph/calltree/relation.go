package calltree

import (
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// place finds room for a span: its awaited placeholder, or a new node; none
// where a span of this kind is there already.
func (j *Joiner) place(key spanKey, kind ptrace.SpanKind) ref {
	head := j.nodes.head(key)
	if head == none {
		return j.nodes.add(key)
	}
	if n := j.nodes.at(head); n.is(isPlaceholder) {
		n.clear(isPlaceholder)
		return head
	}
	for r := head; r != none; r = j.nodes.twin(r) {
		if j.nodes.at(r).kind == uint8(kind) {
			return none
		}
	}
	j.part(head)
	return j.nodes.addTwin(head)
}

// part undoes what was decided about the children of a head and its entry
// spans; relate decides it again once the twin is there.
func (j *Joiner) part(head ref) {
	j.eachChild(head, j.detach)
	for r := head; r != none; r = j.nodes.twin(r) {
		if j.nodes.at(r).entrySpan() {
			j.detach(r)
		}
	}
}

// relate links a new node with its parent and with those who waited for it.
func (j *Joiner) relate(r ref, span ptrace.Span) {
	n := j.nodes.at(r)
	if key, ok := parentKey(span.TraceID(), span.ParentSpanID()); ok {
		n.parent = j.await(key)
		if n.entrySpan() {
			j.adopt(n.parent, r)
		} else {
			j.nodes.at(n.parent).refs++
		}
	}
	j.takeLinks(r, span)
	head := j.nodes.headOf(r)
	j.eachChild(head, j.attach)
	for t := head; t != none; t = j.nodes.twin(t) {
		if j.nodes.at(t).entrySpan() {
			j.attach(t)
		}
	}
	if n.is(isRoot) && !n.entrySpan() {
		j.enqueue(r)
	}
	if n.exitSpan() {
		j.markOuter(r)
	}
}

// await is the head of the key's nodes: a placeholder where none has come.
func (j *Joiner) await(key spanKey) ref {
	if head := j.nodes.head(key); head != none {
		return head
	}
	r := j.nodes.add(key)
	j.nodes.at(r).set(isPlaceholder)
	return r
}

// attach gives an entry span, or a link, to the exit span that caused it, as
// far as that has come.
func (j *Joiner) attach(item ref) {
	server := j.serverOf(item)
	if j.nodes.at(server).is(isSettled) {
		return
	}
	exit := j.exitOf(item)
	switch {
	case exit != none:
		j.contend(exit, server)
	case !j.waits(server):
		j.enqueue(server)
	}
}

// waits reports whether nothing can be said of an entry span until its parent
// comes or its window is over.
func (j *Joiner) waits(r ref) bool {
	n := j.nodes.at(r)
	return n.parent != none && j.absent(n.parent) && n.told == noOperation && !n.is(hasLinks|isTwin)
}

// detach undoes attach.
func (j *Joiner) detach(item ref) {
	server, exit := j.serverOf(item), j.exitOf(item)
	if exit != none && j.nodes.at(exit).right == server && !j.nodes.at(server).is(isSettled) {
		j.lose(exit)
		j.nodes.at(exit).set(mustChoose)
		j.enqueue(exit)
	}
}

// contend gives the exit span to the entry span if it has no better one: one
// exit span makes one call.
func (j *Joiner) contend(exit, server ref) {
	n, s := j.nodes.at(exit), j.nodes.at(server)
	if n.right == server {
		return
	}
	if s.told != noOperation || s.is(hasLinks) {
		j.enqueue(server)
	}
	if !j.wins(n, s) {
		j.enqueue(server)
		return
	}
	if n.right != none {
		j.enqueue(n.right)
	}
	j.lose(exit)
	n.right = server
	s.refs++
	j.enqueue(exit)
}

// wins: an exit span that is settled, or whose entry span is, stays as it is.
func (j *Joiner) wins(exit, server *node) bool {
	if exit.is(isSettled) && !exit.is(isProvisional) {
		return false
	}
	if exit.right == none {
		return true
	}
	old := j.nodes.at(exit.right)
	return !old.is(isSettled) && server.before(old)
}

// lose takes the exit span's call back and frees it for another entry span.
func (j *Joiner) lose(exit ref) {
	n := j.nodes.at(exit)
	j.tellExit(n, noOperation)
	if n.right == none {
		return
	}
	server := n.right
	n.right = none
	j.unref(server)
}

// choose finds the entry span of an exit span anew.
func (j *Joiner) choose(exit ref) {
	n := j.nodes.at(exit)
	n.clear(mustChoose)
	head := j.nodes.headOf(exit)
	offer := func(item ref) {
		if j.exitOf(item) == exit {
			j.attach(item)
		}
	}
	j.eachChild(head, offer)
	for t := head; t != none; t = j.nodes.twin(t) {
		if j.nodes.at(t).entrySpan() {
			offer(t)
		}
	}
}

// parentOf is the span that an entry span is under, or none: the exit span of
// its own ID, else the best of its parent's nodes.
func (j *Joiner) parentOf(r ref) ref {
	n := j.nodes.at(r)
	if n.is(isTwin) {
		if t := j.best(j.nodes.headOf(r), r, ownHalf); t != none {
			return t
		}
	}
	return j.best(n.parent, r, nearestEntry)
}

// preference ranks the nodes of one ID as another's parent; 0 is no parent.
type preference func(parent, child ptrace.SpanKind) int

// ownHalf: halves that share an ID are those of one call.
func ownHalf(parent, child ptrace.SpanKind) int {
	switch {
	case parent == ptrace.SpanKindClient && child == ptrace.SpanKindServer, parent == ptrace.SpanKindProducer && child == ptrace.SpanKindConsumer:
		return 2
	case isExit(parent):
		return 1
	}
	return 0
}

// nearestEntry: of two halves that share an ID the entry span is the nearer.
func nearestEntry(parent, _ ptrace.SpanKind) int {
	switch parent {
	case ptrace.SpanKindServer:
		return 6
	case ptrace.SpanKindConsumer:
		return 5
	case ptrace.SpanKindInternal:
		return 4
	case ptrace.SpanKindUnspecified:
		return 3
	case ptrace.SpanKindProducer:
		return 2
	default:
		return 1
	}
}

// best is the preferred one of the nodes that have come under a head.
func (j *Joiner) best(head, child ref, prefer preference) ref {
	found, rank := none, 0
	for r := head; r != none; r = j.nodes.twin(r) {
		n := j.nodes.at(r)
		if r == child || n.is(isPlaceholder) {
			continue
		}
		if k := prefer(ptrace.SpanKind(n.kind), ptrace.SpanKind(j.nodes.at(child).kind)); k > rank {
			found, rank = r, k
		}
	}
	return found
}

// markOuter notes that the exit span above another one in its service is no
// call of its own.
func (j *Joiner) markOuter(r ref) {
	n := j.nodes.at(r)
	for p := n.parent; p != none; p = j.nodes.twin(p) {
		outer := j.nodes.at(p)
		if p != r && !outer.is(isPlaceholder) && outer.exitSpan() && j.sameService(n, outer) {
			outer.set(hasInner)
		}
	}
}

func (j *Joiner) sameService(a, b *node) bool {
	return j.names.serviceOf(a.operation) == j.names.serviceOf(b.operation)
}
