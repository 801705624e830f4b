package strength

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Merge adds what o has seen. It keeps every other site, callee and entrance,
// so that the order of merging does not matter; o stays as it is.
func (e *Evidence) Merge(o Evidence) {
	e.OK.Add(o.OK)
	e.ChainOK.Add(o.ChainOK)
	e.Prompted.Add(o.Prompted)
	add(&e.PromptedFailed, o.PromptedFailed)
	add(&e.PromptedAlike, o.PromptedAlike)
	add(&e.Open, o.Open)
	for c := range Classes {
		e.Failed[c].Add(o.Failed[c])
		e.ChainFailed[c].Add(o.ChainFailed[c])
	}
	for r := range Reasons {
		add(&e.Passed[r], o.Passed[r])
	}
	add(&e.Calls, o.Calls)
	add(&e.LocalTraces, o.LocalTraces)
	e.Others = union(e.Others, o.Others, compareOthers, (*Other).merge)
	e.Callees = union(e.Callees, o.Callees, compareNamed, (*Named).merge)
	e.Entrances = union(e.Entrances, o.Entrances, compareEntrances, (*Entrance).merge)
	e.Examples = newest(append(slices.Clone(e.Examples), o.Examples...))
	e.First, e.Last = earlier(e.First, o.First), later(e.Last, o.Last)
}

// add does not wrap: evidence that was made up must not turn a verdict.
func add(sum *uint64, n uint64) {
	if *sum += n; *sum < n {
		*sum = ^uint64(0)
	}
}

// Add adds what o counted.
func (t *Tally) Add(o Tally) {
	add(&t.Seen, o.Seen)
	add(&t.Went, o.Went)
	add(&t.Survived, o.Survived)
	add(&t.WentAndFailed, o.WentAndFailed)
	add(&t.Beside, o.Beside)
	add(&t.BesideSurvived, o.BesideSurvived)
}

// union is both lists, each in order, as one: equal ones are merged.
func union[T any](a, b []T, compare func(x, y T) int, merge func(*T, T)) []T {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch order := compare(a[0], b[0]); {
		case order < 0:
			all, a = append(all, a[0]), a[1:]
		case order > 0:
			all, b = append(all, b[0]), b[1:]
		default:
			both := a[0]
			merge(&both, b[0])
			all, a, b = append(all, both), a[1:], b[1:]
		}
	}
	return append(append(all, a...), b...)
}

func compareOthers(a, b Other) int { return cmp.Compare(a.ID, b.ID) }

func (o *Other) merge(b Other) {
	if compareCallees(o.Callee, b.Callee) < 0 { // an ID does not hold the connection
		o.Callee = b.Callee
	}
	add(&o.Together, b.Together)
	add(&o.After, b.After)
	add(&o.Open, b.Open)
	add(&o.OKAfter, b.OKAfter)
	add(&o.PromptedAfter, b.PromptedAfter)
	add(&o.PromptedToo, b.PromptedToo)
	for c := range Classes {
		add(&o.FailedAfter[c], b.FailedAfter[c])
		add(&o.FailedTogether[c], b.FailedTogether[c])
		add(&o.FailedToo[c], b.FailedToo[c])
	}
}

func compareCallees(a, b Callee) int {
	return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.Operation, b.Operation))
}

func compareOperations(a, b callgraph.Operation) int {
	return cmp.Or(
		cmp.Compare(a.Service.Environment, b.Service.Environment),
		cmp.Compare(a.Service.Namespace, b.Service.Namespace),
		cmp.Compare(a.Service.Name, b.Service.Name),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Node, b.Node),
	)
}

func compareNamed(a, b Named) int { return compareOperations(a.Operation, b.Operation) }

func (n *Named) merge(o Named) { add(&n.Chains, o.Chains) }

func compareEntrances(a, b Entrance) int { return compareOperations(a.Operation, b.Operation) }

func (e *Entrance) merge(o Entrance) {
	add(&e.Chains, o.Chains)
	add(&e.Failed, o.Failed)
	add(&e.RootFailed, o.RootFailed)
}

// newest are the newest ExamplesKept of each class, the newest first, each once.
func newest(examples []Example) []Example {
	slices.SortFunc(examples, compareExamples)
	examples = slices.CompactFunc(examples, func(a, b Example) bool { return compareExamples(a, b) == 0 })
	var kept [256]uint8
	examples = slices.DeleteFunc(examples, func(x Example) bool {
		kept[x.Class] = min(kept[x.Class]+1, ExamplesKept+1)
		return kept[x.Class] > ExamplesKept
	})
	if len(examples) == 0 {
		return nil
	}
	return examples
}

func compareExamples(a, b Example) int {
	return cmp.Or(
		b.At.Compare(a.At),
		bytes.Compare(a.TraceID[:], b.TraceID[:]),
		bytes.Compare(a.SpanID[:], b.SpanID[:]),
		cmp.Compare(a.Class, b.Class),
		compareTruths(a.Went, b.Went),
	)
}

func compareTruths(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Bound leaves out what is beyond OthersKept, CalleesKept and EntrancesKept:
// those seen least. Others left out are counted as Crowded. A writer bounds the
// records it keeps, since merging does not.
func (e *Evidence) Bound() {
	if beyond := len(e.Others) - OthersKept; beyond > 0 {
		add(&e.Passed[Crowded], uint64(beyond))
	}
	e.Others = bounded(e.Others, OthersKept, compareOthers, func(o Other) uint64 { return o.Together + sum(o.FailedTogether) })
	e.Callees = bounded(e.Callees, CalleesKept, compareNamed, func(n Named) uint64 { return n.Chains })
	e.Entrances = bounded(e.Entrances, EntrancesKept, compareEntrances, func(n Entrance) uint64 { return n.Chains })
}

func bounded[T any](all []T, n int, compare func(a, b T) int, count func(T) uint64) []T {
	if len(all) <= n {
		return all
	}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b T) int { return cmp.Or(cmp.Compare(count(b), count(a)), compare(a, b)) })
	all = all[:n:n]
	slices.SortFunc(all, compare)
	return all
}

func sum(counts [Classes]uint64) (n uint64) {
	for _, c := range counts {
		add(&n, c)
	}
	return n
}
