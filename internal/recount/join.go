package main

import (
	"bytes"
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// none is the index of no span.
const none = -1

// join finds spans by their place. Everything is in memory: each rule is one
// pass over all spans.
type join struct {
	spans []span
	at    map[place][]int // of spans, those of one place in the order they came
	inner map[int]bool    // exit spans with an exit span of their own service below
}

func count(spans []span) edges {
	j := join{spans: distinct(spans), at: map[place][]int{}, inner: map[int]bool{}}
	for i, s := range j.spans {
		p := place{s.trace, s.id}
		j.at[p] = append(j.at[p], i)
	}
	j.findInner()
	return j.edges()
}

// distinct leaves the first of the spans with equal trace, ID and kind.
func distinct(spans []span) []span {
	type identity struct {
		place
		kind ptrace.SpanKind
	}
	seen := map[identity]bool{}
	return slices.DeleteFunc(slices.Clone(spans), func(s span) bool {
		id := identity{place{s.trace, s.id}, s.kind}
		again := seen[id]
		seen[id] = true
		return again
	})
}

func (j *join) findInner() {
	for i := range j.spans {
		p := j.parent(i)
		if p != none && j.spans[i].exit() && j.spans[p].exit() && j.spans[i].service == j.spans[p].service {
			j.inner[p] = true
		}
	}
}

// parent is the span above, or none. Where both halves of a call share one ID
// (Zipkin), an entry span lies under the exit span of its own ID, and the other
// spans under the half in their own service.
func (j *join) parent(i int) int {
	s := &j.spans[i]
	if s.entry() {
		if k := j.pick(place{s.trace, s.id}, (*span).exit); k != none {
			return k
		}
	}
	if s.parent.IsEmpty() {
		return none
	}
	above := place{s.trace, s.parent}
	if k := j.pick(above, func(p *span) bool { return p.service == s.service }); k != none && k != i {
		return k
	}
	return j.pick(above, func(*span) bool { return true })
}

func (j *join) pick(p place, good func(*span) bool) int {
	for _, i := range j.at[p] {
		if good(&j.spans[i]) {
			return i
		}
	}
	return none
}

// edges adds up one call after the other: for each exit span one, for each
// entry span that shares its exit span with an earlier one, or has none, one.
func (j *join) edges() edges {
	e := edges{}
	taken := map[int]bool{}
	for _, pair := range j.pairs() {
		callee := &j.spans[pair.entry]
		from := j.caller(pair.exit)
		if taken[pair.exit] {
			e.add(from, callee.operation(), callee.failed)
			continue
		}
		taken[pair.exit] = true
		e.add(from, callee.operation(), j.spans[pair.exit].failed)
	}
	for i := range j.spans {
		j.addUnpaired(e, i, taken[i])
	}
	return e
}

type pair struct{ exit, entry int }

// pairs is exit and entry spans that belong together, those of one exit span
// by start and ID.
func (j *join) pairs() (pairs []pair) {
	for i := range j.spans {
		for _, exit := range j.exits(i) {
			pairs = append(pairs, pair{exit, i})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		s, t := &j.spans[a.entry], &j.spans[b.entry]
		return cmp.Or(cmp.Compare(a.exit, b.exit), cmp.Compare(s.start, t.start), bytes.Compare(s.id[:], t.id[:]))
	})
	return pairs
}

// exits is the exit spans that caused an entry span: its parent, or the
// producers that a consumer links to.
func (j *join) exits(i int) (exits []int) {
	s := &j.spans[i]
	if !s.entry() {
		return nil
	}
	if p := j.parent(i); p != none && j.spans[p].exit() {
		exits = append(exits, p)
	}
	if s.kind != ptrace.SpanKindConsumer {
		return exits
	}
	for _, l := range s.links {
		k := j.pick(l, func(p *span) bool { return p.kind == ptrace.SpanKindProducer })
		if k != none && !slices.Contains(exits, k) {
			exits = append(exits, k)
		}
	}
	return exits
}

func (j *join) addUnpaired(e edges, i int, paired bool) {
	s := &j.spans[i]
	p := j.parent(i)
	switch {
	case s.entry() && len(j.exits(i)) > 0:
	case s.entry() && p != none && j.spans[p].service == s.service:
	case s.entry() && p != none:
		e.add(j.caller(p), s.operation(), s.failed)
	case s.entry() && !s.parent.IsEmpty():
		e.add(operation{node: unknown}, s.operation(), s.failed)
	case s.parent.IsEmpty():
		e.add(operation{node: outside}, s.operation(), s.failed)
	}
	if s.exit() && !paired && !j.inner[i] {
		peer := operation{service: service{environment: s.service.environment, name: s.peer}, name: s.name, node: virtual}
		e.add(j.caller(i), peer, s.failed)
	}
}

// caller is the nearest entry span from i upwards in its service, else the
// topmost span there; in a circle, i itself.
func (j *join) caller(i int) operation {
	seen := map[int]bool{}
	for k := i; ; {
		if j.spans[k].entry() {
			return j.spans[k].operation()
		}
		seen[k] = true
		p := j.parent(k)
		if p == none || j.spans[p].service != j.spans[k].service {
			return j.spans[k].operation()
		}
		if seen[p] {
			return j.spans[i].operation()
		}
		k = p
	}
}
