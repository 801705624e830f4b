package dropin

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

var processorBehaviours = []behaviour{
	{name: "told in the order they were given", check: func(p *probe) {
		j := newJournals("a", "b")
		tp := p.open(setup{processors: processors(j)})
		ctx, root := tp.Tracer("").Start(p.t.Context(), "root")
		_, child := tp.Tracer("").Start(ctx, "child")
		child.End()
		root.End()
		p.Equal([]string{
			"a start root", "b start root", "a start child", "b start child",
			"a end child", "b end child", "a end root", "b end root",
		}, j[0].read())
	}},
	{name: "told at the end once, synchronously", check: func(p *probe) {
		j := newJournals("a")
		p.RegisterSpanProcessor(j[0])
		span := p.start()
		span.End()
		span.End()
		p.Equal([]string{"a start op", "a end op"}, j[0].read())
	}},
	{name: "flushed and shut down in order", check: func(p *probe) {
		j := newJournals("a", "b")
		tp := p.open(setup{processors: processors(j)})
		p.NoError(tp.ForceFlush(p.t.Context()))
		p.NoError(tp.Shutdown(p.t.Context()))
		p.Equal([]string{"a flush", "b flush", "a shutdown", "b shutdown"}, j[0].read())
	}},
	{name: "registered later, told from then on", check: func(p *probe) {
		j := newJournals("late")
		first := p.start()
		p.RegisterSpanProcessor(j[0])
		first.End()
		p.start().End()
		p.Equal([]string{"late end op", "late start op", "late end op"}, j[0].read())
	}},
	{name: "unregistered, shut down and told no more", check: func(p *probe) {
		j := newJournals("a", "b")
		tp := p.open(setup{processors: processors(j)})
		_, span := tp.Tracer("").Start(p.t.Context(), "op")
		tp.UnregisterSpanProcessor(j[0])
		tp.UnregisterSpanProcessor(j[0])
		span.End()
		p.Equal([]string{"a start op", "b start op", "a shutdown", "b end op"}, j[0].read())
	}},
	{name: "unregistering a stranger changes nothing", check: func(p *probe) {
		j := newJournals("a", "stranger")
		p.RegisterSpanProcessor(j[0])
		p.UnregisterSpanProcessor(j[1])
		p.start().End()
		p.Equal([]string{"a start op", "a end op"}, j[0].read())
	}},
	{name: "an unregistered one's error is handled", check: func(p *probe) {
		j := newJournals("a")[0]
		j.stop = func(context.Context) error { return errPlain }
		p.RegisterSpanProcessor(j)
		p.UnregisterSpanProcessor(j)
		p.Equal([]error{errPlain}, p.handled())
	}},
	{name: "may change a span that starts", check: func(p *probe) {
		j := newJournals("a")[0]
		j.onStart = func(_ context.Context, s sdktrace.ReadWriteSpan) {
			s.SetName("renamed")
			s.SetAttributes(attribute.Int("added", 1))
			s.AddEvent("seen")
			s.SetStatus(codes.Error, "set")
			s.AddLink(trace.Link{SpanContext: foreign()})
		}
		p.RegisterSpanProcessor(j)
		span := p.of(func(trace.Span) {}, trace.WithAttributes(attribute.Int("a", 1)))
		p.Equal("renamed", span.Name())
		p.Equal([]attribute.KeyValue{attribute.Int("a", 1), attribute.Int("added", 1)}, span.Attributes())
		p.Equal("seen", span.Events()[0].Name)
		p.Equal("set", span.Status().Description)
		p.Len(span.Links(), 1)
		p.Equal("a end renamed", j.read()[1])
	}},
	{name: "given the parent's context", check: func(p *probe) {
		type key struct{}
		var parent trace.SpanContext
		var value any
		j := newJournals("a")[0]
		j.onStart = func(ctx context.Context, _ sdktrace.ReadWriteSpan) {
			parent, value = trace.SpanContextFromContext(ctx), ctx.Value(key{})
		}
		p.RegisterSpanProcessor(j)
		ctx, root := p.tracer().Start(context.WithValue(p.t.Context(), key{}, "v"), "root")
		under(ctx, p, "child")
		p.Equal(root.SpanContext(), parent)
		p.Equal("v", value)
		root.End()
	}},
	{name: "not told of spans that do not record", setup: setup{off: true}, check: func(p *probe) {
		j := newJournals("a")[0]
		p.RegisterSpanProcessor(j)
		span := p.start()
		recording := span.IsRecording()
		span.End()
		p.Equal(recording, len(j.read()) == 2)
		p.Equal(!recording, len(j.read()) == 0)
	}},
	{name: "see at the end what was exported", check: func(p *probe) {
		var seen sdktrace.ReadOnlySpan
		j := newJournals("a")[0]
		j.onEnd = func(s sdktrace.ReadOnlySpan) { seen = s }
		p.RegisterSpanProcessor(j)
		exported := p.of(func(s trace.Span) { s.AddEvent("e") }, trace.WithAttributes(attribute.Int("a", 1)))
		p.Equal(exported.SpanContext().SpanID(), seen.SpanContext().SpanID())
		p.Equal(exported.Attributes(), seen.Attributes())
		p.Equal(exported.Events(), seen.Events())
		p.Equal(exported.EndTime(), seen.EndTime())
		p.True(seen.SpanContext().IsSampled())
	}},
	{name: "a stock batch processor plugs in", check: func(p *probe) {
		m := &memory{}
		tp := p.open(setup{processors: []sdktrace.SpanProcessor{sdktrace.NewBatchSpanProcessor(m)}})
		_, span := tp.Tracer("").Start(p.t.Context(), "op")
		span.End()
		p.NoError(tp.ForceFlush(p.t.Context()))
		p.Len(m.all(), 1)
		p.NoError(tp.Shutdown(p.t.Context()))
		p.Equal(1, m.stops())
	}},
	{name: "one that starts a span in OnEnd", check: func(p *probe) {
		j := newJournals("a")[0]
		j.onEnd = func(s sdktrace.ReadOnlySpan) {
			if s.Name() == "op" {
				under(context.Background(), p, "audit")
			}
		}
		p.RegisterSpanProcessor(j)
		p.start().End()
		p.named("audit")
		p.named("op")
	}},
	{name: "all errors of a flush are joined", check: func(p *probe) {
		j := newJournals("a", "b")
		other := errors.New("other")
		j[0].flush = func(context.Context) error { return errPlain }
		j[1].flush = func(context.Context) error { return other }
		err := p.open(setup{processors: processors(j)}).ForceFlush(p.t.Context())
		p.ErrorIs(err, errPlain)
		p.ErrorIs(err, other)
	}},
}
