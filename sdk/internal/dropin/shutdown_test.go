package dropin

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func cancelled(p *probe) context.Context {
	ctx, cancel := context.WithCancel(p.t.Context())
	cancel()
	return ctx
}

var shutdownBehaviours = []behaviour{
	{name: "a flush without processors is none", setup: setup{withoutCapture: true}, check: func(p *probe) {
		p.NoError(p.ForceFlush(p.t.Context()))
		p.NoError(p.Shutdown(p.t.Context()))
	}},
	{name: "exports what has ended", check: func(p *probe) {
		p.start().End()
		p.NoError(p.Shutdown(p.t.Context()))
		p.Len(p.memory.all(), 1)
		p.Equal(1, p.memory.stops())
	}},
	{name: "twice is once", check: func(p *probe) {
		p.NoError(p.Shutdown(p.t.Context()))
		p.NoError(p.Shutdown(p.t.Context()))
		p.Equal(1, p.memory.stops())
	}},
	{name: "gives a processor's error the first time only", check: func(p *probe) {
		j := newJournals("a")[0]
		j.stop = func(context.Context) error { return errPlain }
		p.RegisterSpanProcessor(j)
		p.ErrorIs(p.Shutdown(p.t.Context()), errPlain)
		p.NoError(p.Shutdown(p.t.Context()))
	}},
	{name: "all processors are shut down though one fails", check: func(p *probe) {
		j := newJournals("a", "b")
		other := errors.New("other")
		j[0].stop = func(context.Context) error { return errPlain }
		j[1].stop = func(context.Context) error { return other }
		err := p.open(setup{processors: processors(j)}).Shutdown(p.t.Context())
		p.ErrorIs(err, errPlain)
		p.ErrorIs(err, other)
	}},
	{name: "gives the exporter's error", check: func(p *probe) {
		tp := p.open(setup{exporters: exporters(&memory{shutdownErr: errPlain})})
		p.ErrorIs(tp.Shutdown(p.t.Context()), errPlain)
	}},
	{name: "a new tracer's spans record nothing", check: func(p *probe) {
		p.NoError(p.Shutdown(p.t.Context()))
		span := p.start()
		p.False(span.IsRecording())
		p.False(span.SpanContext().IsValid())
		span.SetAttributes(attribute.Int("a", 1))
		span.End()
		p.Empty(p.memory.all())
	}},
	{name: "a tracer from before goes on, to nowhere", check: func(p *probe) {
		tracer := p.tracer()
		p.NoError(p.Shutdown(p.t.Context()))
		_, span := tracer.Start(p.t.Context(), "op")
		span.SetAttributes(attribute.Int("a", 1))
		span.End()
		p.False(span.IsRecording())
		p.Empty(p.memory.all())
	}},
	{name: "a span that ends after it is not exported", check: func(p *probe) {
		span := p.start()
		p.NoError(p.Shutdown(p.t.Context()))
		span.End()
		p.False(span.IsRecording())
		p.Empty(p.memory.all())
	}},
	{name: "a flush after it is none", check: func(p *probe) {
		j := newJournals("a")[0]
		p.RegisterSpanProcessor(j)
		p.NoError(p.Shutdown(p.t.Context()))
		p.NoError(p.ForceFlush(p.t.Context()))
		p.Equal([]string{"a shutdown"}, j.read())
	}},
	{name: "a processor registered after it is ignored", check: func(p *probe) {
		tracer := p.tracer()
		p.NoError(p.Shutdown(p.t.Context()))
		j := newJournals("a")[0]
		p.RegisterSpanProcessor(j)
		_, span := tracer.Start(p.t.Context(), "op")
		span.End()
		p.UnregisterSpanProcessor(j)
		p.Empty(j.read())
	}},
	{name: "called by a processor that is shut down", check: func(p *probe) {
		j := newJournals("a")[0]
		j.stop = func(ctx context.Context) error {
			p.Tracer("from within")
			return p.Shutdown(ctx)
		}
		p.RegisterSpanProcessor(j)
		p.NoError(p.Shutdown(p.t.Context()))
	}},
	{name: "a flush with a context that is done says so", check: func(p *probe) {
		p.ErrorIs(p.ForceFlush(cancelled(p)), context.Canceled)
	}},
	{name: "with a context that is done says so", check: func(p *probe) {
		p.ErrorIs(p.Shutdown(cancelled(p)), context.Canceled)
	}},
	{name: "a processor gets the caller's context", check: func(p *probe) {
		type key struct{}
		var flushed, stopped any
		j := newJournals("a")[0]
		j.flush = func(ctx context.Context) error { flushed = ctx.Value(key{}); return nil }
		j.stop = func(ctx context.Context) error { stopped = ctx.Value(key{}); return nil }
		p.RegisterSpanProcessor(j)
		ctx := context.WithValue(p.t.Context(), key{}, "v")
		p.NoError(p.ForceFlush(ctx))
		p.NoError(p.Shutdown(ctx))
		p.Equal("v", flushed)
		p.Equal("v", stopped)
	}},
	{name: "a slow exporter holds it no longer than the context", check: func(p *probe) {
		release := make(chan struct{})
		defer close(release)
		tp := p.open(setup{exporters: exporters(&stuck{release: release})})
		ctx, cancel := context.WithCancel(p.t.Context())
		p.t.Cleanup(cancel)
		done := make(chan error, 1)
		go func() { done <- tp.Shutdown(ctx) }()
		cancel()
		p.ErrorIs(<-done, context.Canceled)
	}},
	{name: "an exporter's error is handled, not lost", check: func(p *probe) {
		tp := p.open(setup{exporters: exporters(&memory{err: errPlain})})
		_, span := tp.Tracer("").Start(p.t.Context(), "op")
		span.End()
		err := tp.ForceFlush(p.t.Context())
		p.ErrorIs(errors.Join(append(p.handled(), err)...), errPlain)
	}},
	{name: "an exporter that fails is asked again for the next span", check: func(p *probe) {
		m := &memory{err: errPlain}
		tp := p.open(setup{exporters: exporters(m)})
		for range 2 {
			_, span := tp.Tracer("").Start(p.t.Context(), "op")
			span.End()
			_ = tp.ForceFlush(p.t.Context())
		}
		p.Len(m.all(), 2)
	}},
	{name: "a second exporter gets all that the first gets", check: func(p *probe) {
		second := &memory{}
		tp := p.open(setup{exporters: exporters(&memory{err: errPlain}, second)})
		_, span := tp.Tracer("").Start(p.t.Context(), "op")
		span.End()
		_ = tp.ForceFlush(p.t.Context())
		p.Len(second.all(), 1)
	}},
}

// stuck is an exporter whose shutdown hangs until it is released.
type stuck struct{ release chan struct{} }

func (*stuck) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }

func (s *stuck) Shutdown(context.Context) error { <-s.release; return nil }
