package sdk

import (
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
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
	callers  []edge.Caller // of a consumer of several messages

	once  sync.Once
	state trace.TraceState
}

// join makes the local trace a part of its parent's trace; or, where that one
// is not to be believed, the first part of a trace that links to the stranger.
func (r *localRoot) join(parent trace.Span) (stranger *tracecontext.Remote) {
	remote := r.remoteOf(parent)
	if remote == nil {
		return nil
	}
	if remote.Untrusted() || r.provider.options.public && remote.IsRemote() {
		return remote
	}
	r.traceID, r.parent = remote.TraceID(), remote.SpanID()
	o := &origin{parent: remote}
	o.ot, _ = sampler.ParseState(remote.OT()) // what is not valid is not said
	o.entry, o.hasEntry = remote.Entry()
	r.origin = o
	return nil
}

// remoteOf is what the parent said of itself, nil where there is none.
func (r *localRoot) remoteOf(parent trace.Span) *tracecontext.Remote {
	if parent == nil {
		return nil
	}
	if remote, ok := parent.(*tracecontext.Remote); ok {
		return remote
	}
	sc := parent.SpanContext()
	if !sc.TraceID().IsValid() {
		return nil
	}
	if near, ok := tracecontext.Near(r.ctx, sc); ok && sc.IsRemote() {
		return near
	}
	return tracecontext.FromSpanContext(sc)
}

// takeLinks notes who called a consumer that says so by links, if all of them
// tell.
func (r *localRoot) takeLinks(links []trace.Link) {
	if r.traits.kind() != trace.SpanKindConsumer || r.provider.edges == nil {
		return
	}
	r.traits |= traitLinked
	if r.origin == nil {
		r.origin = &origin{}
	}
	r.origin.callers = r.linkedCallers(links)
}

func (r *localRoot) linkedCallers(links []trace.Link) []edge.Caller {
	callers := make([]edge.Caller, 0, len(links)+1)
	parent := r.origin.hasEntry // not among the links yet
	for i := range links {
		sc := links[i].SpanContext
		entry, err := callgraph.ParseStateEntry(sc.TraceState().Get(callgraph.StateKey))
		if err != nil {
			return nil
		}
		parent = parent && sc.SpanID() != r.parent
		callers = append(callers, callerOf(entry, sc.SpanID()))
	}
	if parent {
		callers = append(callers, callerOf(r.origin.entry, r.parent))
	}
	return callers
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
		return r.provider.states.of(r.threshold).state
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
		return r.provider.states.of(t).state
	}
	ot := r.origin.ot
	ot.HasThreshold, ot.Threshold = weighted, t
	var state trace.TraceState
	if r.origin.parent != nil {
		state = r.origin.parent.TraceState()
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
	text      string
}

func (s *thresholdStates) of(t sampler.Threshold) *thresholdState {
	if last := s.last.Load(); last != nil && last.threshold == t {
		return last
	}
	state, err := trace.TraceState{}.Insert(sampler.StateKey, sampler.State{HasThreshold: true, Threshold: t}.String())
	if err != nil {
		return &thresholdState{} // cannot be: the value is ours
	}
	made := &thresholdState{t, state, state.String()}
	s.last.Store(made)
	return made
}
