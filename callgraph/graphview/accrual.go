package graphview

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Accrual decides which calls counters may count that never fall, service by
// service: each call once, on the link that shows it when its bucket is counted.
// What is learned later of names and sites moves later calls, and none that were
// counted; what comes later of a bucket is counted when it comes.
//
// It has no clock and is not safe for concurrent use.
type Accrual struct {
	options AccrualOptions
	count   func(Accrued)
	view    *View
	waiting []callgraph.Cell
	window  period // what is held, up to where it was counted
	// counted is what the window came to; nil before the first Count.
	counted map[between]Accrued
	// owed are calls that were counted and are not there any more: a half came
	// late that explains another. The next calls of the link make up for them.
	owed    map[between]Count
	refused uint64
}

// AccrualOptions bound an Accrual.
type AccrualOptions struct {
	// Cells is how many are held, about 110 bytes each; 0 is 250,000. Beyond it
	// buckets take late calls for less time, then they are counted early.
	Cells int
	// Late is for how long a bucket takes calls after it was counted, in seconds;
	// 0 is 600. What its calls, halves and callees are is looked up that far back.
	Late int64
}

// Accrued is calls between services that are counted from now on.
type Accrued struct {
	Caller, Callee callgraph.Operation // without names
	Connection     callgraph.Connection
	Count
	Client, Server callgraph.Sketch
}

// between tells links apart, whatever their numbers.
type between struct {
	caller, callee callgraph.Operation
	connection     callgraph.Connection
}

const (
	// aheadOfTime is how far ahead of what is counted a bucket may begin, in
	// seconds: the clocks of processes differ.
	aheadOfTime = callgraph.HourWidth
	maxWaiting  = 50_000
)

// NewAccrual counts buckets that begin at since or later, Unix seconds. It holds
// those of before seconds more, for the halves of calls that end there.
func NewAccrual(o AccrualOptions, since, before int64, count func(Accrued)) *Accrual {
	if o.Cells <= 0 {
		o.Cells = 250_000
	}
	if o.Late <= 0 {
		o.Late = 600
	}
	since = floorTo(since, callgraph.HotWidth)
	return &Accrual{
		options: o, count: count, owed: map[between]Count{},
		view:   New(Options{Cells: math.MaxInt}), // the bound is this one's
		window: period{since - ceilTo(before, callgraph.HotWidth), since},
	}
}

// Apply takes changed cells in, as a View does. It keeps them.
func (a *Accrual) Apply(cells []callgraph.Cell) {
	if a.counted == nil {
		a.view.learn(cells)
		a.put(cells, a.window.to+aheadOfTime)
		return
	}
	if a.waiting = append(a.waiting, cells...); len(a.waiting) >= maxWaiting {
		a.Count(a.window.to)
	}
}

// Until is where the next bucket to count begins, Unix seconds.
func (a *Accrual) Until() int64 { return a.window.to }

// Refused is how many changed cells came too late to be counted, or too early.
func (a *Accrual) Refused() uint64 { return a.refused }

// Count counts what was applied: the buckets that begin before until, and what
// came late for those that had been counted.
func (a *Accrual) Count(until int64) {
	until = max(floorTo(until, callgraph.HotWidth), a.window.to)
	if a.counted == nil {
		a.counted = a.totals()
	}
	if a.view.learn(a.waiting) {
		a.moved()
	}
	a.put(a.waiting, until)
	a.waiting = nil
	a.advance(until)
	held := a.window.to - a.window.from
	if held > 2*a.options.Late && len(a.owed) == 0 || held > 3*a.options.Late {
		a.forget(a.window.to - a.options.Late) // seldom: it takes as long as to count
	}
	a.bound()
}

// bound lets go of what was counted, the older half first, and then counts what is
// not old enough.
func (a *Accrual) bound() {
	for a.view.records > a.options.Cells {
		switch held := a.window.to - a.window.from; {
		case held > callgraph.HotWidth:
			a.forget(a.window.from + ceilTo(held/2, callgraph.HotWidth))
		case a.view.newest() < a.window.to:
			a.forget(a.window.to)
			return
		default:
			a.advance(a.window.to + callgraph.HotWidth)
		}
	}
}

