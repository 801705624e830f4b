package strength

import "slices"

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
	var none [Classes]uint64
	for i := range s.Others {
		s.Others[i].FailedAfter, s.Others[i].FailedTogether, s.Others[i].FailedToo = none, none, none
	}
	return s
}

// judged is the evidence with successes that came about as the failures did: of a
// site that fails only after others have failed, such as a fallback, those after
// such failures. At the head hardly any of these is sampled, and what follows
// without a failure need not follow then. Half of the failures at least must be as
// these successes are: the others may turn neither strong to weak nor weak to strong.
func (e *Evidence) judged() (by *Evidence, prompted bool) {
	if n := e.failures(); n == 0 || e.PromptedFailed < n || e.PromptedAlike < n-n/2 || e.Prompted.Seen < fewestOK || !e.sameCause() {
		return e, false
	}
	p := *e
	add(&p.Passed[Biased], e.OK.Seen)
	p.Passed[Biased] -= min(p.Passed[Biased], e.Prompted.Seen)
	p.OK, p.Others = e.Prompted, slices.Clone(e.Others)
	for i := range p.Others {
		p.Others[i].OKAfter = p.Others[i].PromptedAfter
	}
	return &p, true
}

// sameCause: what failed in most of the site's failures did so in half of the
// prompted successes, too. Where something else failed, other things follow.
func (e *Evidence) sameCause() bool {
	var most, too uint64
	for i := range e.Others {
		o := &e.Others[i]
		if n := sum(o.FailedToo); n > most || n == most && o.PromptedToo < too {
			most, too = n, o.PromptedToo
		}
	}
	return too >= e.Prompted.Seen-e.Prompted.Seen/2
}

// judge: where it is not known whether anything follows, what holds either way does.
func judge(e *Evidence) Verdict {
	f := follow(e)
	v := f.judge()
	if len(f.successors) > 0 || len(f.doubtful) == 0 {
		return v
	}
	without := *f
	without.doubtful = nil
	one := without.judge()
	for _, following := range f.readings(one.Strength) {
		with := without
		with.successors = following
		if o := with.judge(); one.Strength == Unknown || !one.agree(o) {
			return v
		}
	}
	return one
}

// readings are which of the doubtful ones may follow: all, and, unless none is made
// after failures, each alone: that which is made may be another one.
func (f *followers) readings(s Strength) [][]Successor {
	all := [][]Successor{f.doubtful}
	if s != Strong && len(f.doubtful) > 1 {
		all = slices.AppendSeq(all, slices.Chunk(f.doubtful, 1))
	}
	return all
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
