package strength

import (
	"cmp"
	"slices"
)

// followers are the other sites of a caller, by what they are to the site.
type followers struct {
	e *Evidence
	// successors run after it as a rule; doubtful ones may; fallbacks run
	// after its failures.
	successors, doubtful, fallbacks []Successor
	settled                         bool // enough successes to say that nothing follows
	unawaited                       bool // the caller mostly ends first: nothing can follow
	prompted                        bool // it fails only after others have failed, and is judged by successes after such
}

func follow(whole *Evidence) *followers {
	e, prompted := whole.judged()
	f := &followers{e: e, prompted: prompted, unawaited: whole.outlives(), settled: share{0, e.OK.Seen}.below(usual) >= sure}
	for _, o := range e.Others {
		if f.unawaited {
			break
		}
		s := Successor{Other: o, AfterOK: share{o.OKAfter, e.OK.Seen}.estimate(), AfterFailed: e.afterFailed(&o).estimate()}
		switch e.follows(&o) {
		case successor:
			f.successors = append(f.successors, s)
		case doubtful:
			f.doubtful = append(f.doubtful, s)
		case fallback:
			f.fallbacks = append(f.fallbacks, s)
		}
	}
	byUse := func(a, b Successor) int {
		return cmp.Or(cmp.Compare(b.AfterOK, a.AfterOK), cmp.Compare(b.AfterFailed, a.AfterFailed), compareOthers(a.Other, b.Other))
	}
	slices.SortFunc(f.successors, byUse)
	slices.SortFunc(f.doubtful, byUse)
	slices.SortFunc(f.fallbacks, byUse)
	return f
}

// outlives: of a fair sample, most calls that did not fail had not ended when the
// caller did.
func (e *Evidence) outlives() bool {
	all := e.Open
	add(&all, e.OK.Seen)
	return e.Open > 0 && share{e.Open, all}.above(0.5) >= sure
}

// failures are those of all classes.
func (e *Evidence) failures() (n uint64) {
	for _, t := range e.Failed {
		add(&n, t.Seen)
	}
	return n
}

// afterFailed is how often the other ran after a failure, all classes but Rejected.
func (e *Evidence) afterFailed(o *Other) (s share) {
	for c := range Rejected {
		add(&s.k, o.FailedAfter[c])
		add(&s.n, e.Failed[c].Seen)
	}
	return s
}

// relation is what another site is to the site.
type relation uint8

const (
	bystander relation = iota
	successor
	doubtful
	fallback
)

func (e *Evidence) follows(o *Other) relation {
	ok, failed := share{o.OKAfter, e.OK.Seen}, e.afterFailed(o)
	rare := ok.below(usual) >= sure
	switch {
	case ok.estimate() >= usual && e.OK.Seen >= fewestOK:
		return o.waits()
	case rare && e.absent(o) && (ratio{failed, ok}).above(2) >= sure:
		return fallback
	case rare || failed.k == 0:
		return bystander
	}
	return doubtful
}

// absent: it seldom runs beside a success, be it before the site or parallel to it.
func (e *Evidence) absent(o *Other) bool {
	all := e.OK.Seen
	add(&all, e.Passed[Biased])
	return share{o.Together, all}.below(usual) >= sure
}

// waits tells successors from parallel siblings, which may begin after the
// site too, and from asynchronous calls, of which not all are seen.
func (o *Other) waits() relation {
	after := share{o.After, o.Together}
	switch {
	case o.Open > 0 && (share{o.Open, o.Together}).above(1-afterwards) > 0.5:
		return bystander
	case after.estimate() < afterwards:
		return bystander
	case after.above(0.7) < sure:
		return doubtful
	}
	return successor
}

func (f *followers) basis() Basis {
	switch {
	case len(f.successors) > 0:
		return Successors
	case f.unawaited, len(f.doubtful) == 0 && f.settled && f.e.Passed[Crowded] == 0:
		return Propagation
	}
	return NoBasis
}
