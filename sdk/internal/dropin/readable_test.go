package dropin

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// filled starts a span that has something of everything.
func filled(p *probe, parent trace.SpanContext, start time.Time) trace.Span {
	_, span := p.Tracer("lib", scopeOptions...).Start(
		trace.ContextWithRemoteSpanContext(p.t.Context(), parent), "op", trace.WithTimestamp(start),
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.Int("a", 1)),
		trace.WithLinks(trace.Link{SpanContext: foreign("l=1")}))
	span.AddEvent("e", trace.WithTimestamp(start))
	span.SetStatus(codes.Error, "why")
	return span
}

func checkFilled(p *probe, s sdktrace.ReadOnlySpan, parent trace.SpanContext, start time.Time) {
	p.Equal("op", s.Name())
	p.Equal(parent, s.Parent())
	p.Equal(trace.SpanKindServer, s.SpanKind())
	p.True(start.Equal(s.StartTime()))
	p.Equal([]attribute.KeyValue{attribute.Int("a", 1)}, s.Attributes())
	p.Equal(foreign("l=1"), s.Links()[0].SpanContext)
	p.Equal("e", s.Events()[0].Name)
	p.Equal(sdktrace.Status{Code: codes.Error, Description: "why"}, s.Status())
	p.Equal("lib", s.InstrumentationScope().Name)
	p.NotNil(s.Resource())
	p.Zero(s.DroppedAttributes() + s.DroppedEvents() + s.DroppedLinks() + s.ChildSpanCount())
}

var readableBehaviours = []behaviour{
	{name: "a live span can be read", check: func(p *probe) {
		start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		span := filled(p, foreign(), start)
		read, ok := span.(sdktrace.ReadWriteSpan)
		p.True(ok, "%T", span)
		checkFilled(p, read, foreign(), start)
		p.True(read.EndTime().IsZero())
		p.Equal(span.SpanContext(), read.SpanContext())
		span.End()
	}},
	{name: "an exported span can be read", check: func(p *probe) {
		start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		filled(p, foreign(), start).End()
		checkFilled(p, p.only(), foreign(), start)
	}},
	{name: "an ended span can be read", check: func(p *probe) {
		start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		span := filled(p, foreign(), start)
		span.End()
		checkFilled(p, span.(sdktrace.ReadOnlySpan), foreign(), start)
		p.Equal(p.only().EndTime(), span.(sdktrace.ReadOnlySpan).EndTime())
	}},
	{name: "what an ended span keeps at hand", check: func(p *probe) {
		span := filled(p, foreign(), time.Unix(0, 0))
		span.End()
		read := span.(sdktrace.ReadOnlySpan)
		p.Equal("op", read.Name())
		p.Equal(codes.Error, read.Status().Code)
		p.Equal(trace.SpanKindServer, read.SpanKind())
		p.Equal(foreign(), read.Parent())
		p.True(read.StartTime().Equal(time.Unix(0, 0)))
		p.Equal(p.only().EndTime(), read.EndTime())
		p.Equal(p.only().InstrumentationScope(), read.InstrumentationScope())
	}},
	{name: "children are counted", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		childContext, child := p.tracer().Start(ctx, "child")
		under(childContext, p, "grandchild")
		child.End()
		under(ctx, p, "second")
		root.End()
		under(ctx, p, "late")
		p.Equal(2, p.named("root").ChildSpanCount())
		p.Equal(1, p.named("child").ChildSpanCount())
		p.Zero(p.named("second").ChildSpanCount())
	}},
	{name: "a new root counts for the old one", check: func(p *probe) {
		ctx, root := p.tracer().Start(p.t.Context(), "root")
		under(ctx, p, "fresh", trace.WithNewRoot())
		root.End()
		p.Equal(1, p.named("root").ChildSpanCount())
	}},
	{name: "a nil slice or an empty one, never a shared one", check: func(p *probe) {
		span := p.start()
		read := span.(sdktrace.ReadOnlySpan)
		_ = append(read.Events(), sdktrace.Event{Name: "mine"})
		_ = append(read.Links(), sdktrace.Link{})
		p.Empty(read.Events())
		p.Empty(read.Links())
		span.AddEvent("e")
		mine := read.Events()
		mine[0].Name = "changed"
		p.Equal("e", read.Events()[0].Name)
		span.End()
	}},
}
