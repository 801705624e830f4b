package dropin

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// foreign is a span context of another process.
func foreign(state ...string) trace.SpanContext {
	config := trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, SpanID: trace.SpanID{8, 7, 6, 5, 4, 3, 2, 1},
		TraceFlags: trace.FlagsSampled, Remote: true,
	}
	for _, s := range state {
		parsed, err := trace.ParseTraceState(s)
		if err != nil {
			panic(err)
		}
		config.TraceState = parsed
	}
	return trace.NewSpanContext(config)
}

var linkBehaviours = []behaviour{
	{name: "of the start first, then those added", check: func(p *probe) {
		a, b := trace.Link{SpanContext: foreign()}, trace.Link{SpanContext: foreign("v=1"), Attributes: []attribute.KeyValue{attribute.Int("n", 1)}}
		links := p.of(func(s trace.Span) { s.AddLink(b) }, trace.WithLinks(a)).Links()
		p.Len(links, 2)
		p.Equal(a.SpanContext, links[0].SpanContext)
		p.Empty(links[0].Attributes)
		p.Equal(b.SpanContext, links[1].SpanContext)
		p.Equal(b.Attributes, links[1].Attributes)
	}},
	{name: "none by default", check: func(p *probe) {
		p.Empty(p.of(func(trace.Span) {}).Links())
	}},
	{name: "nothing to say is no link", check: func(p *probe) {
		span := p.of(func(s trace.Span) { s.AddLink(trace.Link{}) }, trace.WithLinks(trace.Link{}))
		p.Empty(span.Links())
		p.Zero(span.DroppedLinks())
	}},
	{name: "an invalid context with attributes is a link", check: func(p *probe) {
		attributes := []attribute.KeyValue{attribute.Int("a", 1)}
		links := p.of(func(s trace.Span) { s.AddLink(trace.Link{Attributes: attributes}) }).Links()
		p.Len(links, 1)
		p.Equal(attributes, links[0].Attributes)
	}},
	{name: "an invalid context with a tracestate is a link", check: func(p *probe) {
		sc := trace.SpanContext{}.WithTraceState(foreign("v=1").TraceState())
		links := p.of(func(s trace.Span) { s.AddLink(trace.Link{SpanContext: sc}) }).Links()
		p.Len(links, 1)
		p.Equal(sc, links[0].SpanContext)
	}},
	{name: "the same context may be linked twice", check: func(p *probe) {
		l := trace.Link{SpanContext: foreign()}
		p.Len(p.of(func(s trace.Span) { s.AddLink(l); s.AddLink(l) }).Links(), 2)
	}},
	{name: "from a context's span", check: func(p *probe) {
		ctx := trace.ContextWithSpanContext(p.t.Context(), foreign())
		links := p.of(func(trace.Span) {}, trace.WithLinks(trace.LinkFromContext(ctx, attribute.Int("a", 1)))).Links()
		p.Equal(foreign(), links[0].SpanContext)
	}},
	{name: "a link is no parent", check: func(p *probe) {
		span := p.of(func(trace.Span) {}, trace.WithLinks(trace.Link{SpanContext: foreign()}))
		p.False(span.Parent().IsValid())
		p.NotEqual(foreign().TraceID(), span.SpanContext().TraceID())
	}},
	{name: "of a new root to the span it left", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "left")
		_, span := p.tracer().Start(ctx, "new", trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
		span.End()
		root.End()
		p.Equal(root.SpanContext(), p.named("new").Links()[0].SpanContext)
	}},
}
