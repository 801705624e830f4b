package stocksampler

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// rewritten is a span as it leaves: with flag, threshold and attributes of its
// verdict. (ReadOnlySpan has a private method, so it can only be embedded.)
type rewritten struct {
	sdktrace.ReadOnlySpan
	context    trace.SpanContext
	attributes []attribute.KeyValue
}

// SpanContext implements sdktrace.ReadOnlySpan.
func (r rewritten) SpanContext() trace.SpanContext { return r.context }

// Attributes implements sdktrace.ReadOnlySpan.
func (r rewritten) Attributes() []attribute.KeyValue { return r.attributes }

// decide is what leaves of a span, nil where nothing does.
func (s *Stock) decide(span sdktrace.ReadOnlySpan, k keep) sdktrace.ReadOnlySpan {
	context := span.SpanContext()
	state, _ := stateOf(context)
	head := sampler.Head{Sampled: context.IsSampled(), Threshold: state.Threshold, Weighted: context.IsSampled() && state.HasThreshold}
	r := state.RandomnessOf(context.TraceID())
	verdict := s.policy.DecideThinned(head, r, k.from)
	switch late := k.late && !verdict.Export; {
	case late:
		s.counts.late.Add(1)
		return rewrite(span, state, sampler.Verdict{Export: true}, attribute.Bool(callgraph.AttributeLate, true))
	case !verdict.Export:
		s.counts.discarded.Add(1)
		return nil
	case k.from.Keeps(r):
		s.counts.kept.Add(1)
	default:
		s.counts.sampled.Add(1)
	}
	if head.Weighted && verdict.Threshold < head.Threshold {
		return rewrite(span, state, verdict, attribute.String(callgraph.AttributeHeadThreshold, head.Threshold.String()))
	}
	return rewrite(span, state, verdict)
}

func rewrite(span sdktrace.ReadOnlySpan, state sampler.State, v sampler.Verdict, extra ...attribute.KeyValue) sdktrace.ReadOnlySpan {
	context := span.SpanContext()
	if context.IsSampled() && state.HasThreshold == v.Weighted && state.Threshold == v.Threshold {
		return span
	}
	state.HasThreshold, state.Threshold = v.Weighted, v.Threshold
	context = context.WithTraceFlags(context.TraceFlags().WithSampled(true)).WithTraceState(withState(context.TraceState(), state))
	return rewritten{span, context, slices.Concat(span.Attributes(), extra)}
}
