package strength

import "slices"

// tested is what became of the calls after some failures.
type tested struct {
	seen, went, survived uint64
	// made counts calls to successors, and to what may be one, that began after
	// or beside the failed one; beside those that did not wait for it.
	made, beside uint64
	alone        uint64   // failures beside which no other call failed
	others       uint64   // failures beside which one that is no fallback did, at most
	after        []uint64 // by successor
}

func (t *tested) add(o tested) {
	add(&t.seen, o.seen)
	add(&t.went, o.went)
	add(&t.made, o.made)
	add(&t.beside, o.beside)
	add(&t.survived, o.survived)
	add(&t.alone, o.alone)
	add(&t.others, o.others)
	if t.after == nil {
		t.after = make([]uint64, len(o.after))
	}
	for i, n := range o.after {
		add(&t.after[i], n)
	}
}

func (f *followers) test(c Class) tested {
	failed := f.e.Failed[c]
	t := tested{seen: failed.Seen, went: failed.Went, survived: failed.Survived, alone: failed.alone().Seen, others: f.othersFailed(c), after: make([]uint64, len(f.successors))}
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
	return t.alone == 0 && !f.prompted && (len(f.fallbacks) == 0 || t.others >= t.seen || f.e.Passed[Crowded] > 0)
}

// othersFailed is in how many failures one that is no fallback failed, too, at most.
func (f *followers) othersFailed(c Class) (n uint64) {
	for _, o := range f.e.Others {
		if !slices.ContainsFunc(f.fallbacks, func(s Successor) bool { return s.ID == o.ID }) {
			add(&n, o.FailedToo[c])
		}
	}
	return n
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
