package dropin

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// kinds makes a case of a kind asked for and the kind exported.
func kinds(name string, want trace.SpanKind, options ...trace.SpanStartOption) behaviour {
	return behaviour{name: name, check: func(p *probe) {
		p.Equal(want, p.of(func(trace.Span) {}, options...).SpanKind())
	}}
}

var lifecycleBehaviours = []behaviour{
	kinds("internal by default", trace.SpanKindInternal),
	kinds("unspecified is internal", trace.SpanKindInternal, trace.WithSpanKind(trace.SpanKindUnspecified)),
	kinds("an unknown kind is internal", trace.SpanKindInternal, trace.WithSpanKind(trace.SpanKind(42))),
	kinds("server", trace.SpanKindServer, trace.WithSpanKind(trace.SpanKindServer)),
	kinds("client", trace.SpanKindClient, trace.WithSpanKind(trace.SpanKindClient)),
	kinds("producer", trace.SpanKindProducer, trace.WithSpanKind(trace.SpanKindProducer)),
	kinds("the last kind counts", trace.SpanKindConsumer, trace.WithSpanKind(trace.SpanKindClient), trace.WithSpanKind(trace.SpanKindConsumer)),
	{name: "a name can be changed until the end", check: func(p *probe) {
		p.Equal("new", p.of(func(s trace.Span) { s.SetName("other"); s.SetName("new") }).Name())
	}},
	{name: "an empty name is a name", check: func(p *probe) {
		p.Empty(p.of(func(s trace.Span) { s.SetName("") }).Name())
	}},
	{name: "starts and ends now", check: func(p *probe) {
		before := time.Now()
		span := p.of(func(trace.Span) {})
		p.WithinRange(span.StartTime(), before.Add(-time.Millisecond), span.EndTime())
		p.WithinRange(span.EndTime(), span.StartTime(), time.Now().Add(time.Millisecond))
	}},
	{name: "starts and ends at the times given", check: func(p *probe) {
		start, end := time.Date(2010, 1, 2, 3, 4, 5, 6, time.UTC), time.Date(2010, 1, 2, 3, 4, 5, 7, time.UTC)
		p.start(trace.WithTimestamp(start)).End(trace.WithTimestamp(end))
		p.True(start.Equal(p.only().StartTime()), "%s", p.only().StartTime())
		p.True(end.Equal(p.only().EndTime()), "%s", p.only().EndTime())
	}},
	{name: "may end before it starts", check: func(p *probe) {
		end := time.Date(2010, 1, 2, 3, 4, 5, 7, time.UTC)
		p.start().End(trace.WithTimestamp(end))
		p.True(end.Equal(p.only().EndTime()))
	}},
	{name: "a zero end time is now", check: func(p *probe) {
		p.start().End(trace.WithTimestamp(time.Time{}))
		p.WithinDuration(time.Now(), p.only().EndTime(), time.Minute)
	}},
	{name: "a start long ago ends now", check: func(p *probe) {
		p.start(trace.WithTimestamp(time.Now().Add(-time.Hour))).End()
		p.InDelta(time.Hour, p.only().EndTime().Sub(p.only().StartTime()), float64(time.Minute))
	}},
	{name: "ends once", check: func(p *probe) {
		end := time.Date(2040, 1, 2, 3, 4, 5, 7, time.UTC)
		span := p.start()
		span.End(trace.WithTimestamp(end))
		span.End(trace.WithTimestamp(end.Add(time.Hour)))
		p.True(end.Equal(p.only().EndTime()))
	}},
	{name: "records until it ends", check: func(p *probe) {
		span := p.start()
		p.True(span.IsRecording())
		span.End()
		p.False(span.IsRecording())
		p.True(span.SpanContext().IsSampled())
	}},
	{name: "after its end nothing changes it", check: func(p *probe) {
		span := p.start()
		span.End()
		change(span)
		unchanged(p, p.only())
		unchanged(p, span.(sdktrace.ReadOnlySpan))
		change(span)
		unchanged(p, p.only())
	}},
	{name: "keeps its context after its end", check: func(p *probe) {
		span := p.start()
		before := span.SpanContext()
		span.End()
		p.Equal(before, span.SpanContext())
		p.Equal(before, p.only().SpanContext())
	}},
	{name: "a cancelled context cancels no span", check: func(p *probe) {
		ctx, cancel := context.WithCancel(p.t.Context())
		cancel()
		ctx, span := p.tracer().Start(ctx, "op")
		p.True(span.IsRecording())
		p.ErrorIs(ctx.Err(), context.Canceled)
		span.End()
		p.only()
	}},
	{name: "the new context carries the old one", check: func(p *probe) {
		type key struct{}
		deadline := time.Now().Add(time.Hour)
		old, cancel := context.WithDeadline(context.WithValue(p.t.Context(), key{}, "v"), deadline)
		ctx, span := p.tracer().Start(old, "op")
		p.Equal("v", ctx.Value(key{}))
		p.Nil(ctx.Value("unknown"))
		got, ok := ctx.Deadline()
		p.True(ok)
		p.Equal(deadline, got)
		cancel()
		<-ctx.Done()
		p.Equal(span, trace.SpanFromContext(ctx))
	}},
	{name: "gives the provider that made it", check: func(p *probe) {
		_, other := p.start().TracerProvider().Tracer("other").Start(p.t.Context(), "other")
		other.End()
		p.Equal("other", p.only().Name())
	}},
}

func change(s trace.Span) {
	s.SetName("changed")
	s.SetStatus(codes.Error, "changed")
	s.SetAttributes(attribute.Int("changed", 1))
	s.AddEvent("changed")
	s.RecordError(errPlain)
	s.AddLink(trace.Link{SpanContext: foreign()})
	s.End()
}

func unchanged(p *probe, s sdktrace.ReadOnlySpan) {
	p.Equal("op", s.Name())
	p.Equal(sdktrace.Status{}, s.Status())
	p.Empty(s.Attributes())
	p.Empty(s.Events())
	p.Empty(s.Links())
	p.Zero(s.DroppedAttributes() + s.DroppedEvents() + s.DroppedLinks())
}
