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
	// Unclear ones may be either: their threshold may be the head's, or one that
	// was given for what happened.
	Unclear
	// Unstated ones tell nothing, as those of SDKs other than ours that keep all.
	Unstated
)

// String names it.
func (s Sampling) String() string {
	if s > Unstated {
		return "invalid"
	}
	return [...]string{"unsampled", "sampled", "unclear", "unstated"}[s]
}

// Head is what a span tells of the head's decision.
type Head struct {
	Sampling  Sampling
	Threshold sampler.Threshold // where it is Sampled or Unclear
}

// HeadOf reads what a local root tells of the head's decision; failed says that
// something in its local trace did. A root that states how many spans there
// were states jcg.head_th, too, wherever the head sampled it: nothing is Unclear
// there. Of other spans threshold 0 without jcg.head_th is always Unclear: what
// was kept as slow, or as the first of its kind, looks so too.
func HeadOf(span ptrace.Span, failed bool) Head {
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
	h := metBy(span, state, state.Threshold)
	switch {
	case !state.HasThreshold:
		h.Sampling = Unstated
	case h.Sampling == Sampled && (failed || h.Threshold == 0):
		h.Sampling = Unclear
	}
	return h
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
