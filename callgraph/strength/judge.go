package strength

import (
	"cmp"
	"slices"
)

// What a verdict demands.
const (
	// sure is how probable it must be.
	sure = 0.95
	// A ratio below strongBelow is strong, above weakAbove weak.
	strongBelow = 0.2
	weakAbove   = 0.5
	// usual is how often a successor runs after a success at least.
	usual = 0.2
	// afterwards is which part of its runs beside the site is after it.
	afterwards = 0.95
	// fewestOK are the fair successes without which nothing is said.
	fewestOK = 3
)

// Judge makes the verdict of a site from what was observed there, what was
// injected, and what was declared (Unknown: nothing was). Injected failures
// override observed ones where they are enough to decide; what was declared
// overrides both.
func Judge(observed, injected Evidence, declared Strength) Verdict {
	v := judge(&observed)
	v.Observed = v.Strength
	if injected.Failed != ([Classes]Tally{}) {
		both := observed.successes()
		both.Merge(injected)
		if i := judge(&both); i.Strength != Unknown {
			i.Observed, i.Source = v.Observed, Injected
			v = i
		}
	}
	if declared != Unknown {
		v.Strength, v.Source = declared, Declared
	}
	return v
}

// successes is the evidence without its failures: what usually follows is the
// same whoever makes the failures.
func (e *Evidence) successes() Evidence {
	s := Evidence{OK: e.OK, Prompted: e.Prompted, Open: e.Open, Others: slices.Clone(e.Others), Passed: e.Passed}
	for i := range s.Others {
		s.Others[i].FailedAfter, s.Others[i].FailedTogether = [Classes]uint64{}, [Classes]uint64{}
	}
	return s
}

// judged is the evidence with successes that came about as the failures did: of a
// site that fails only after others have failed, such as a fallback, those after
// such failures. At the head hardly any of these is sampled, and what follows
// without a failure need not follow then.
func (e *Evidence) judged() *Evidence {
	if n := e.failures(); n == 0 || e.PromptedFailed < n || e.Prompted.Seen < fewestOK {
		return e
	}
	p := *e
	add(&p.Passed[Biased], e.OK.Seen)
	p.Passed[Biased] -= min(p.Passed[Biased], e.Prompted.Seen)
	p.OK, p.Others = e.Prompted, slices.Clone(e.Others)
	for i := range p.Others {
		p.Others[i].OKAfter = p.Others[i].PromptedAfter
	}
	return &p
}

// judge: where it is not known whether anything follows, what holds either way does.
func judge(e *Evidence) Verdict {
	f := follow(e.judged())
	v := f.judge()
	if len(f.successors) > 0 || len(f.doubtful) == 0 {
		return v
	}
	with, without := *f, *f
	with.successors, with.doubtful, without.doubtful = f.doubtful, nil, nil
	if one := without.judge(); one.Strength != Unknown && one.agree(with.judge()) {
		return one
	}
	return v
}

// agree reports whether another verdict is the same; classes that are not are unknown.
func (v *Verdict) agree(o Verdict) bool {
	for i := range v.Classes {
		if v.Classes[i].Strength != o.Classes[i].Strength {
			v.Classes[i].Strength = Unknown
		}
	}
	return v.Strength == o.Strength
}

func (f *followers) judge() Verdict {
	e := f.e
	v := Verdict{Basis: f.basis(), Successors: f.successors, Fallbacks: f.fallbacks, Successes: e.OK.Seen}
	var pooled tested
	var bounds []limits
	for c := range Class(Classes) {
		if e.Failed[c].Seen == 0 {
			continue
		}
		t := f.test(c)
		v.Classes = append(v.Classes, f.verdict(t, c))
		bounds = append(bounds, f.limits(t))
		if c != Rejected {
			pooled.add(t)
		}
	}
	v.Strength = siteVerdict(v.Classes, bounds, f.strength(pooled))
	v.Confounded = v.Strength == Unknown && f.apparent(pooled) == Strong
	return v
}

