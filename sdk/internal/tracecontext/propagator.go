package tracecontext

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// Options say what is propagated beside the trace.
type Options struct {
	// Baggage propagates W3C baggage, too.
	Baggage bool
	// OwnKeys are the baggage keys that are ours (business keys): they go
	// to trusted destinations only and are not taken from untrusted callers.
	OwnKeys []string
	// Public: all requests come in as if their contexts were Untrusted.
	Public bool
}

// Sender is a span that says itself what it sends along with a request. All
// other spans are sent as the stock propagator does.
type Sender interface {
	trace.Span
	// Outgoing is asked for at each Inject, by any goroutine.
	Outgoing() Outgoing
}

// Outgoing is what a span sends along with a request.
type Outgoing struct {
	TraceID trace.TraceID
	SpanID  trace.SpanID
	Flags   trace.TraceFlags // sampled and random leave

	// Trusted: the destination may have what is ours, which is Entry and
	// the baggage keys of Options.OwnKeys (see Destinations).
	Trusted bool
	// Entry is our member of tracestate, but for its Sender, which Inject
	// takes from SpanID.
	Entry callgraph.StateEntry
	// HasEntry: there is something to say in it.
	HasEntry bool
	// State is the ot member; none where it says nothing.
	State sampler.State
	// Foreign are the members that follow, as Remote.Foreign has them.
	Foreign string
}

const (
	parentHeader  = "traceparent"
	stateHeader   = "tracestate"
	baggageHeader = "baggage"
)

type propagator struct {
	options Options
	nodes   bool // a Remote may be the context itself
}

// New returns the propagator of traceparent, tracestate and baggage.
func New(o Options) propagation.TextMapPropagator {
	o.OwnKeys = slices.Clone(o.OwnKeys)
	return &propagator{options: o, nodes: nodesWork}
}

// Fields are the headers that Inject may set.
func (p *propagator) Fields() []string {
	if p.options.Baggage {
		return []string{parentHeader, stateHeader, baggageHeader}
	}
	return []string{parentHeader, stateHeader}
}

// Extract reads the headers. The result is a Remote where there is a valid
// traceparent.
func (p *propagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	h := read(carrier, parentHeader, parentField)
	parent := parseParent(h.first)
	if len(h.more) > 0 || !parent.valid() {
		return p.extractBaggage(ctx, carrier)
	}
	r := &Remote{Context: ctx, Span: noSpan, traceID: parent.traceID, spanID: parent.spanID, flags: parent.flags, remote: true}
	if state := read(carrier, stateHeader, stateField).joined(); state != "" {
		r.members = parseMembers(state)
	}
	if p.distrusts(ctx) {
		r.distrust()
	}
	return p.enter(ctx, r, carrier)
}

// enter makes r current and lets it hold the baggage if it can: there is one
// plain header and nothing above that a new baggage would have to respect.
func (p *propagator) enter(ctx context.Context, r *Remote, carrier propagation.TextMapCarrier) context.Context {
	if !p.nodes {
		return p.extractBaggage(trace.ContextWithSpan(ctx, r), carrier)
	}
	if !p.options.Baggage {
		return r
	}
	h := read(carrier, baggageHeader, baggageField)
	switch {
	case h.first == "" && len(h.more) == 0:
	case len(h.more) > 0 || !isPlain(h.first) || ctx.Value(baggageKey) != nil:
		return p.extractBaggage(r, carrier)
	case r.untrusted:
		r.rawBaggage = withoutKeys(h.first, p.options.OwnKeys)
	default:
		r.rawBaggage = h.first
	}
	return r
}

// extractBaggage leaves the work to the stock propagator.
func (p *propagator) extractBaggage(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	if !p.options.Baggage {
		return ctx
	}
	if !p.distrusts(ctx) || len(p.options.OwnKeys) == 0 {
		return propagation.Baggage{}.Extract(ctx, carrier)
	}
	came := baggage.FromContext(propagation.Baggage{}.Extract(context.Background(), carrier))
	if came = deleteMembers(came, p.options.OwnKeys); came.Len() == 0 {
		return ctx
	}
	return baggage.ContextWithBaggage(ctx, came)
}

// distrusts reports whether a request that comes in with ctx is a stranger's.
func (p *propagator) distrusts(ctx context.Context) bool {
	return p.options.Public || IsUntrusted(ctx)
}

// Inject writes the headers of the span and the baggage that ctx has.
func (p *propagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	var h headers
	var hidden []string
	if sender, ours := trace.SpanFromContext(ctx).(Sender); !ours {
		propagation.TraceContext{}.Inject(ctx, carrier)
	} else if out := sender.Outgoing(); out.TraceID.IsValid() && out.SpanID.IsValid() {
		h.parent, h.state = out.headers()
		h.dropState = true // it would be another trace's
		if !out.Trusted {
			hidden = p.options.OwnKeys
			h.dropBaggage = p.options.Baggage && len(hidden) > 0
		}
	}
	if p.options.Baggage && ctx != nil {
		h.baggage = outgoingBaggage(ctx, hidden)
	}
	h.write(carrier)
}
