package calltree

import (
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// caller is the operation that a span within a service works for: the nearest
// entry span above it in the service, else the topmost one that has come.
// resolved is false while that one's own parent is awaited.
//
// Each node keeps the answer until the next Expire, so that a whole trace is
// walked once however deep it is.
func (j *Joiner) caller(r ref) (operation operationID, resolved bool) {
	if n := j.nodes.at(r); n.entrySpan() {
		return n.operation, true
	}
	j.path = j.path[:0]
	top := j.climb(r)
	for _, p := range j.path {
		n := j.nodes.at(p)
		n.clear(isCircular | isUnresolved)
		n.set(top.flags)
		n.entry = top.operation
		if n.is(isCircular) {
			n.entry = n.operation
		}
	}
	n := j.nodes.at(r)
	return n.entry, !n.is(isUnresolved)
}

// summit is where a climb ended.
type summit struct {
	operation operationID
	flags     flags // isCircular, isUnresolved
}

// climb notes the way from a span up to its service's topmost one.
func (j *Joiner) climb(r ref) summit {
	for {
		n := j.nodes.at(r)
		if n.is(isSettled) || n.epoch == j.epoch {
			return n.summit()
		}
		n.epoch, n.entry = j.epoch, noOperation
		j.path = append(j.path, r)
		parent := j.best(n.parent, r, nearestEntry)
		if parent == none && !n.is(isRoot) {
			return summit{n.operation, isUnresolved}
		}
		if parent = j.ownParent(r); parent == none {
			return summit{operation: n.operation}
		}
		if p := j.nodes.at(parent); p.entrySpan() {
			return summit{operation: p.operation}
		}
		r = parent
	}
}

// summit is the kept answer of a node; a node that has none yet is on the way
// of this very climb.
func (n *node) summit() summit {
	if n.entry == noOperation {
		return summit{flags: isCircular}
	}
	s := summit{operation: n.entry, flags: n.flags & (isCircular | isUnresolved)}
	if n.is(isSettled) {
		s.flags &^= isUnresolved
	}
	return s
}

// ownParent is the parent within the span's service, or none.
func (j *Joiner) ownParent(r ref) ref {
	found, rank := none, 0
	n := j.nodes.at(r)
	for p := n.parent; p != none; p = j.nodes.twin(p) {
		o := j.nodes.at(p)
		if p == r || o.is(isPlaceholder) || !j.sameService(n, o) {
			continue
		}
		if k := nearestEntry(ptrace.SpanKind(o.kind), 0); k > rank {
			found, rank = p, k
		}
	}
	return found
}