// siteVerdict is Conditional where classes disagree: decided ones, or one that
// is decided and another that is surely not the same. Else it is that of all
// failures together. Rejected calls have a part in it only where there are no
// other failures.
func siteVerdict(classes []ClassVerdict, limits []limits, pooled Strength) Strength {
	if len(classes) == 1 {
		return classes[0].Strength
	}
	var found [Conditional + 1]bool
	var not [Conditional + 1]bool
	for i, c := range classes {
		if c.Class == Rejected {
			continue
		}
		found[c.Strength] = true
		not[Strong], not[Weak] = not[Strong] || limits[i].notStrong, not[Weak] || limits[i].notWeak
	}
	if found[Conditional] && (found[Strong] || found[Weak]) || found[Strong] && not[Strong] || found[Weak] && not[Weak] {
		return Conditional
	}
	return pooled
}

// limits are what failures surely are not.
type limits struct{ notStrong, notWeak bool }

// followers are the other sites of a caller, by what they are to the site.
type followers struct {
	e *Evidence
	// successors run after it as a rule; doubtful ones may; fallbacks run
	// after its failures.
	successors, doubtful, fallbacks []Successor
	settled                         bool // enough successes to say that nothing follows
	unawaited                       bool // the caller mostly ends first: nothing can follow
	prompted                        bool // it fails only after others have failed
}

