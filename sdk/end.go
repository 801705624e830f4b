package sdk

import (
	"fmt"
	"math"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
)

// End ends the span. In a deferred call it records a panic and lets it go on.
func (s *span) End(options ...trace.SpanEndOption) {
	now := s.provider.clock.now()
	var config trace.SpanConfig
	if len(options) > 0 {
		config = trace.NewSpanEndConfig(options...)
	}
	s.mu.Lock()
	if s.flags&flagEnded == 0 && s.provider.recordsPanics {
		if v := recover(); v != nil {
			defer panic(v)
			s.recordPanic(v, config)
		}
	}
	if s.flags&flagEnded != 0 {
		s.mu.Unlock()
		return
	}
	s.finish(now, &config)
}

// recordPanic unlocks the span meanwhile: the text of v is the application's to
// make.
func (s *span) recordPanic(v any, config trace.SpanConfig) {
	s.mu.Unlock()
	defer s.mu.Lock()
	s.AddEvent(semconv.ExceptionEventName, exception(typeName(v), fmt.Sprint(v), eventOptions(config))...)
}

// eventOptions asks for the stack of a panic where the end does.
func eventOptions(c trace.SpanConfig) []trace.EventOption {
	if c.StackTrace() {
		return []trace.EventOption{trace.WithStackTrace(true)}
	}
	return nil
}

// finish unlocks the span.
func (s *span) finish(now int64, config *trace.SpanConfig) {
	s.ended = now
	s.flags |= flagEnded
	if t := config.Timestamp(); !t.IsZero() {
		s.ended = t.UnixNano()
		s.flags |= flagWallEnd
	}
	if s.body != nil && s.body.endTask != nil {
		s.body.endTask()
	}
	j := s.judge()
	listeners := s.provider.listeners()
	if s == &s.root.span && !j.kept && len(listeners) == 0 {
		s.root.finish()
		return
	}
	s.mu.Unlock()
	for _, p := range listeners {
		p.OnEnd(s.snapshot(j.kept))
	}
	s.hand(j, now)
}

// finish settles a local trace whose root is of no interest by itself. It
// unlocks the root.
func (r *localRoot) finish() {
	due, state, name := r.takeList(), r.state, r.name
	r.spans++
	r.state |= stateSettled
	v, body := r.part(state, false)
	r.mu.Unlock()
	as := r.provider.edges.operation(name)
	if due != nil {
		r.settle(due, state, as)
	}
	r.count(&r.span, as)
	r.dispose(v, state, body)
}

// hand gives the ended span to its local trace and does what is due then. A
// span that failed leaves first, so that a crash right after does not lose it;
// so does one that leaves in any case. It stays in the list, to be counted under
// the name that its local root will have.
func (s *span) hand(j judgement, now int64) {
	r := s.root
	if j.kept {
		r.keep(s, j, now)
	}
	if s != &r.span && (j.kept || s.always()) {
		s.leaveEarly(j.kept)
	}
	due, state, itself := r.add(s, now)
	if due == nil && !itself {
		return
	}
	as := r.operation()
	if due != nil {
		r.settle(due, state, as)
	}
	if itself {
		r.lost(r.leave(s, state, j.kept, as))
	}
}

// always reports whether the span leaves with the same threshold whatever
// becomes of its local trace, and need not wait.
func (s *span) always() bool {
	return s.traits&(traitSampled|traitWeighted) == traitSampled|traitWeighted && s.root.threshold == 0
}

// settle decides a list of ended spans, the last of which comes first, and
// counts their calls as those of the operation.
func (r *localRoot) settle(list *span, state localState, as *edge.Operation) {
	lost := 0
	for list = reversed(list); list != nil; {
		s := list
		list, s.next = s.next, nil
		lost += r.leave(s, state, false, as)
	}
	r.lost(lost)
}

func reversed(list *span) (first *span) {
	for list != nil {
		next := list.next
		list.next, first = first, list
		list = next
	}
	return first
}

