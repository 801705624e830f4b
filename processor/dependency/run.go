package dependency

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// maxRuns is how many sites of one local trace are looked at as others of each
// other. Those beyond are crowded out, but count as calls that went on.
const maxRuns = 64

// run is what a local trace did at one site.
type run struct {
	site     *site
	attempts int
	result   result
	class    strength.Class
	last     int32 // the span of the attempt that decided
	injected bool
	open     bool // a call had not ended when the local root did
	// begun is when the last call began, where it was tried again that of its
	// first attempt; begunClosed the same of those calls that ended in time.
	begun, begunClosed int64
	ended              int64 // when the last of all that ended in time did
}

// result is what a run says of its site.
type result uint8

const (
	wentWell result = iota
	failed
	aborted
	mixed
)

// call is an exit span that is a call.
type call struct {
	site       *site
	start, end int64
	span       int32
	result     strength.Result
	class      strength.Class
	injected   bool
	open       bool
}

// work is room for one local trace's calls and runs at a time.
type work struct {
	calls []call
	runs  []run
}

// gather finds what a local trace did, by site, and whether anything failed in
// it. The runs are good until the next time.
func (o *Observer) gather(l *locals, r int32) (runs []run, wrong bool) {
	w, root := &o.work, &l.spans[r]
	w.calls, w.runs = w.calls[:0], w.runs[:0]
	for i := root.root.first; i != noRoot; i = l.spans[i].next {
		l.markOuter(&l.spans[i])
	}
	for i := root.root.first; i != noRoot; i = l.spans[i].next {
		s := &l.spans[i]
		wrong = wrong || s.flags&erred != 0 && s.end <= root.end
		if s.to == nil || s.flags&outer != 0 || i == r {
			continue
		}
		if at := o.book.site(root.root.operation, s.to); at != nil {
			w.calls = append(w.calls, call{at, s.start, max(s.end, s.start), i, s.result, s.class, s.flags&injected != 0, s.end > root.end})
		}
	}
	return w.split(), wrong
}

// split makes runs of the calls.
func (w *work) split() []run {
	slices.SortFunc(w.calls, compareCalls)
	for from := 0; from < len(w.calls); {
		to := from + 1
		for to < len(w.calls) && w.calls[to].site == w.calls[from].site {
			to++
		}
		w.runs = append(w.runs, runOf(w.calls[from:to]))
		from = to
	}
	return w.runs
}

func compareCalls(a, b call) int {
	return cmp.Or(cmp.Compare(a.site.id, b.site.id), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.span, b.span))
}

// runOf judges a site's calls, which are in order of their start.
func runOf(calls []call) run {
	r := run{site: calls[0].site, attempts: len(calls), begunClosed: math.MinInt64, ended: math.MinInt64}
	for i := range calls {
		c := &calls[i]
		if i == 0 || !c.repeats(&calls[i-1]) {
			r.begun = c.start
			if !c.open {
				r.begunClosed = c.start
			}
		}
		r.injected = r.injected || c.injected
		r.open = r.open || c.open
		if !c.open {
			r.ended = max(r.ended, c.end)
		}
	}
	r.decide(calls)
	return r
}

// repeats: what starts once a failed attempt has ended is a retry.
func (c *call) repeats(before *call) bool {
	return before.result == strength.Faulted && before.end <= c.start
}

// decide looks at the last attempts: those that no other came after. Of
// parallel ones, those that were cancelled say nothing beside others.
func (r *run) decide(calls []call) {
	lastStart := calls[len(calls)-1].start
	var well, wrong int
	var latest int64 = math.MinInt64
	for i := range calls {
		c := &calls[i]
		switch {
		case c.end <= lastStart && c.start < lastStart:
		case c.open:
			r.result = aborted
			return
		case c.result == strength.Succeeded:
			well++
		case c.result == strength.Faulted:
			if wrong++; c.end >= latest {
				latest, r.class, r.last = c.end, c.class, c.span
			}
		}
	}
	switch {
	case well > 0 && wrong > 0:
		r.result = mixed
	case wrong > 0:
		r.result = failed
	case well == 0:
		r.result = aborted
	}
}

func timeOf(unixNano int64) time.Time { return time.Unix(0, unixNano).UTC() }
