package dropin

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/trace"
)

// countingIDs is a generator of someone else's.
type countingIDs struct {
	mu     sync.Mutex
	traces byte
	spans  byte
	seen   []trace.TraceID // of NewSpanID
}

func (g *countingIDs) NewIDs(context.Context) (trace.TraceID, trace.SpanID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.traces++
	g.spans++
	return trace.TraceID{15: g.traces}, trace.SpanID{7: g.spans}
}

func (g *countingIDs) NewSpanID(_ context.Context, id trace.TraceID) trace.SpanID {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spans++
	g.seen = append(g.seen, id)
	return trace.SpanID{7: g.spans}
}

var idBehaviours = []behaviour{
	{name: "a generator of one's own is asked", check: func(p *probe) {
		ids := &countingIDs{}
		tp := p.open(setup{ids: ids})
		ctx, root := tp.Tracer("").Start(p.t.Context(), "root")
		_, child := tp.Tracer("").Start(ctx, "child")
		_, fresh := tp.Tracer("").Start(ctx, "fresh", trace.WithNewRoot())
		p.Equal(trace.TraceID{15: 1}, root.SpanContext().TraceID())
		p.Equal(trace.SpanID{7: 1}, root.SpanContext().SpanID())
		p.Equal(trace.TraceID{15: 1}, child.SpanContext().TraceID())
		p.Equal(trace.SpanID{7: 2}, child.SpanContext().SpanID())
		p.Equal(trace.TraceID{15: 2}, fresh.SpanContext().TraceID())
		p.Equal([]trace.TraceID{{15: 1}}, ids.seen)
	}},
	{name: "a generator is asked below a remote parent", check: func(p *probe) {
		ids := &countingIDs{}
		tp := p.open(setup{ids: ids})
		tp.Tracer("").Start(trace.ContextWithRemoteSpanContext(p.t.Context(), foreign()), "child")
		p.Equal([]trace.TraceID{foreign().TraceID()}, ids.seen)
		p.Zero(ids.traces)
	}},
	{name: "are not zero and not used twice", check: func(p *probe) {
		traces, spans := map[trace.TraceID]bool{}, map[trace.SpanID]bool{}
		for range 2000 {
			ctx, root := p.tracer().Start(p.t.Context(), "root")
			_, child := p.tracer().Start(ctx, "child")
			p.True(root.SpanContext().IsValid() && child.SpanContext().IsValid())
			traces[root.SpanContext().TraceID()] = true
			spans[root.SpanContext().SpanID()], spans[child.SpanContext().SpanID()] = true, true
		}
		p.Len(traces, 2000)
		p.Len(spans, 4000)
	}},
	{name: "a span that is not sampled has its own", setup: setup{off: true}, check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		child := under(ctx, p, "child")
		root.End()
		p.True(root.SpanContext().IsValid())
		p.False(root.SpanContext().IsSampled())
		p.Equal(root.SpanContext().TraceID(), child.SpanContext().TraceID())
		p.NotEqual(root.SpanContext().SpanID(), child.SpanContext().SpanID())
		p.Empty(p.exported())
	}},
}
