package sampler

// Policy decides spans: Rate the local trace's successes at its start, Keep
// each span at its end. The zero value keeps everything.
type Policy struct {
	Rate Rate // nil: Always
	Keep Keep // nil: None
}

// Verdict is what becomes of a span. Exported spans carry the threshold where
// they are weighted, and no th where they are not.
type Verdict struct {
	Export    bool
	Weighted  bool
	Threshold Threshold
}

// Head decides a local trace's successes.
func (p Policy) Head(s Start) Head {
	if p.Rate == nil {
		return Always.Head(s)
	}
	return p.Rate.Head(s)
}

// Keeps reports whether a span is kept whatever the rate.
func (p Policy) Keeps(f Facts) bool {
	if m, ok := p.Keep.(Marks); ok { // nearly always, and then in place
		return m.Keeps(&f)
	}
	return p.Keep != nil && p.Keep.Keep(f)
}

// Decide is the verdict of one span of a local trace with head h and
// randomness r; kept is what Keeps said of it (or, where whole local traces are
// kept, of one of its spans).
func (p Policy) Decide(h Head, r Randomness, kept bool) Verdict {
	if kept {
		return p.DecideThinned(h, r, 0)
	}
	return p.DecideThinned(h, r, Never)
}

// DecideThinned is Decide in a storm: kept spans are kept from threshold t
// only, as Storm has it. The span leaves by the lower of t and its head's.
func (p Policy) DecideThinned(h Head, r Randomness, t Threshold) Verdict {
	switch {
	case t.Keeps(r) && (!h.Weighted || t <= h.Threshold):
		return Verdict{Export: true, Weighted: true, Threshold: t}
	case !h.Sampled:
		return Verdict{}
	case h.Weighted && h.Threshold.Keeps(r):
		return Verdict{Export: true, Weighted: true, Threshold: h.Threshold}
	}
	return Verdict{Export: true}
}

// Tick tells rates and keeps that adapt that a second has begun. It is to be
// called once a second, or at times in between; a policy that does not adapt
// needs no calls.
func (p Policy) Tick(unixSecond int64) {
	tick(p.Rate, unixSecond)
	tick(p.Keep, unixSecond)
}

// late is how many seconds a clock reading may be behind others that were told
// before it. One that is more tells that the clock was set back.
const late = 5

// begins reports whether a new second begins with now.
func begins(now, last int64) bool { return now > last || now < last-late }

// apart reports whether so many seconds lie between the two, in either order: a
// clock that was set back must not stop what waits for a later time.
func apart(now, last, seconds int64) bool { return now >= last+seconds || now <= last-seconds }

// Ticker is a Rate or Keep that adapts with time.
type Ticker interface{ Tick(unixSecond int64) }

func tick(v any, unixSecond int64) {
	if t, ok := v.(Ticker); ok {
		t.Tick(unixSecond)
	}
}

// String explains the policy to people.
func (p Policy) String() string {
	if p.Keep == nil {
		return orAlways(p.Rate).String()
	}
	return orAlways(p.Rate).String() + "; always " + p.Keep.String()
}

// OfRoots is the threshold of all traces that begin here, where it does not
// depend on them; ok is false where it does.
func (p Policy) OfRoots() (t Threshold, ok bool) { return ofRoots(p.Rate) }

func ofRoots(r Rate) (t Threshold, ok bool) {
	switch r := r.(type) {
	case nil:
		return 0, true
	case Ratio:
		return r.Threshold, true
	case ParentBased:
		return ofRoots(r.Root)
	}
	return 0, r == Rate(Always)
}

// HeadOf is the head of a trace of that randomness under a threshold.
func HeadOf(t Threshold, r Randomness) Head { return headOf(t, r) }
