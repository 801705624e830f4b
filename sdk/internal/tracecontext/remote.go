package tracecontext

import (
	"context"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Remote is what a caller said of itself: the context of the request, the
// caller's span (not recording) and its baggage, in one. It never changes
// but for what is computed from it when first asked for.
type Remote struct {
	context.Context
	trace.Span // noSpan; its methods but SpanContext do nothing

	traceID   trace.TraceID
	spanID    trace.SpanID
	flags     trace.TraceFlags
	remote    bool
	untrusted bool
	members   members

	rawBaggage string // plain, or empty
	parsed     atomic.Pointer[parsedBaggage]
	state      atomic.Pointer[trace.TraceState]
}

var (
	_ context.Context = (*Remote)(nil)
	_ trace.Span      = (*Remote)(nil)
)

var noSpan trace.Span = noop.Span{}

// FromContext is the remote parent of ctx: false where the current span is
// another one or there is none.
func FromContext(ctx context.Context) (*Remote, bool) {
	r, ok := trace.SpanFromContext(ctx).(*Remote)
	return r, ok
}

// FromSpanContext is the same for a parent that a stock propagator or
// trace.ContextWithRemoteSpanContext made, or that another provider's span is.
// The result is no context.
func FromSpanContext(sc trace.SpanContext) *Remote {
	r := &Remote{
		Context: context.Background(), Span: noSpan,
		traceID: sc.TraceID(), spanID: sc.SpanID(), flags: sc.TraceFlags(), remote: sc.IsRemote(),
	}
	if ts := sc.TraceState(); ts.Len() > 0 {
		r.members = parseMembers(ts.String())
	}
	return r
}

// Near is the remote parent of that span context, in ctx or above: some
// instrumentations put the context of the span that came in its place.
func Near(ctx context.Context, sc trace.SpanContext) (*Remote, bool) {
	r, ok := ctx.Value(nearKey{}).(*Remote)
	return r, ok && r.traceID == sc.TraceID() && r.spanID == sc.SpanID()
}

// SpanContext is the caller's span. Its TraceState has jcg, so that links say
// who called, too; a stock SDK that sends it on makes it stale
// (callgraph.StateEntry.Indirect). Keys of Trace Context level 2, which otel-go
// does not know, are missing in it.
func (r *Remote) SpanContext() trace.SpanContext {
	state := r.TraceState()
	if _, ok := r.Entry(); ok {
		if with, err := state.Insert(callgraph.StateKey, r.members.entry); err == nil {
			state = with
		}
	}
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: r.traceID, SpanID: r.spanID, TraceFlags: r.flags, TraceState: state, Remote: r.remote,
	})
}

// nearKey finds the nearest Remote.
type nearKey struct{}

// TraceID is the caller's.
func (r *Remote) TraceID() trace.TraceID { return r.traceID }

// SpanID is the caller's, the parent of the span that serves the request.
func (r *Remote) SpanID() trace.SpanID { return r.spanID }

// IsRemote reports whether the parent is in another process.
func (r *Remote) IsRemote() bool { return r.remote }

// Flags are the caller's; where it is not trusted, it did not sample.
func (r *Remote) Flags() trace.TraceFlags { return r.flags }

// Untrusted reports whether the request came in at a public endpoint: a new
// trace begins, linked to the caller. Entry and OT say nothing then.
func (r *Remote) Untrusted() bool { return r.untrusted }

// Entry is the caller's jcg entry: false where there is none or it is not
// valid. It says itself whether it is stale (callgraph.StateEntry.Indirect).
func (r *Remote) Entry() (callgraph.StateEntry, bool) {
	if r.members.entry == "" {
		return callgraph.StateEntry{}, false
	}
	e, err := callgraph.ParseStateEntry(r.members.entry)
	return e, err == nil
}

// OT is the value of OpenTelemetry's entry of tracestate, "" without one.
func (r *Remote) OT() string { return r.members.ot }

// Foreign is tracestate without jcg and ot, ready to follow our own members.
func (r *Remote) Foreign() string { return r.members.foreign }

// Outgoing passes on what came, less jcg: nobody but a span of ours knows
// where the request goes.
func (r *Remote) Outgoing() Outgoing {
	return Outgoing{TraceID: r.traceID, SpanID: r.spanID, Flags: r.flags, Foreign: r.members.all, Trusted: true}
}

// String keeps fmt away from the fields that are set late.
func (r *Remote) String() string {
	return "remote span " + r.traceID.String() + "-" + r.spanID.String()
}

// Value gives otel-go the span and the baggage.
func (r *Remote) Value(key any) any {
	switch key {
	case spanKey:
		return r
	case baggageKey:
		if r.rawBaggage != "" {
			return r.parsedBaggage().state
		}
	case nearKey{}:
		return r
	case remoteKey{}:
		if r.rawBaggage != "" {
			return r
		}
	}
	return r.Context.Value(key)
}

// TraceState has the entries of others and ot, but not jcg, which only a span of
// ours may send on.
func (r *Remote) TraceState() trace.TraceState {
	if r.members.all == "" {
		return trace.TraceState{}
	}
	if ts := r.state.Load(); ts != nil {
		return *ts
	}
	ts := knownState(r.members.all)
	r.state.Store(&ts)
	return ts
}

// knownState parses what otel-go knows of members.
func knownState(all string) trace.TraceState {
	if ts, err := trace.ParseTraceState(all); err == nil {
		return ts
	}
	var known []string
	for member := range strings.SplitSeq(all, ",") {
		if _, err := trace.ParseTraceState(member); err == nil {
			known = append(known, member)
		}
	}
	ts, _ := trace.ParseTraceState(strings.Join(known, ",")) // at most 32 different keys, each one valid
	return ts
}
