package calltree

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

// Options bound a Joiner. A zero or negative option is its default.
type Options struct {
	// Window is how long a span waits for its other half, its caller and its
	// duplicates, from its arrival; default 10 s.
	Window time.Duration
	// Provisional is how long, from its arrival, an exit span that found no
	// entry span may still be paired; default 60 s, at least Window.
	Provisional time.Duration
	// MaxSpans is how many spans are held; the oldest go early beyond it;
	// default 1,000,000, about 105 bytes each.
	MaxSpans int
}

// Defaults of Options.
const (
	DefaultWindow      = 10 * time.Second
	DefaultProvisional = 60 * time.Second
	DefaultMaxSpans    = 1_000_000
)

func (o Options) withDefaults() Options {
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	if o.Provisional <= 0 {
		o.Provisional = DefaultProvisional
	}
	o.Provisional = max(o.Provisional, o.Window)
	if o.MaxSpans <= 0 {
		o.MaxSpans = DefaultMaxSpans
	}
	o.MaxSpans = min(o.MaxSpans, maxNodes)
	return o
}

// Stats counts what a Joiner did since it was made.
type Stats struct {
	Spans           uint64 // taken in, each once
	Duplicates      uint64 // same trace, span ID and kind as a span in the window
	Unidentified    uint64 // refused: trace or span ID is zero
	Calls           uint64 // yielded, retractions not among them
	Retractions     uint64
	ExpiredEarly    uint64 // spans whose time was cut short by MaxSpans
	RefusedWeights  uint64 // adjusted counts above 100,000, which count 1
	RefusedLinks    uint64 // links of consumers beyond their bounds
	OverflowedNames uint64 // spans whose operation or service is "(other)": too many names
	Held            int    // spans and awaited parents held now
}

// Joiner turns spans, in whatever order and batches they come, into calls. A
// call is yielded once both its halves are in and its caller's operation is
// known, or a second later with the topmost span that has come by then. Where
// a later span changes a call, the call is retracted and, by the same Expire
// where there still is one, yielded anew, so that what remains after the window
// depends on the set of spans alone.
//
// An exit span whose window ends without an entry span yields a provisional
// call to its virtual peer. It stands, unless the entry span comes before
// Options.Provisional is over: then it is retracted and the pair yielded.
// Nothing is yielded when that time ends.
//
// A Joiner is not safe for concurrent use. It holds nothing of the pdata it
// was given.
type Joiner struct {
	options Options
	now     int64 // Unix milliseconds; never goes back
	// resolved is when the doubted were last judged.
	resolved int64
	epoch    uint32
	nodes    *slab
	names    *names
	window   ring  // spans in order of arrival
	late     ring  // exit spans after their window
	ready    []ref // spans whose calls may have changed
	doubted  []ref // spans whose caller's operation is not certain
	links    links
	path     []ref // of caller, kept for its memory
	yielded  []callgraph.Call
	taken    []callgraph.Call // what the caller of Expire may still read
	stats    Stats
}

// NewJoiner returns an empty Joiner.
func NewJoiner(o Options) *Joiner {
	o = o.withDefaults()
	return &Joiner{
		options: o,
		nodes:   newSlab(),
		names:   newNames(o.MaxSpans / spansPerNaming),
		links:   newLinks(o.MaxSpans),
	}
}

// Add takes in spans that arrived at the given time. A time before that of an
// earlier Add or Expire is taken as that. td is neither changed nor kept.
func (j *Joiner) Add(td ptrace.Traces, now time.Time) {
	j.advance(now)
	for _, resource := range td.ResourceSpans().All() {
		j.addResource(resource)
	}
}

func (j *Joiner) addResource(resource ptrace.ResourceSpans) {
	s := ServiceOf(resource.Resource())
	id := j.names.holdService(s)
	defer j.names.releaseService(id)
	for _, scope := range resource.ScopeSpans().All() {
		for _, span := range scope.Spans().All() {
			j.addSpan(span, id)
		}
	}
}

func (j *Joiner) addSpan(span ptrace.Span, s serviceID) {
	key := spanKey{trace: span.TraceID(), span: span.SpanID()}
	if key.zero() {
		j.stats.Unidentified++
		return
	}
	if j.nodes.live >= j.options.MaxSpans {
		j.makeRoom()
	}
	r := j.place(key, kindOf(span))
	if r == none {
		j.stats.Duplicates++
		return
	}
	j.stats.Spans++
	j.fill(r, span, s)
	j.window.push(r)
	j.nodes.at(r).set(isHeld)
	j.relate(r, span)
}

// Expire yields what has become of the calls since it was last called. Call it
// every half second or so: calls are yielded, and spans let go, only here. The
// slice is valid until the next Expire.
func (j *Joiner) Expire(now time.Time) []callgraph.Call {
	j.advance(now)
	j.epoch++
	j.judgeReady()
	for j.window.size > 0 && j.over(j.window.front(), j.options.Window) {
		j.settle(j.window.pop())
	}
	for j.late.size > 0 && j.over(j.late.front(), j.options.Provisional) {
		j.giveUp(j.late.pop())
	}
	j.rest()
	return j.take()
}

