package sdk

import (
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// origin is where a local trace comes from, if it is not a trace's own root
// without a history: its parent, and what that one said.
type origin struct {
	parent   *tracecontext.Remote // nil: the trace's own root
	entry    callgraph.StateEntry // of a remote parent
	hasEntry bool
	ot       sampler.State
	debug    bool

	once  sync.Once
	state trace.TraceState
}

// join makes the local trace a part of its parent's trace; or, where that one
// is not to be believed, the first part of a trace that links to it.
func (r *localRoot) join(parent trace.Span) {
	if parent == nil {
		return
	}
	remote, ok := parent.(*tracecontext.Remote)
	if !ok {
		sc := parent.SpanContext()
		if !sc.TraceID().IsValid() {
			return
		}
		remote = tracecontext.FromSpanContext(sc)
	}
	if remote.Untrusted() || r.provider.options.public && remote.IsRemote() {
		r.addLink(trace.Link{SpanContext: remote.SpanContext()})
		return
	}
	r.traceID, r.parent = remote.TraceID(), remote.SpanID()
	o := &origin{parent: remote}
	o.ot, _ = sampler.ParseState(remote.OT()) // what is not valid is not said
	o.entry, o.hasEntry = remote.Entry()
	r.origin = o
}

// samplingParent is the parent as the sampler sees it.
func (r *localRoot) samplingParent() sampler.Parent {
	if r.origin == nil {
		return sampler.Parent{}
	}
	o := r.origin
	if o.parent == nil {
		return sampler.Parent{}
	}
	return sampler.Parent{
		Valid: o.parent.SpanID().IsValid(), Remote: o.parent.IsRemote(), Sampled: o.parent.Flags().IsSampled(),
		Threshold: o.ot.Threshold, HasThreshold: o.ot.HasThreshold,
	}
}

func (r *localRoot) debugged() bool { return r.origin != nil && r.origin.debug }

// traceState is that of the live spans: what the parent's said but for our own
// entry, and the threshold of the head where it is sampled.
func (r *localRoot) traceState() trace.TraceState {
	if r.origin == nil {
		if r.traits&(traitSampled|traitWeighted) != traitSampled|traitWeighted {
			return trace.TraceState{}
		}
		return r.provider.states.of(r.threshold)
	}
	r.origin.once.Do(func() { r.origin.state = r.stateFor(r.head().Sampled && r.head().Weighted, r.threshold) })
	return r.origin.state
}

// stateFor is the tracestate with or without a threshold.
func (r *localRoot) stateFor(weighted bool, t sampler.Threshold) trace.TraceState {
	if r.origin == nil {
		if !weighted {
			return trace.TraceState{}
		}
		return r.provider.states.of(t)
	}
	ot := r.origin.ot
	ot.HasThreshold, ot.Threshold = weighted, t
	var state trace.TraceState
	if r.origin.parent != nil {
		state = r.origin.parent.SpanContext().TraceState()
	}
	value := ot.String()
	if value == state.Get(sampler.StateKey) {
		return state
	}
	state = state.Delete(sampler.StateKey)
	if value == "" {
		return state
	}
	with, err := state.Insert(sampler.StateKey, value)
	if err != nil {
		return state
	}
	return with
}

// thresholdStates makes the tracestates that have nothing but a threshold, and
// remembers the last one: a process mostly has one.
type thresholdStates struct {
	last atomic.Pointer[thresholdState]
}

type thresholdState struct {
	threshold sampler.Threshold
	state     trace.TraceState
}

func (s *thresholdStates) of(t sampler.Threshold) trace.TraceState {
	if last := s.last.Load(); last != nil && last.threshold == t {
		return last.state
	}
	state, err := trace.TraceState{}.Insert(sampler.StateKey, sampler.State{HasThreshold: true, Threshold: t}.String())
	if err != nil {
		return trace.TraceState{} // cannot be: the value is ours
	}
	s.last.Store(&thresholdState{t, state})
	return state
}
