package dropin

import (
	"context"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// together runs functions in goroutines of their own and waits for them.
func together(all ...func()) {
	var wait sync.WaitGroup
	for _, do := range all {
		wait.Go(do)
	}
	wait.Wait()
}

func times(n int, do func(i int)) func() {
	return func() {
		for i := range n {
			do(i)
		}
	}
}

func readAll(s trace.Span) {
	read := s.(sdktrace.ReadOnlySpan)
	_, _, _, _ = read.Name(), read.Attributes(), read.Events(), read.Links()
	_, _, _, _ = read.Status(), read.EndTime(), read.ChildSpanCount(), read.DroppedAttributes()
	_, _, _, _ = read.Parent(), read.StartTime(), read.Resource(), read.InstrumentationScope()
	_, _, _ = s.SpanContext(), s.IsRecording(), s.TracerProvider()
}

var concurrencyBehaviours = []behaviour{
	{name: "all methods of one span", check: func(p *probe) {
		ctx, span := p.tracer().Start(p.t.Context(), "op")
		together(
			times(100, func(i int) { span.SetAttributes(attribute.Int("a", i), attribute.Int(strconv.Itoa(i), i)) }),
			times(100, func(i int) { span.SetAttributes(attribute.Int("a", -i)) }),
			times(100, func(int) { span.AddEvent("e", trace.WithAttributes(attribute.Int("a", 1))) }),
			times(100, func(int) { span.RecordError(errPlain) }),
			times(100, func(int) { span.AddLink(trace.Link{SpanContext: foreign()}) }),
			times(100, func(int) { span.SetStatus(codes.Error, "why") }),
			times(100, func(i int) { span.SetName(strconv.Itoa(i)) }),
			times(100, func(int) { under(ctx, p, "child") }),
			times(100, func(int) { readAll(span) }),
		)
		span.SetName("done")
		span.End()
		done := p.named("done")
		p.Len(done.Attributes(), 101)
		p.Len(done.Events(), 128)
		p.Equal(200-128, done.DroppedEvents())
		p.Len(done.Links(), 100)
		p.Equal(100, done.ChildSpanCount())
		p.Len(p.memory.all(), 101)
	}},
	{name: "an end races everything and counts once", check: func(p *probe) {
		for range 50 {
			ctx, span := p.tracer().Start(p.t.Context(), "op")
			together(
				func() { span.End() }, func() { span.End() },
				func() { change(span) },
				func() { readAll(span) },
				func() { under(ctx, p, "child") },
			)
		}
		ends := 0
		for _, s := range p.exported() {
			if s.Name() != "child" {
				ends++
			}
		}
		p.Equal(50, ends)
		p.Len(p.memory.all(), 100)
	}},
	{name: "many goroutines, every span once", check: func(p *probe) {
		var all []func()
		for range 20 {
			all = append(all, times(50, func(int) {
				ctx, root := p.tracer().Start(context.Background(), "root")
				under(ctx, p, "child")
				root.End()
			}))
		}
		together(all...)
		seen := map[trace.SpanID]bool{}
		for _, s := range p.exported() {
			seen[s.SpanContext().SpanID()] = true
		}
		p.Len(p.memory.all(), 2000)
		p.Len(seen, 2000)
	}},
	{name: "tracers, processors, flushes and spans at once", check: func(p *probe) {
		together(
			times(50, func(i int) { p.Tracer(strconv.Itoa(i % 5)) }),
			times(50, func(int) {
				j := newJournals("a")[0]
				p.RegisterSpanProcessor(j)
				p.UnregisterSpanProcessor(j)
			}),
			times(50, func(int) { _ = p.ForceFlush(context.Background()) }),
			times(50, func(int) { p.start().End() }),
		)
		p.Len(p.exported(), 50)
	}},
	{name: "a shutdown races spans and tracers", check: func(p *probe) {
		together(
			times(50, func(int) { p.start().End() }),
			times(50, func(i int) { under(context.Background(), p, strconv.Itoa(i)) }),
			func() { _ = p.Shutdown(context.Background()) },
			func() { _ = p.Shutdown(context.Background()) },
			times(5, func(int) { _ = p.ForceFlush(context.Background()) }),
		)
		p.Equal(1, p.memory.stops())
	}},
}
