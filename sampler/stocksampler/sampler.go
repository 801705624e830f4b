package stocksampler

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

var _ sdktrace.Sampler = (*Stock)(nil)

// ShouldSample implements sdktrace.Sampler. Spans with a local parent share its
// fate; those that are not sampled carry no threshold.
func (s *Stock) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	state, err := stateOf(parent)
	head := s.head(p, parent, state)
	result := sdktrace.SamplingResult{Decision: s.unsampled, Tracestate: parent.TraceState()}
	if head.Sampled {
		result.Decision = sdktrace.RecordAndSample
	}
	ours := state
	ours.HasThreshold, ours.Threshold = head.Weighted, head.Threshold
	if ours != state || err != nil {
		result.Tracestate = withState(parent.TraceState(), ours)
	}
	return result
}

// Description implements sdktrace.Sampler.
func (s *Stock) Description() string { return "JCallGraph{" + s.policy.String() + "}" }

func (s *Stock) head(p sdktrace.SamplingParameters, parent trace.SpanContext, state sampler.State) sampler.Head {
	start := sampler.Start{
		TraceID:    p.TraceID,
		Randomness: state.RandomnessOf(p.TraceID),
		Parent: sampler.Parent{
			Valid: parent.IsValid(), Remote: parent.IsRemote(), Sampled: parent.IsSampled(),
			Threshold: state.Threshold, HasThreshold: state.HasThreshold,
		},
		Operation:  p.Name,
		Kind:       p.Kind,
		Attributes: p.Attributes,
	}
	if start.Parent.Valid && !start.Parent.Remote {
		return sampler.ParentBased{}.Head(start)
	}
	return s.policy.Head(start)
}

// stateOf reads the ot entry; what is wrong in it is left out and told.
func stateOf(c trace.SpanContext) (sampler.State, error) {
	return sampler.ParseState(c.TraceState().Get(sampler.StateKey))
}

// withState sets the ot entry. Others stay, but where there are too many.
func withState(t trace.TraceState, s sampler.State) trace.TraceState {
	t = t.Delete(sampler.StateKey)
	value := s.String()
	if value == "" {
		return t
	}
	with, err := t.Insert(sampler.StateKey, value)
	if err != nil {
		return t // the spans are then unweighted
	}
	return with
}
