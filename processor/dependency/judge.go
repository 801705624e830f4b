package dependency

import (
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// take makes evidence of a local trace that is whole.
func (o *Observer) take(l *locals, r int32) {
	l.close(r)
	o.stats.Judged++
	runs := o.gather(l, r)
	root := l.spans[r].root
	w := witness{locals: l, root: &l.spans[r], runs: runs, fair: o.fair(root)}
	w.beyond.find(runs[min(len(runs), maxRuns):])
	w.failures(runs)
	for i := range runs {
		o.testify(&w, i)
	}
	if o.o.Judged == nil {
		return
	}
	o.told = append(o.told, localtrace.Judged{
		TraceID: l.key.trace, Head: root.head, Entrance: root.entrance,
		Failed: slices.ContainsFunc(runs, func(r run) bool { return r.result == failed }),
	})
}

// fair reports whether the local trace would be here whatever happened in it.
// A root that states how many spans there were states a threshold of the head,
// too, where it was met; other SDKs keep all that they sampled.
func (o *Observer) fair(root *root) bool {
	if root.stated < 0 {
		return o.o.AssumeComplete && root.head.Sampling != localtrace.Unsampled
	}
	return root.head.Sampling == localtrace.Sampled
}

// survived: the caller answered. A soft error of it counts as an answer: it is
// what degraded answers and caught exceptions look like. A rejection does
// not: it passes the callee's failure on under another name.
func (r *root) survived() bool {
	return r.outcome == callgraph.OK || r.outcome == callgraph.SoftError
}

// pass counts for the sites of a local trace why it gives no evidence.
func (o *Observer) pass(l *locals, r int32, why strength.Reason) {
	l.close(r)
	l.spans[r].root.passed = true
	o.stats.Passed[why]++
	runs := o.gather(l, r)
	for i := range runs {
		if n := o.note(&l.spans[r], &runs[i]); n != nil {
			n.record.Evidence.Passed[why]++
		}
	}
}

func (o *Observer) note(root *span, r *run) *entry {
	source := strength.Observed
	if r.injected || root.flags&injected != 0 {
		source = strength.Injected
	}
	day := strength.DayOf(timeOf(root.end))
	if day > o.today+daysAhead {
		day = o.today
	}
	return o.book.note(r.site, day, source)
}

// daysAhead is how far a clock may be ahead. What ended later still, by its own
// account, nobody would ever read or drop.
const daysAhead = 7

// witness is a local trace that gives evidence.
type witness struct {
	*locals
	root *span
	runs []run
	// beyond are the runs beyond maxRuns.
	beyond latest
	fair   bool
	// failed are the runs that failed, and kept those of them that a local trace is
	// kept for.
	failed, kept ended
}

func (w *witness) failures(runs []run) {
	for i := range runs {
		switch r := &runs[i]; {
		case r.result != failed && r.result != mixed:
		case r.class == strength.Soft: // alone it keeps no local trace by default
			w.failed.note(r)
		default:
			w.failed.note(r)
			w.kept.note(r)
		}
	}
}

// ended are the two runs of some that had ended first, nil where there are no such.
type ended struct{ first, second *run }

func (e *ended) note(r *run) {
	switch {
	case e.first == nil || r.ended < e.first.ended:
		e.first, e.second = r, e.first
	case e.second == nil || r.ended < e.second.ended:
		e.second = r
	}
}

// but is the first that is not r.
func (e *ended) but(r *run) *run {
	if e.first == r {
		return e.second
	}
	return e.first
}

// before reports whether one of them that is not r had ended when r began.
func (e *ended) before(r *run) bool {
	one := e.but(r)
	return one != nil && one.ended <= r.begun
}

// latest are the two runs that began last, nil where there are no such.
type latest struct{ first, second *run }

func (l *latest) find(runs []run) {
	for i := range runs {
		switch r := &runs[i]; {
		case l.first == nil || r.begun > l.first.begun:
			l.first, l.second = r, l.first
		case l.second == nil || r.begun > l.second.begun:
			l.second = r
		}
	}
}

// after reports whether one of them that is not r began after r.
func (l *latest) after(r *run) bool {
	one := l.first
	if one == r {
		one = l.second
	}
	return one != nil && one.begun >= r.ended
}

// testify notes what the local trace shows of one of its sites.
func (o *Observer) testify(w *witness, which int) {
	r := &w.runs[which]
	n := o.note(w.root, r)
	if n == nil {
		return
	}
	e := &n.record.Evidence
	e.Open += one(r.open && w.fair && w.root.root.outcome != callgraph.Cancelled)
	if why, ok := w.reason(r); ok {
		e.Passed[why]++
		o.stats.Passed[why]++
		if why != strength.Biased || r.result == failed {
			return
		}
	}
	if r.result == failed || w.fair {
		e.Calls += uint64(r.attempts)
		e.LocalTraces++
	}
	tally := w.tally(r, w.others(n, r))
	switch {
	case r.result == failed:
		e.Failed[r.class].Add(tally)
		w.example(e, r, tally.Went > 0)
	case w.fair:
		e.OK.Add(tally)
	}
	switch {
	case r.result == failed:
		e.PromptedFailed += one(w.failed.before(r))
		e.PromptedAlike += one(w.prompted(r))
	case w.prompted(r):
		e.Prompted.Add(tally)
	}
}

// prompted: a call of another site had failed before, and the local trace is here
// whatever came then.
func (w *witness) prompted(r *run) bool {
	return w.kept.before(r) || w.fair && w.failed.before(r)
}

func (w *witness) tally(r *run, went bool) strength.Tally {
	survived, beside := w.root.root.survived(), w.failed.but(r) != nil
	return strength.Tally{
		Seen: 1, Went: one(went), Survived: one(survived), WentAndFailed: one(went && !survived),
		Beside: one(beside), BesideSurvived: one(beside && survived),
	}
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// reason says why a run gives no evidence, or not all of it.
func (w *witness) reason(r *run) (why strength.Reason, ok bool) {
	switch {
	case r.result == aborted || w.root.root.outcome == callgraph.Cancelled: // the caller's caller gave up: what is not made says nothing
		return strength.Aborted, true
	case r.result == mixed:
		return strength.Mixed, true
	case !w.fair && (r.result == wentWell || r.class == strength.Soft): // soft errors alone keep no local trace by default
		return strength.Biased, true
	}
	return 0, false
}

// others notes the other sites of the local trace, and reports whether a call
// of any began after the run.
func (w *witness) others(n *entry, r *run) (went bool) {
	if went = w.beyond.after(r); went {
		n.record.Evidence.Passed[strength.Crowded]++
	}
	for i := range w.runs[:min(len(w.runs), maxRuns)] {
		t := &w.runs[i]
		if t == r {
			continue
		}
		after := t.begun >= r.ended && t.begun > r.begun // of two calls at one instant the order is not known
		went = went || after
		after = after && !t.beganDuring(r) // else it did not wait, and is a loop beside it
		x := n.other(t.site)
		switch {
		case x == nil:
		case r.result == failed:
			if after {
				x.FailedAfter[r.class]++
			}
			if t.begun >= r.begun {
				x.FailedTogether[r.class]++
			}
			if t.result == failed || t.result == mixed {
				x.FailedToo[r.class]++
			}
		default:
			w.beside(x, r, t, after)
		}
	}
	return went
}

func (w *witness) beside(x *strength.Other, r, t *run, after bool) {
	x.Together++
	if after {
		x.After++
	}
	if t.open {
		x.Open++
	}
	if after && w.fair {
		x.OKAfter++
	}
	if !w.prompted(r) {
		return
	}
	x.PromptedAfter += one(after)
	x.PromptedToo += one(t.result == failed || t.result == mixed)
}

func (w *witness) example(e *strength.Evidence, r *run, went bool) {
	at := timeOf(r.ended)
	if e.First.IsZero() || at.Before(e.First) {
		e.First = at
	}
	if at.After(e.Last) {
		e.Last = at
	}
	e.Examples = append(e.Examples, strength.Example{TraceID: w.key.trace, SpanID: r.last, At: at, Class: r.class, Went: went})
	if len(e.Examples) > 8*strength.ExamplesKept {
		e.Merge(strength.Evidence{}) // keeps the newest
	}
}

// maxLate is how many callees of late calls a local trace learns of.
const maxLate = 16

// late notes a call that had not ended when its local root did, and came after
// that was judged. The sites that went well learn that it is asynchronous, as
// they would have if it had come before.
func (o *Observer) late(l *locals, i, r int32) {
	s, root := &l.spans[i], l.spans[r].root
	if s.to == nil || s.end <= l.spans[r].end || root.passed || slices.Contains(root.late, s.to) {
		return
	}
	if len(root.late) >= maxLate {
		o.stats.Passed[strength.Crowded]++
		return
	}
	root.late = append(root.late, s.to)
	runs := o.gather(l, r)
	at := o.book.site(root.operation, s.to)
	known := slices.IndexFunc(runs, func(r run) bool { return r.site == at })
	if at == nil || known >= 0 && runs[known].open {
		return
	}
	if n := o.note(&l.spans[r], &run{site: at}); n != nil {
		n.record.Evidence.Open += one(o.fair(root) && root.outcome != callgraph.Cancelled)
	}
	if known < 0 {
		o.abort(&l.spans[r], at)
	}
	for j := range runs {
		if j != known && runs[j].result == wentWell && root.outcome != callgraph.Cancelled {
			o.noteOpen(&l.spans[r], &runs[j], at, known < 0)
		}
	}
}

// abort notes a site none of whose calls had ended.
func (o *Observer) abort(root *span, at *site) {
	o.stats.Passed[strength.Aborted]++
	if n := o.note(root, &run{site: at}); n != nil {
		n.record.Evidence.Passed[strength.Aborted]++
	}
}

func (o *Observer) noteOpen(root *span, r *run, at *site, alone bool) {
	n := o.note(root, r)
	if n == nil {
		return
	}
	x := n.other(at)
	if x == nil {
		return
	}
	if x.Open++; alone {
		x.Together++
	}
}
