package localtrace

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// Sampling is what a local trace tells of the decision at its start.
type Sampling uint8

const (
	// Unsampled local traces were kept for what happened in them, or too late.
	Unsampled Sampling = iota
	// Sampled ones would have been kept whatever happened in them.
	Sampled
	// Unstated ones tell nothing, as those of SDKs other than ours that keep all.
	Unstated
)

// String names it.
func (s Sampling) String() string {
	if s > Unstated {
		return "invalid"
	}
	return [...]string{"unsampled", "sampled", "unstated"}[s]
}

// Head is what a span tells of the head's decision.
type Head struct {
	Sampling  Sampling
	Threshold sampler.Threshold // where it is Sampled
}

// HeadOf reads what a local root tells of the head's decision. A root that states
// how many spans there were states jcg.head_th, too, wherever the head sampled it.
// Of others the threshold that they met is taken for the head's: they are
// looked at only where somebody says that they are a fair sample.
func HeadOf(span ptrace.Span) Head {
	attributes := span.Attributes()
	if late, ok := attributes.Get(callgraph.AttributeLate); ok && late.Bool() {
		return Head{}
	}
	state := stateOf(span)
	if head, ok := attributes.Get(callgraph.AttributeHeadThreshold); ok {
		threshold, err := sampler.ParseThreshold(head.AsString())
		if err != nil {
			return Head{}
		}
		return metBy(span, state, threshold)
	}
	if _, stated := attributes.Get(callgraph.AttributeLocalSpans); stated {
		return Head{}
	}
	if !state.HasThreshold {
		return Head{Sampling: Unstated}
	}
	return metBy(span, state, state.Threshold)
}

func metBy(span ptrace.Span, state sampler.State, t sampler.Threshold) Head {
	if !t.Keeps(state.RandomnessOf(span.TraceID())) {
		return Head{}
	}
	return Head{Sampled, t}
}

// stateOf is the ot entry, without what is not valid in it.
func stateOf(span ptrace.Span) sampler.State {
	for member := range strings.SplitSeq(span.TraceState().AsRaw(), ",") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(member), sampler.StateKey+"="); ok {
			state, _ := sampler.ParseState(value) // the valid fields hold all the same
			return state
		}
	}
	return sampler.State{}
}