func follow(e *Evidence) *followers {
	f := &followers{e: e, settled: share{0, e.OK.Seen}.below(usual) >= sure}
	f.unawaited, f.prompted = e.outlives(), e.PromptedFailed >= e.failures()
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

// outlives: most calls that did not fail had not ended when the caller did.
func (e *Evidence) outlives() bool {
	all := e.Open
	add(&all, e.OK.Seen)
	add(&all, e.Passed[Biased])
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

// tested is what became of the calls after some failures.
type tested struct {
	seen, went, survived uint64
	// made counts calls to successors, and to what may be one, that began after
	// or beside the failed one; beside those that did not wait for it.
	made, beside uint64
	alone        uint64   // failures beside which no other call failed
	after        []uint64 // by successor
}

func (t *tested) add(o tested) {
	add(&t.seen, o.seen)
	add(&t.went, o.went)
	add(&t.made, o.made)
	add(&t.beside, o.beside)
	add(&t.survived, o.survived)
	add(&t.alone, o.alone)
	if t.after == nil {
		t.after = make([]uint64, len(o.after))
	}
	for i, n := range o.after {
		add(&t.after[i], n)
	}
}

func (f *followers) test(c Class) tested {
	failed := f.e.Failed[c]
	t := tested{seen: failed.Seen, went: failed.Went, survived: failed.Survived, alone: failed.Seen - min(failed.Beside, failed.Seen), after: make([]uint64, len(f.successors))}
	for i, s := range f.successors {
		t.after[i] = s.FailedAfter[c]
		t.note(&s.Other, c)
	}
	for _, s := range f.doubtful {
		t.note(&s.Other, c)
	}
	return t
}

func (t *tested) note(o *Other, c Class) {
	add(&t.made, max(o.FailedTogether[c], o.FailedAfter[c]))
	add(&t.beside, max(o.FailedTogether[c], o.FailedAfter[c])-o.FailedAfter[c])
}

// strength is the verdict of failures.
func (f *followers) strength(t tested) Strength {
	s := f.apparent(t)
	switch {
	case s == Strong && f.confounded(t):
		return Unknown
	case s != Weak && f.e.OK.Seen < fewestOK: // the ratio is at least the part after failures, whatever it is after successes
		return Unknown
	}
	return s
}

// confounded: another call always failed, too, and may be the one that stops the
// caller. A fallback is no such call, nor is what a fallback was called for.
func (f *followers) confounded(t tested) bool {
	return t.alone == 0 && !f.prompted && len(f.fallbacks) == 0
}

func (f *followers) apparent(t tested) Strength {
	if t.seen == 0 {
		return Unknown
	}
	switch f.basis() {
	case Successors:
		return f.bySuccessors(t)
	case Propagation:
		return f.survival(t).strength()
	}
	return Unknown
}

func (f *followers) survival(t tested) ratio {
	return ratio{share{t.survived, t.seen}, share{f.e.OK.Survived, f.e.OK.Seen}}
}

func (f *followers) limits(t tested) (l limits) {
	switch f.basis() {
	case Successors:
		_, best := f.mostMade(t)
		l = limits{notStrong: best.above(strongBelow) >= 1-f.doubt(), notWeak: f.most(t, weakAbove) >= sure}
	case Propagation:
		r := f.survival(t)
		l = limits{notStrong: r.above(strongBelow) >= sure, notWeak: r.below(weakAbove) >= sure}
	}
	l.notWeak = l.notWeak && !f.confounded(t) && f.e.OK.Seen >= fewestOK
	return l
}

func (r ratio) strength() Strength {
	low, high := r.below(strongBelow), r.above(weakAbove)
	switch {
	case low >= sure:
		return Strong
	case high >= sure:
		return Weak
	case 1-low >= sure && 1-high >= sure:
		return Conditional
	}
	return Unknown
}

// bySuccessors: weak needs one successor that is still made; of several looked
// at, each must be as much surer. Strong needs that all of them together are not.
func (f *followers) bySuccessors(t tested) Strength {
	_, best := f.mostMade(t)
	switch {
	case best.above(weakAbove) >= 1-f.doubt():
		return Weak
	case f.most(t, strongBelow) >= sure:
		return Strong
	case f.most(t, weakAbove) >= sure && best.above(strongBelow) >= 1-f.doubt():
		return Conditional
	}
	return Unknown
}

// doubt is how much is allowed for each successor, so that looking at several
// finds no more by chance than looking at one.
func (f *followers) doubt() float64 { return (1 - sure) / float64(len(f.successors)) }

// most is how probable it is, at least, that the ratio of any successor's calls
// is below x: the surer of two upper bounds. Of successors that were left out
// for want of room only one of them knows.
func (f *followers) most(t tested, x float64) float64 {
	p := f.anythingMade(t).below(x)
	if f.e.Passed[Crowded] == 0 {
		p = max(p, f.anyMade(t).below(x))
	}
	return p
}

// mostMade is the successor whose ratio is greatest, a lower bound of any's.
func (f *followers) mostMade(t tested) (which int, r ratio) {
	for i, s := range f.successors {
		one := ratio{share{t.after[i], t.seen}, share{s.OKAfter, f.e.OK.Seen}}
		if i == 0 || one.failed.estimate()/one.ok.estimate() > r.failed.estimate()/r.ok.estimate() {
			which, r = i, one
		}
	}
	return which, r
}

// anyMade is an upper bound of any successor's ratio: what each made adds up,
// against the most usual one alone.
func (f *followers) anyMade(t tested) ratio {
	return ratio{share{min(t.made, t.seen), t.seen}, share{f.successors[0].OKAfter, f.e.OK.Seen}}
}

// anythingMade looks at any other site's calls, fallbacks and those left out
// for want of room included.
func (f *followers) anythingMade(t tested) ratio {
	made := t.went
	add(&made, t.beside)
	return ratio{share{min(made, t.seen), t.seen}, share{f.e.OK.Went, f.e.OK.Seen}}
}

func (f *followers) verdict(t tested, c Class) ClassVerdict {
	v := ClassVerdict{Class: c, Strength: f.strength(t), Failures: t.seen}
	switch f.basis() {
	case Successors:
		which, r := f.mostMade(t)
		if v.Strength == Strong {
			r = f.anyMade(t)
		}
		v.Next, v.WentOn, v.Ratio = f.successors[which].Callee, r.failed.k, r.interval()
	case Propagation:
		v.WentOn = t.survived
		v.Ratio = f.survival(t).interval()
	}
	return v
}
