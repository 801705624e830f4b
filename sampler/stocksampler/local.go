package stocksampler

import (
	"container/list"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// keep says from which randomness on a local trace's spans are kept whatever
// the rate, and whether they leave below it too, without a weight.
type keep struct {
	from sampler.Threshold
	late bool
}

// nothing is what a local trace begins with.
var nothing = keep{from: sampler.Never}

// and is what two spans of one local trace keep.
func (k keep) and(other keep) keep {
	return keep{from: min(k.from, other.from), late: k.late || other.late}
}

// settled reports whether nothing that comes can keep more. A threshold above 0
// settles nothing, even if it is met: where a later span lowers it, all must
// leave by the lower one, or those that met the first would count twice.
func (k keep) settled() bool { return k.from == 0 }

// local is a local trace: the spans of one trace in this process that overlap
// in time.
type local struct {
	id    trace.TraceID
	entry string // name of its first span
	open  int    // spans that have not ended
	keep  keep
	spans []sdktrace.ReadOnlySpan // ended, not decided; oldest first
	place *list.Element           // in the shard's order
}

// usualSpans is how many spans a local trace has room for at first.
const usualSpans = 4

// ready are spans that can be decided, and by what.
type ready struct {
	spans []sdktrace.ReadOnlySpan
	keep  keep
	why   reason
}

// shard holds some of the local traces.
type shard struct {
	mu     sync.Mutex
	traces map[trace.TraceID]*local
	order  list.List // of local traces, oldest first; those found without spans go back
	held   int       // spans of all of them
	limit  int       // of traces, and of spans
}

// start counts a span in. A shard that is full gives up its oldest trace.
func (h *shard) start(id trace.TraceID, name string) (r ready) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.traces[id]
	if l == nil {
		if len(h.traces) >= h.limit {
			r = h.remove(h.order.Front().Value.(*local), crowded)
		}
		l = &local{id: id, entry: name, keep: nothing, spans: make([]sdktrace.ReadOnlySpan, 0, usualSpans)}
		l.place = h.order.PushBack(l)
		h.traces[id] = l
	}
	l.open++
	return r
}

// end takes an ended span in and gives what can be decided: of its own local
// trace, and of another where too many spans are held. judge is told the entry
// of the local trace.
func (h *shard) end(id trace.TraceID, span sdktrace.ReadOnlySpan, judge func(entry string) keep) (mine, other ready) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.traces[id]
	if l == nil { // given up before
		return ready{[]sdktrace.ReadOnlySpan{span}, judge(""), ended}, ready{}
	}
	l.open--
	l.keep = l.keep.and(judge(l.entry))
	l.spans = append(l.spans, span)
	h.held++
	switch {
	case l.open <= 0:
		mine = h.remove(l, ended)
	case l.keep.settled():
		mine = h.take(l, len(l.spans), ended)
	case len(l.spans) > spansPerTrace:
		mine = h.take(l, 1, full)
	}
	if h.held > h.limit {
		other = h.oldest()
	}
	return mine, other
}

// take gives the first n spans of a local trace away.
func (h *shard) take(l *local, n int, why reason) ready {
	r := ready{l.spans[:n:n], l.keep, why}
	l.spans = l.spans[n:]
	h.held -= n
	return r
}

// remove forgets a local trace. Spans of it that are still open are decided
// each on its own.
func (h *shard) remove(l *local, why reason) ready {
	delete(h.traces, l.id)
	h.order.Remove(l.place)
	return h.take(l, len(l.spans), why)
}

// oldest takes all spans of the oldest local trace that has any.
func (h *shard) oldest() ready {
	for range h.order.Len() {
		front := h.order.Front()
		if l := front.Value.(*local); len(l.spans) > 0 {
			return h.take(l, len(l.spans), crowded)
		}
		h.order.MoveToBack(front)
	}
	return ready{}
}

// before takes the spans that ended before a time.
func (h *shard) before(t time.Time, why reason) (all []ready) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.traces {
		n := 0
		for n < len(l.spans) && l.spans[n].EndTime().Before(t) {
			n++
		}
		if n > 0 {
			all = append(all, h.take(l, n, why))
		}
	}
	return all
}