func (a *Accrual) put(cells []callgraph.Cell, until int64) {
	a.view.Apply(slices.DeleteFunc(cells, func(c callgraph.Cell) bool {
		wide := c.Bucket.Width > callgraph.HotWidth // a sum of what was counted long ago
		stray := c.Bucket.Start < a.window.from || c.Bucket.Start-aheadOfTime > until
		if stray && !wide && a.counted != nil {
			a.refused++
		}
		return wide || stray
	}))
}

// moved takes what the window comes to by what was just learned for counted: the
// calls were, where they were shown then. It counts those that come up only now:
// where a site turns out to have several callees, server halves count whose client
// half is still to come.
func (a *Accrual) moved() {
	now, surplus := a.totals(), Count{}
	for _, is := range now {
		surplus = surplus.plus(is.Count)
	}
	for _, was := range a.counted {
		surplus = surplus.beyond(was.Count)
	}
	for _, key := range slices.SortedFunc(maps.Keys(now), compareLinks) {
		rise := now[key].Count.beyond(a.counted[key].Count)
		rise = Count{min(rise.Calls, surplus.Calls), min(rise.Errors, surplus.Errors)}
		if surplus = surplus.beyond(rise); rise != (Count{}) {
			a.count(Accrued{Caller: key.caller, Callee: key.callee, Connection: key.connection, Count: rise})
		}
	}
	a.counted = now
}

func compareLinks(a, b between) int {
	return cmp.Or(compare(a.caller, b.caller), compare(a.callee, b.callee), cmp.Compare(a.connection, b.connection))
}

// advance counts what the window comes to beyond what it came to before.
func (a *Accrual) advance(until int64) {
	a.window.to = until
	now := a.totals()
	for key, was := range a.counted {
		if fell := was.Count.beyond(now[key].Count); fell != (Count{}) {
			a.owed[key] = a.owed[key].plus(fell)
		}
	}
	for key, is := range now {
		more := is.beyond(a.counted[key])
		owed := a.owed[key]
		if a.owed[key] = owed.beyond(more.Count); a.owed[key] == (Count{}) {
			delete(a.owed, key)
		}
		more.Count = more.Count.beyond(owed)
		if !more.empty() {
			a.count(more)
		}
	}
	a.counted = now
}

// forget lets go of the buckets before from.
func (a *Accrual) forget(from int64) {
	a.window.from = from
	a.view.forget(from)
	a.counted, a.owed = a.totals(), map[between]Count{}
}

// totals is what the window comes to, as the view joins it: links without calls
// and indirect ones left out.
func (a *Accrual) totals() map[between]Accrued {
	all := map[between]Accrued{}
	if a.window.from >= a.window.to {
		return all
	}
	a.view.readIfHeld(a.window, func(r *reading) {
		layer := &r.topology.services
		for id := range layer.links {
			l := &layer.links[id]
			if l.indirect || r.count(l).Calls == 0 {
				continue
			}
			f := r.figures(l)
			is := Accrued{layer.nodes[l.caller], layer.nodes[l.callee], l.connection, f.Count(), f.Sum.Client, f.Sum.Server}
			all[between{is.Caller, is.Callee, is.Connection}] = is
		}
	})
	return all
}

func (a Accrued) empty() bool {
	return a.Count == Count{} && a.Client.Count() == 0 && a.Server.Count() == 0
}

// beyond is what a counts more than o.
func (a Accrued) beyond(o Accrued) Accrued {
	a.Count = a.Count.beyond(o.Count)
	a.Client, a.Server = beyond(a.Client, o.Client), beyond(a.Server, o.Server)
	return a
}

func (c Count) beyond(o Count) Count {
	return Count{c.Calls - min(c.Calls, o.Calls), c.Errors - min(c.Errors, o.Errors)}
}

func beyond(s, o callgraph.Sketch) (more callgraph.Sketch) {
	more.Zero = s.Zero - min(s.Zero, o.Zero)
	more.Nanos = s.Nanos - min(s.Nanos, o.Nanos)
	known := 0
	for _, b := range s.Bins {
		for known < len(o.Bins) && o.Bins[known].Index < b.Index {
			known++
		}
		if known < len(o.Bins) && o.Bins[known].Index == b.Index {
			b.Count -= min(b.Count, o.Bins[known].Count)
		}
		if b.Count > 0 {
			more.Bins = append(more.Bins, b)
		}
	}
	return more
}
