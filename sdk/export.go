package sdk

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// export makes the record of a span that is decided and hands it to the
// exporters; false where one of them had no room. A span without a body gets
// one, be it beyond the bound.
func (s *span) export(v sampler.Verdict, state localState, body *Record) bool {
	if body == nil {
		body = s.provider.bodies.extra(s.root.stripe())
	}
	s.fill(body, v, state)
	return s.provider.offer(body, state&(stateKept|stateStormed) != 0)
}

// ownAttributes is how many attributes of ours a span gets at most.
const ownAttributes = 6

// fill completes the record of the ended span, which nobody changes any more.
func (s *span) fill(r *Record, v sampler.Verdict, state localState) {
	r.finishAttributes()
	s.describe(r, v)
	if h := s.half(); h != noHalf {
		r.attributes = append(r.attributes, attribute.String(callgraph.AttributeCounted, h.String()))
	}
	if s.flags&flagPeer != 0 {
		r.attributes = append(r.attributes, attribute.String(callgraph.AttributePeer, s.site.Peer()))
	}
	// A root says so in any case: who reads it need not guess what the error hid.
	if head := s.root.head(); head.Sampled && head.Weighted && (s == &s.root.span || v.Weighted && head.Threshold > v.Threshold) {
		r.attributes = append(r.attributes, attribute.String(callgraph.AttributeHeadThreshold, head.Threshold.String()))
	}
	if !v.Weighted && state&(stateFirst|stateJoined) != 0 {
		r.attributes = append(r.attributes, attribute.Bool(callgraph.AttributeLate, true))
	}
	if s == &s.root.span {
		r.attributes = s.root.appendTotals(r.attributes)
	}
}

// describe copies what the handle holds.
func (s *span) describe(r *Record, v sampler.Verdict) {
	r.scope, r.name, r.kind = s.scope, s.name, s.traits.kind()
	r.start, r.end = s.start(), s.end()
	r.statusCode, r.children = codes.Code(s.statusCode), int(s.children)
	flags := s.traceFlags() &^ trace.FlagsSampled
	if v.Export {
		flags |= trace.FlagsSampled
	}
	r.spanContext = trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: s.root.traceID, SpanID: s.id, TraceFlags: flags,
		TraceState: s.root.stateOf(v),
	})
	r.parent = s.parentContext()
	if r.state = ""; s.root.origin == nil && v.Weighted {
		r.state = s.provider.states.of(v.Threshold).text
	}
}

// stateOf is the tracestate that a verdict has; mostly that of the live spans.
func (r *localRoot) stateOf(v sampler.Verdict) trace.TraceState {
	if head := r.head(); v.Weighted == (head.Sampled && head.Weighted) && v.Threshold == head.Threshold {
		return r.traceState()
	}
	return r.stateFor(v.Weighted, v.Threshold)
}

// parentContext is invalid for a trace's own root.
func (s *span) parentContext() trace.SpanContext {
	switch r := s.root; {
	case s != &r.span:
		return trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: r.traceID, SpanID: s.parent, TraceFlags: s.traceFlags(), TraceState: r.traceState(),
		})
	case r.origin != nil && r.origin.parent != nil:
		p := r.origin.parent // without our entry, whose copy would be made for each span that leaves
		return trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: r.traceID, SpanID: s.parent, TraceFlags: p.Flags(), TraceState: p.TraceState(), Remote: p.IsRemote(),
		})
	}
	return trace.SpanContext{}
}

// appendTotals says how many spans the local trace ended, so that a reader
// knows whether it has all of them.
func (r *localRoot) appendTotals(attributes []attribute.KeyValue) []attribute.KeyValue {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(attributes,
		attribute.Int64(callgraph.AttributeLocalSpans, int64(r.spans)),
		attribute.Int64(callgraph.AttributeLocalDropped, int64(r.dropped)))
}
