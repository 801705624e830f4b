package calltree

import (
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// link is one link of a CONSUMER span: a message, where it leads to a PRODUCER.
type link struct {
	consumer ref
	target   ref // head of the nodes it leads to
	left     ref // siblings in the target's list of children
	right    ref
	next     ref // of the consumer
	told     operationID
}

// maxLinks is how many links of one consumer are taken.
const maxLinks = 128

// links holds links like slab holds nodes; a link's ref is negative.
type links struct {
	all   []link
	spare []ref
	first map[ref]ref // by consumer
	bound int
}

func newLinks(bound int) links { return links{first: map[ref]ref{}, bound: bound} }

func (l *links) empty() bool { return len(l.all) == len(l.spare) }

func (l *links) at(item ref) *link { return &l.all[^item] }

func (l *links) full() bool { return len(l.all)-len(l.spare) >= l.bound }

func (l *links) add(consumer, target ref) ref {
	item := takeLink(l)
	next, ok := l.first[consumer]
	if !ok {
		next = none
	}
	*l.at(item) = link{consumer: consumer, target: target, left: none, right: none, next: next}
	l.first[consumer] = item
	return item
}

func takeLink(l *links) ref {
	if last := len(l.spare) - 1; last >= 0 {
		item := l.spare[last]
		l.spare = l.spare[:last]
		return item
	}
	l.all = append(l.all, link{})
	return ^ref(len(l.all) - 1)
}

// takeLinks notes where a consumer's links lead: each target once, and not its
// parent, which leads there anyway.
func (j *Joiner) takeLinks(r ref, span ptrace.Span) {
	n := j.nodes.at(r)
	if ptrace.SpanKind(n.kind) != ptrace.SpanKindConsumer {
		return
	}
	taken := 0
	for _, l := range span.Links().All() {
		key := spanKey{trace: l.TraceID(), span: l.SpanID()}
		if taken >= maxLinks || j.links.full() {
			j.stats.RefusedLinks++
			continue
		}
		if key.zero() || key == n.key || j.linked(r, key) {
			continue
		}
		target := j.await(key)
		j.adopt(target, j.links.add(r, target))
		n.set(hasLinks)
		taken++
	}
	j.eachLink(r, j.attach)
}

func (j *Joiner) linked(r ref, key spanKey) bool {
	if p := j.nodes.at(r).parent; p != none && j.nodes.at(p).key == key {
		return true
	}
	found := false
	j.eachLink(r, func(item ref) { found = found || j.nodes.at(j.links.at(item).target).key == key })
	return found
}

func (j *Joiner) eachLink(r ref, visit func(ref)) {
	if !j.nodes.at(r).is(hasLinks) {
		return
	}
	for item := j.links.first[r]; item != none; item = j.links.at(item).next {
		visit(item)
	}
}

// dropLinks forgets the links of a consumer that is settled.
func (j *Joiner) dropLinks(r ref) {
	j.eachLink(r, func(item ref) {
		l := j.links.at(item)
		j.names.release(l.told)
		j.disown(l.target, item)
		j.links.spare = append(j.links.spare, item)
	})
	delete(j.links.first, r)
	j.nodes.at(r).clear(hasLinks)
}

// serverOf is the entry span that a child stands for.
func (j *Joiner) serverOf(item ref) ref {
	if item < 0 {
		return j.links.at(item).consumer
	}
	return item
}

// exitOf is the exit span that a child may be the other half of, or none.
func (j *Joiner) exitOf(item ref) ref {
	if item < 0 {
		return j.best(j.links.at(item).target, j.links.at(item).consumer, onlyProducer)
	}
	if p := j.parentOf(item); p != none && j.nodes.at(p).exitSpan() {
		return p
	}
	return none
}

func onlyProducer(parent, _ ptrace.SpanKind) int {
	if parent == ptrace.SpanKindProducer {
		return 1
	}
	return 0
}
