package sdk

import (
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
)

// localRoot is the first span of a trace in this process, and with it the local
// trace: the spans below it, but for those below another entry span.
//
// A local trace is open until its root ends. Its ended spans then wait in a
// list. It is kept when a span of it is; what is listed goes with it. When the
// root ends the trace is settled: the list is decided and counted, and a span
// that ends later is so at once.
type localRoot struct {
	spanIDs uint64 // atomic but at the start; first, which aligns it everywhere
	span
	traceID   trace.TraceID
	origin    *origin // nil: a trace's own root, of which nothing more is known
	threshold sampler.Threshold

	// Guarded by the span's mu.
	told    *edge.Operation // by which callees know it; nil where none does
	spans   uint32          // ended
	dropped uint8           // of those, that did not leave although others of the trace did; at most 255
	listed  uint8
	state   localState
}

// localState is what is known of a local trace: flags and, in the upper bits,
// thin: a storm's ratio for it is 2^-thin.
type localState uint16

const thinShift = 8

func (l localState) thin() uint { return uint(l >> thinShift) }

const (
	stateKept    localState = 1 << iota // a span of it is kept whatever the rate
	stateStormed                        // one was, but for a storm: it is decided by thin and head alone
	stateFirst                          // a storm let it leave as the first of its kind: without weight
	stateSettled                        // the root has ended
	stateAsked                          // whether its business key's other traces are kept
	stateJoined                         // they are: what has no weight by itself leaves without
)

// maxListed is how many ended spans wait for their local trace. When there are
// more, those that wait are decided by what is known.
const maxListed = 64

// maxWait is the age, in nanoseconds, from which on spans of a local trace do
// not wait for its root.
const maxWait = int64(10 * time.Second)

func (r *localRoot) stripe() uint8 { return r.traceID[11] % stripes }

// randomness is what the trace is sampled by.
func (r *localRoot) randomness() sampler.Randomness {
	if r.origin != nil {
		return r.origin.ot.RandomnessOf(r.traceID)
	}
	return sampler.RandomnessOf(r.traceID)
}

// head is what was decided at the local trace's start.
func (r *localRoot) head() sampler.Head {
	return sampler.Head{Sampled: r.traits.sampled(), Weighted: r.traits&traitWeighted != 0, Threshold: r.threshold}
}

// add takes an ended span in. It returns the spans that are to be decided now,
// the last one first, by the state that the local trace then has; now is false
// where s itself waits.
func (r *localRoot) add(s *span, at int64) (due *span, state localState, now bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans++
	if s == &r.span {
		due, state = r.takeList(), r.state
		r.state |= stateSettled
		return due, state, true
	}
	if r.state&stateSettled != 0 || at-r.started > maxWait && r.flags&flagWallStart == 0 {
		return r.takeList(), r.state, true
	}
	s.next, r.next = r.next, s
	if r.listed++; r.listed < maxListed {
		return nil, r.state, false
	}
	return r.takeList(), r.state, false
}

func (r *localRoot) takeList() *span {
	list := r.next
	r.next, r.listed = nil, 0
	return list
}

// mark is false where the state was there.
func (r *localRoot) mark(state localState) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news = r.state&state == 0
	r.state |= state
	return news
}

func (r *localRoot) currentState() localState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// lost notes that spans of the local trace did not leave.
func (r *localRoot) lost(n int) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped = uint8(min(int(r.dropped)+n, 255))
}