// leave counts an ended span and exports or discards it, unless it left early.
// It returns 1 where the span is lost to its chain, else 0.
func (r *localRoot) leave(s *span, state localState, kept bool, as *edge.Operation) (lost int) {
	r.count(s, as)
	s.mu.Lock()
	if s.flags&flagEager != 0 {
		s.mu.Unlock()
		return 0
	}
	v, body := s.part(state, kept)
	s.mu.Unlock()
	return s.dispose(v, state, body)
}

// part decides the ended span and takes its body off. The caller holds mu.
func (s *span) part(state localState, kept bool) (v sampler.Verdict, body *Record) {
	if !kept && state&(stateKept|stateStormed|stateJoined) == 0 && s.flags&flagKeep == 0 && !s.root.traits.sampled() {
		body, s.body = s.body, nil
		return v, body // most of them
	}
	v = s.verdict(state, kept || s.flags&flagKeep != 0)
	body, s.body = s.body, nil
	return v, body
}

// dispose exports or discards a span that is decided; 1: it is lost.
func (s *span) dispose(v sampler.Verdict, state localState, body *Record) (lost int) {
	if v.Export {
		if s.export(v, state, body) {
			return 0
		}
		return 1
	}
	s.provider.stats.discarded.add(s.root.stripe(), 1)
	if body != nil {
		s.provider.bodies.giveBack(body)
	}
	return 1
}

// leaveEarly exports a span while its local trace is open.
func (s *span) leaveEarly(kept bool) {
	state := s.root.currentState()
	if !s.verdict(state, kept).Export {
		return
	}
	s.mu.Lock()
	s.flags |= flagEager
	v, body := s.part(state, kept)
	s.mu.Unlock()
	s.root.lost(s.dispose(v, state, body))
}

// verdict is the decision rule (docs/sampling.md). kept says that the span
// itself is kept whatever the rate.
func (s *span) verdict(state localState, kept bool) sampler.Verdict {
	r := s.root
	if s.provider.options.scope == ScopeTrace {
		kept = state&stateKept != 0
	} else {
		kept = kept && state&stateStormed == 0
	}
	if kept && state&stateFirst != 0 {
		return sampler.Verdict{Export: true}
	}
	v := s.provider.policy.Decide(r.head(), r.randomness(), kept)
	if kept && state.thin() > 0 {
		v.Threshold = r.thinned(state.thin())
	}
	v.Export = v.Export || state&stateJoined != 0
	return v
}

// keep has the local trace kept because of one of its spans, as far as storms
// allow.
func (r *localRoot) keep(s *span, j judgement, at int64) {
	if s.provider.options.scope == ScopePath {
		s.markPath()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state&(stateKept|stateStormed) != 0 {
		return
	}
	defer r.noteKept(s, j, at)
	if r.provider.storm == nil {
		r.state |= stateKept
		return
	}
	_, t, first := r.provider.storm.Admit(s.name, j.errorType, r.randomness(), r.provider.clock.wall(at)/1e9)
	thin := uint(math.Log2(t.Weight()))
	r.state |= localState(thin) << thinShift
	switch {
	case r.thinned(thin).Keeps(r.randomness()):
		r.state |= stateKept
	case first:
		r.state |= stateKept | stateFirst
	default:
		r.state |= stateStormed
		r.provider.stats.stormed.Add(1)
	}
}

// thinned is the threshold that a storm leaves the trace: that of the head
// where it is lower, so that failures are never rarer than successes.
func (r *localRoot) thinned(thin uint) sampler.Threshold {
	t := sampler.ThresholdFor(math.Exp2(-float64(thin)))
	if h := r.head(); h.Weighted && h.Sampled {
		return min(t, h.Threshold)
	}
	return t
}

// markPath has the spans between the local root and the one that failed kept.
func (s *span) markPath() {
	for s != &s.root.span {
		above, _ := currentSpan(s.ctx)
		if above == nil || above.root != s.root {
			return
		}
		s = above
		s.mu.Lock()
		if s.flags&flagEnded == 0 {
			s.flags |= flagKeep
		}
		s.mu.Unlock()
	}
}