// Pending is the arrival of the oldest span that may still yield a call for
// the first time; ok is false where there is none. Spans that arrived before
// it need not be read again after a restart.
func (j *Joiner) Pending() (arrival time.Time, ok bool) {
	if j.window.size > 0 {
		arrival, ok = j.arrivalOf(j.nodes.at(j.window.front()).arrival), true
	}
	for i := range j.yielded {
		if a := j.yielded[i].Arrival; !ok || a.Before(arrival) {
			arrival, ok = a, true
		}
	}
	return arrival, ok
}

// Stats is what was counted so far.
func (j *Joiner) Stats() Stats {
	s := j.stats
	s.OverflowedNames = j.names.folded
	s.Held = j.nodes.live
	return s
}

func (j *Joiner) advance(now time.Time) { j.now = max(j.now, now.UnixMilli()) }

// stamp is the present as nodes keep it.
func (j *Joiner) stamp() uint32 { return uint32(uint64(j.now)) }

// over reports whether a span arrived at least d ago.
func (j *Joiner) over(r ref, d time.Duration) bool {
	return j.age(j.nodes.at(r).arrival) >= d
}

func (j *Joiner) age(arrival uint32) time.Duration {
	return time.Duration(j.stamp()-arrival) * time.Millisecond
}

func (j *Joiner) arrivalOf(arrival uint32) time.Time {
	return time.UnixMilli(j.now - int64(j.stamp()-arrival)).UTC()
}

// makeRoom lets the oldest spans go before their time: first those that only
// wait for a correction. It takes many at once, so that a full joiner costs no
// more per span than another.
func (j *Joiner) makeRoom() {
	j.epoch++
	j.judgeReady()
	for range max(1, j.options.MaxSpans/64) {
		switch {
		case j.late.size > 0:
			j.giveUp(j.late.pop())
		case j.window.size > 0:
			j.settle(j.window.pop())
		default:
			return
		}
		j.stats.ExpiredEarly++
	}
}

// kindOf takes kinds that OTLP does not know as unspecified.
func kindOf(span ptrace.Span) ptrace.SpanKind {
	if k := span.Kind(); k > 0 && k <= ptrace.SpanKindConsumer {
		return k
	}
	return ptrace.SpanKindUnspecified
}

// fill copies what calls need of a span.
func (j *Joiner) fill(r ref, span ptrace.Span, s serviceID) {
	n, kind := j.nodes.at(r), kindOf(span)
	n.kind = uint8(kind)
	n.arrival = j.stamp()
	n.start, n.duration = timesOf(span)
	n.operation = j.names.holdOperation(s, callgraph.Observed, span.Name())
	if span.ParentSpanID().IsEmpty() {
		n.set(isRoot)
	}
	if n.is(isRoot) || n.entrySpan() || n.exitSpan() {
		j.fillHalf(n, span)
	}
}

// timesOf takes an end before the start, and a start that was never set, as a
// duration of 0.
func timesOf(span ptrace.Span) (start, duration uint64) {
	start, end := uint64(span.StartTimestamp()), uint64(span.EndTimestamp())
	if start == 0 {
		return end, 0
	}
	return start, max(start, end) - start
}

// fillHalf copies what only the ends of a call need.
func (j *Joiner) fillHalf(n *node, span ptrace.Span) {
	f := factsOf(span)
	outcome, _ := outcomeOf(f, span)
	n.ending = uint8(outcome) | uint8(f.Connection())<<4
	w := weightOf(span, f.Late())
	n.weight = float32(w.count)
	if w.unknown {
		n.set(isAssumed)
	}
	if w.refused {
		j.stats.RefusedWeights++
	}
	if n.exitSpan() {
		n.left = ref(j.holdPeer(n, span, f))
	}
	if half := f.Counted(); half == spanfact.ClientHalf && n.exitSpan() || half == spanfact.ServerHalf && !n.exitSpan() {
		n.set(isCounted)
	}
}

func (j *Joiner) holdPeer(n *node, span ptrace.Span, f *spanfact.Facts) operationID {
	caller := j.names.operations[n.operation].Service
	s := j.names.holdService(callgraph.Service{Environment: caller.Environment, Name: f.PeerName()})
	defer j.names.releaseService(s)
	return j.names.holdOperation(s, callgraph.Virtual, span.Name())
}

// parentKey is the key of the span's parent; ok is false where it has none.
func parentKey(trace pcommon.TraceID, parent pcommon.SpanID) (key spanKey, ok bool) {
	return spanKey{trace: trace, span: parent}, !parent.IsEmpty()
}
