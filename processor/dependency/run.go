package dependency

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
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
	last     [8]byte // the span of the attempt that decided
	injected bool
	open     bool // one had not ended when the local root did
	// Of the calls that had ended: begun is when the last one began, where it was
	// tried again that of its first attempt; ended is when all had.
	begun, ended int64
	calls        []call // that had ended, by start; as good as the run
}

// beganDuring reports whether a call of the run began while the other one was made.
func (r *run) beganDuring(other *run) bool {
	i, _ := slices.BinarySearchFunc(r.calls, other.begun, func(c call, at int64) int { return cmp.Compare(c.start, at) })
	return i < len(r.calls) && r.calls[i].start < other.ended
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
	id         [8]byte
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

// gather finds what a local trace did, by site. The runs are good until the next
// time.
func (o *Observer) gather(l *locals, r int32) []run {
	w, root := &o.work, &l.spans[r]
	w.calls, w.runs = w.calls[:0], w.runs[:0]
	for i := root.root.first; i != noRoot; i = l.spans[i].next {
		if l.spans[i].end <= root.end {
			l.markOuter(&l.spans[i])
		}
	}
	for i := root.root.first; i != noRoot; i = l.spans[i].next {
		s := &l.spans[i]
		if s.to == nil || s.flags&outer != 0 || i == r {
			continue
		}
		if at := o.book.site(root.root.operation, s.to); at != nil {
			w.calls = append(w.calls, call{at, s.start, max(s.end, s.start), s.id, s.result, s.class, s.flags&injected != 0, s.end > root.end})
		}
	}
	return w.split()
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
	return cmp.Or(cmp.Compare(a.site.id, b.site.id), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), bytes.Compare(a.id[:], b.id[:]))
}

// runOf judges a site's calls, which are in order of their start. What had not
// ended when the local root did may come much later or never: that there is
// such a call is noted, and nothing else.
func runOf(calls []call) run {
	r := run{site: calls[0].site, result: aborted, begun: math.MinInt64, ended: math.MinInt64}
	closed := calls[:0]
	for _, c := range calls {
		if c.open {
			r.open = true
			continue
		}
		closed = append(closed, c)
	}
	if len(closed) == 0 {
		return r
	}
	r.attempts, r.calls = len(closed), closed
	for i := range closed {
		c := &closed[i]
		if i == 0 || !c.repeats(&closed[i-1]) {
			r.begun = c.start
		}
		r.injected = r.injected || c.injected
		r.ended = max(r.ended, c.end)
	}
	r.decide(closed)
	return r
}

// repeats: what starts once a failed attempt has ended is a retry.
func (c *call) repeats(before *call) bool {
	return before.result == strength.Faulted && before.end <= c.start
}

func (c call) faulted() bool { return c.result == strength.Faulted }

// decide looks at the last attempts: those that no other came after. Of
// parallel ones, those that were cancelled say nothing beside others. Where no
// span names the peer, another call need not be a retry: it may go elsewhere.
func (r *run) decide(calls []call) {
	lastStart := calls[len(calls)-1].start
	var well, wrong bool
	latest := int64(math.MinInt64)
	for i := range calls {
		c := &calls[i]
		if c.end <= lastStart && c.start < lastStart {
			continue
		}
		well = well || c.result == strength.Succeeded
		if c.result == strength.Faulted && c.end >= latest {
			wrong, latest, r.class, r.last = true, c.end, c.class, c.id
		}
	}
	switch {
	case well && wrong, r.attempts > 1 && r.site.names.Callee.Peer == spanfact.UnknownPeer && slices.ContainsFunc(calls, call.faulted):
		r.result = mixed
	case wrong:
		r.result = failed
	case well:
		r.result = wentWell
	}
}

func timeOf(unixNano int64) time.Time { return time.Unix(0, unixNano).UTC() }
