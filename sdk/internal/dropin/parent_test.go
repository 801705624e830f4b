package dropin

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// under starts and ends a span in a context and gives its handle.
func under(ctx context.Context, p *probe, name string, options ...trace.SpanStartOption) trace.Span {
	_, span := p.tracer().Start(ctx, name, options...)
	span.End()
	return span
}

// below makes a case of a remote parent and the child's flags and state.
func below(name string, parent trace.SpanContext, check func(p *probe, child trace.SpanContext)) behaviour {
	return behaviour{name: name, check: func(p *probe) {
		ctx := trace.ContextWithRemoteSpanContext(p.t.Context(), parent)
		child := under(ctx, p, "child").SpanContext()
		p.Equal(parent.TraceID(), child.TraceID())
		p.NotEqual(parent.SpanID(), child.SpanID())
		check(p, child)
	}}
}

var parentBehaviours = []behaviour{
	{name: "a root has valid IDs and no parent", check: func(p *probe) {
		root := under(p.t.Context(), p, "root")
		p.True(root.SpanContext().IsValid())
		p.True(root.SpanContext().IsSampled())
		p.False(root.SpanContext().IsRemote())
		p.False(p.only().Parent().IsValid())
		p.Equal(root.SpanContext(), p.only().SpanContext())
	}},
	{name: "a child stays in its parent's trace", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		child := under(ctx, p, "child")
		root.End()
		p.Equal(root.SpanContext().TraceID(), child.SpanContext().TraceID())
		p.NotEqual(root.SpanContext().SpanID(), child.SpanContext().SpanID())
		p.Equal(root.SpanContext(), p.named("child").Parent())
		p.False(p.named("child").Parent().IsRemote())
	}},
	{name: "siblings share a parent, not an ID", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		a, b := under(ctx, p, "a"), under(ctx, p, "b")
		root.End()
		p.NotEqual(a.SpanContext().SpanID(), b.SpanContext().SpanID())
		p.Equal(p.named("a").Parent(), p.named("b").Parent())
	}},
	{name: "two roots are two traces", check: func(p *probe) {
		a, b := under(p.t.Context(), p, "a"), under(p.t.Context(), p, "b")
		p.NotEqual(a.SpanContext().TraceID(), b.SpanContext().TraceID())
	}},
	{name: "a new root leaves the trace", check: func(p *probe) {
		ctx, old := p.tracer().Start(p.t.Context(), "old")
		fresh := under(ctx, p, "fresh", trace.WithNewRoot())
		old.End()
		p.NotEqual(old.SpanContext().TraceID(), fresh.SpanContext().TraceID())
		p.False(p.named("fresh").Parent().IsValid())
	}},
	{name: "a new root under a remote parent takes nothing of it", check: func(p *probe) {
		ctx := trace.ContextWithRemoteSpanContext(p.t.Context(), foreign("v=1"))
		fresh := under(ctx, p, "fresh", trace.WithNewRoot()).SpanContext()
		p.NotEqual(foreign().TraceID(), fresh.TraceID())
		p.Empty(fresh.TraceState().Get("v"))
		p.False(fresh.IsRemote())
	}},
	{name: "a nil context is none", check: func(p *probe) {
		ctx, span := p.tracer().Start(nil, "op") //nolint:staticcheck // what careless callers do
		p.NotNil(ctx)
		p.Equal(span, trace.SpanFromContext(ctx))
		span.End()
		p.False(p.only().Parent().IsValid())
	}},
	{name: "a child may outlive its parent", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		_, child := p.tracer().Start(ctx, "child")
		root.End()
		child.SetName("late")
		child.End()
		p.Equal(root.SpanContext(), p.named("late").Parent())
	}},
	{name: "a child may start after its parent's end", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		root.End()
		grandchild, child := p.tracer().Start(ctx, "child")
		under(grandchild, p, "grandchild")
		child.End()
		p.Equal(root.SpanContext(), p.named("child").Parent())
		p.Equal(child.SpanContext(), p.named("grandchild").Parent())
	}},
	{name: "a child in another goroutine", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		var wait sync.WaitGroup
		wait.Go(func() { under(ctx, p, "child") })
		wait.Wait()
		root.End()
		p.Equal(root.SpanContext(), p.named("child").Parent())
	}},
	{name: "a context derived from the span's has the span", check: func(p *probe) {
		type key struct{}
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		ctx, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
		defer cancel()
		under(ctx, p, "child")
		root.End()
		p.Equal(root.SpanContext(), p.named("child").Parent())
	}},
	{name: "a span put into another context is the parent", check: func(p *probe) {
		root := p.start()
		under(trace.ContextWithSpan(p.t.Context(), root), p, "child")
		root.End()
		p.Equal(root.SpanContext(), p.named("child").Parent())
	}},
	{name: "a local context without span is a parent", check: func(p *probe) {
		sc := foreign().WithRemote(false)
		child := under(trace.ContextWithSpanContext(p.t.Context(), sc), p, "child")
		p.Equal(sc.TraceID(), child.SpanContext().TraceID())
		p.Equal(sc, p.only().Parent())
	}},
	{name: "a no-op span with a context is a parent", check: func(p *probe) {
		ctx, span := noop.NewTracerProvider().Tracer("").Start(trace.ContextWithSpanContext(p.t.Context(), foreign()), "noop")
		p.False(span.IsRecording())
		under(ctx, p, "child")
		p.Equal(foreign().SpanID(), p.only().Parent().SpanID())
	}},
	{name: "a no-op span without context is none", check: func(p *probe) {
		ctx, _ := noop.NewTracerProvider().Tracer("").Start(p.t.Context(), "noop")
		under(ctx, p, "root")
		p.False(p.only().Parent().IsValid())
	}},
	{name: "another provider's span is a parent", check: func(p *probe) {
		other := newStock(setup{})
		defer func() { p.NoError(other.Shutdown(context.Background())) }()
		ctx, root := other.Tracer("other").Start(p.t.Context(), "root")
		child := under(ctx, p, "child")
		root.End()
		p.Equal(root.SpanContext().TraceID(), child.SpanContext().TraceID())
		p.Equal(root.SpanContext(), p.only().Parent())
	}},
	{name: "our span is a parent for another provider", check: func(p *probe) {
		captured := &memory{}
		other := newStock(setup{})
		other.RegisterSpanProcessor(&journal{mu: new(sync.Mutex), lines: new([]string), onEnd: captured.onEnd})
		defer func() { p.NoError(other.Shutdown(context.Background())) }()
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		_, child := other.Tracer("other").Start(ctx, "child")
		child.End()
		root.End()
		p.Equal(root.SpanContext(), captured.all()[0].Parent())
		p.Equal(root.SpanContext().TraceID(), child.SpanContext().TraceID())
	}},
	{name: "two providers of one SDK share a trace", check: func(p *probe) {
		captured := &memory{}
		other := p.open(setup{exporters: exporters(captured)})
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		_, child := other.Tracer("other").Start(ctx, "child")
		child.End()
		root.End()
		p.NoError(other.ForceFlush(p.t.Context()))
		p.Len(captured.all(), 1)
		p.Equal(root.SpanContext(), captured.all()[0].Parent())
		p.Equal("root", p.only().Name())
	}},
	below("a remote one is known as remote", foreign(), func(p *probe, child trace.SpanContext) {
		p.True(p.only().Parent().IsRemote())
		p.False(child.IsRemote())
		p.True(child.IsSampled())
	}),
	below("other flags are kept", foreign().WithTraceFlags(trace.FlagsSampled|0x80), func(p *probe, child trace.SpanContext) {
		p.Equal(trace.FlagsSampled|0x80, child.TraceFlags())
	}),
	below("other vendors' state is kept", foreign("a=1,b=2"), func(p *probe, child trace.SpanContext) {
		p.Equal("1", child.TraceState().Get("a"))
		p.Equal("2", child.TraceState().Get("b"))
	}),
	{name: "one that is not sampled is not exported", check: func(p *probe) {
		parent := foreign("a=1").WithTraceFlags(0)
		child := under(trace.ContextWithRemoteSpanContext(p.t.Context(), parent), p, "child").SpanContext()
		p.Equal(parent.TraceID(), child.TraceID())
		p.False(child.IsSampled())
		p.Equal("1", child.TraceState().Get("a"))
		p.Empty(p.exported())
	}},
	{name: "one that is invalid is none", check: func(p *probe) {
		ctx := trace.ContextWithRemoteSpanContext(p.t.Context(), trace.NewSpanContext(trace.SpanContextConfig{SpanID: foreign().SpanID()}))
		root := under(ctx, p, "root")
		p.True(root.SpanContext().TraceID().IsValid())
	}},
}
